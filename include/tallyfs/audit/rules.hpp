// The rules of the audit: what one event breaks by itself.
// Table for people: docs/audit.md, "Rules".
#pragma once

#include <tallyfs/audit/accounts.hpp>
#include <tallyfs/base/named_zone.hpp>
#include <tallyfs/record/audit_event.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit {

enum class rule : std::uint8_t {
    person_dml,       ///< a person's statement of class WRITE, other than in temporary tables
    bulk_delete,      ///< rows at or above the threshold; TRUNCATE and COPY by a person
    outside_hours,    ///< a person's statement outside business hours
    ddl,              ///< class DDL; an approved migration is expected work
    role_change,      ///< class ROLE
    audit_settings,   ///< a change of what is logged
    denied,           ///< SQLSTATE 42501 or class 28; an alert from the burst's number on
    forged,           ///< a record that no server wrote
    lines_missing,    ///< a gap in a session's lines, or a record not understood
    unknown_account,  ///< a user in neither list, once a window
    blind,            ///< the audit itself does not work; no event breaks it
};
inline constexpr std::size_t rule_count = 11;
/// "person-dml", "bulk-delete", "outside-hours", "ddl", "role-change", "audit-settings", "denied",
/// "forged", "lines-missing", "unknown-account", "blind": in names of directories and settings.
[[nodiscard]] std::string_view to_string(rule value) noexcept;
[[nodiscard]] bool parse_rule(std::string_view text, rule& into) noexcept;
/// One sentence for people: "A person changed data by hand".
[[nodiscard]] std::string_view title_of(rule value) noexcept;
[[nodiscard]] const std::array<rule, rule_count>& all_rules() noexcept;

/// "Mon-Fri 08:00-18:00 Europe/Berlin"; also "Mon-Fri 08:00-18:00, Sat 09:00-12:00 Europe/Berlin"
/// and "always", with which nothing is outside. A span over midnight ("22:00-06:00") belongs to the
/// day on which it begins. Immutable once made; any thread.
class business_hours {
  public:
    business_hours() = default;  ///< always
    struct parsed;
    /// Reads the zone's file of tzdata.
    [[nodiscard]] static parsed parse(std::string_view text);
    [[nodiscard]] bool contains(wall_time at) const;
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    struct span {
        std::uint8_t days = 0;   ///< bit 0 is Monday
        std::uint16_t from = 0;  ///< minutes since midnight
        std::uint16_t until = 0;
    };
    std::vector<span> spans_;
    std::shared_ptr<const named_zone> zone_;  ///< null: always
    std::string text_ = "always";
};
struct business_hours::parsed {
    business_hours hours;
    std::string problem;  ///< "" or why the text is none
};

struct rule_settings {
    business_hours hours;
    std::int64_t bulk_rows = 100;
    std::int64_t denied_burst = 5;  ///< in one window, by one user
};

/// Fills in account and rules of `event`, in the order of the enumeration. Service accounts are
/// exempt from person_dml, bulk_delete and outside_hours, and from no other rule. A user in neither
/// list counts as a person, and so does none at all (whose account is ""). Goes by the event alone:
/// whether it was announced is find_expected()'s, which needs the rules first. Any thread.
void judge(record::audit_event& event, const accounts& who, const rule_settings& settings);

}  // namespace tallyfs::audit
