// The parts of the audit of the audit: each looks at one side of what was seen.
// Table for people: docs/audit.md, "Blindness".
#pragma once

#include <tallyfs/audit/self_test.hpp>

#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace tallyfs::audit {

/// In which a canary has to turn up, and a log that is expected to grow has to.
inline constexpr std::chrono::minutes self_test_window{5};
/// How much later than a canary a log that is read at once has to be for its line to be missing.
inline constexpr std::chrono::minutes canary_lateness{1};
/// Of one kind; a server with more of them has them all for one reason.
inline constexpr std::size_t session_findings_max = 20;

/// What the checks have found so far.
class findings {
  public:
    explicit findings(self_test_report& report) : report_(report) {}
    void add(std::string check, verdict how_bad, std::string what, std::string advice = "") {
        report_.findings.push_back({std::move(check), how_bad, std::move(what), std::move(advice)});
    }
    void pass(std::string what) { report_.passed.push_back(std::move(what)); }

  private:
    self_test_report& report_;
};

/// Preloading, extensions, what settings leave unlogged of each person, who can change them.
void check_settings(const server_facts& server, findings& into);
/// Sessions with settings of before, and those that have worked and left no line.
void check_sessions(const self_test_input& seen, findings& into);
/// Whether canaries turn up.
void check_canaries(const self_test_input& seen, findings& into);
/// Whether the log can be read, grows, is whole, and can be believed.
void check_log(const self_test_input& seen, findings& into);

/// "jd", "jd and km", "jd, km, lo and 7 more".
[[nodiscard]] std::string names_text(std::span<const std::string> names);

}  // namespace tallyfs::audit
