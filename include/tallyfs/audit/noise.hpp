// What is not worth keeping: judged by parsed fields, never by what a text contains.
// Format of a person's rule: docs/audit.md, "Noise".
#pragma once

#include <tallyfs/record/audit_event.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit {

/// A rule that a person has added: every field that is given has to match.
struct noise_rule {
    std::string name;
    // Names or patterns with `*`; "" is anything. Of `class`: READ, MISC or FUNCTION only.
    std::string user;
    std::string database;
    std::string application;
    std::string class_name;
    std::string command;
    std::string object;
    std::string statement;  ///< exactly this one, as it is masked; no pattern
};

struct parsed_noise_rule {
    noise_rule rule;
    std::string problem;  ///< "" or why the text is none
};
/// "user=grafana class=READ object=metrics.*": words, or one a line; # begins a comment.
[[nodiscard]] parsed_noise_rule parse_noise_rule(std::string name, std::string_view text);
/// The rule as it is stored: parse_noise_rule() understands it.
[[nodiscard]] std::string to_text(const noise_rule& rule);

/// Immutable once made. Any thread.
class noise {
  public:
    explicit noise(std::vector<noise_rule> more = {});

    /// Why the event is dropped: "catalog", "session", "health check", or the name of a person's
    /// rule; "" for one that is kept. WRITE, DDL, ROLE, errors, changes of audit settings and
    /// whatever is no statement are always kept, as is an event that breaks a rule other than
    /// "outside-hours".
    [[nodiscard]] std::string_view reason_of(const record::audit_event& event) const;

  private:
    std::vector<noise_rule> more_;
};

}  // namespace tallyfs::audit
