// The detail of an alert's actions, written and read.
// Format: docs/audit.md, "Alerts".
#pragma once

#include <tallyfs/audit/alert.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::audit {

/// What `alert.opened` and `alert.counted` say beside the alert as it is then.
struct recorded_count {
    tally counted;
    audit::paging paging = audit::paging::window;
    bool pages = false;
    bool reopens = false;
};

[[nodiscard]] std::string count_detail(const alert& after, const recorded_count& of);
/// nullopt for what count_detail() did not write, or that no book would have recorded. Any bytes.
[[nodiscard]] std::optional<recorded_count> parse_count_detail(std::string_view json);

/// Of `alert.acknowledged` ("" as reason) and `alert.closed`.
[[nodiscard]] std::string word_detail(const alert& of, std::string_view reason);
/// The reason in it; nullopt where none is.
[[nodiscard]] std::optional<std::string> parse_reason(std::string_view json);
/// "" or what is wrong with it as a reason.
[[nodiscard]] std::string problem_of_reason(std::string_view reason);

}  // namespace tallyfs::audit
