// Events counted by rule, cluster and user in windows of five minutes of the server's time.
// Meaning: docs/audit.md, "Alerts".
#pragma once

#include <tallyfs/audit/rules.hpp>
#include <tallyfs/base/clock.hpp>
#include <tallyfs/record/audit_event.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tallyfs::audit {

inline constexpr std::chrono::minutes window_length{5};
/// How far the newest entry has to be past a window before it is over; later ones reopen it.
inline constexpr std::chrono::minutes window_lateness{1};

[[nodiscard]] wall_time window_of(wall_time logged) noexcept;

/// What an alert is about: the same one, the same alert.
struct alert_id {
    audit::rule rule = audit::rule::person_dml;
    std::string cluster;
    std::string user;    ///< "" of what is about no user
    wall_time window{};  ///< its beginning
    auto operator<=>(const alert_id&) const = default;
    /// "person-dml|prod/orders-cl|jd|2026-11-20T13:25:00Z"; "|" in a name is "%7C".
    [[nodiscard]] std::string to_string() const;
};

/// Whether an event that breaks the rule is one of those which such an alert counts; of the user
/// "(other)" also those which alerts of their own count.
[[nodiscard]] bool is_of(const record::audit_event& event, const alert_id& id);

/// What was counted for one identity so far.
struct tally {
    alert_id id;
    std::int64_t events = 0;
    std::int64_t statements = 0;     ///< pgAudit gives several events of one
    std::int64_t rows = 0;           ///< the most of one statement
    std::int64_t expected = 0;       ///< of the events, those that were announced
    std::int64_t believable = 0;     ///< of the events, those of trust other than `text`
    std::uint64_t first_number = 0;  ///< of lines in the audit stream
    std::uint64_t last_number = 0;
    wall_time first_logged{};
    wall_time last_logged{};
    std::set<std::string> sessions;  ///< the first 100
    std::set<std::string> objects;   ///< the first 20
    std::set<std::string> tickets;   ///< the first 20, of what was announced
    std::string text;                ///< of the first: "DELETE public.orders"; masked
    bool over = false;               ///< its window has passed
    std::uint64_t reopened = 0;      ///< how often late events came after that

    bool operator==(const tally&) const = default;
};

/// Of one cluster. Not thread-safe. Its memory is bounded by the users of two windows: of more
/// than 10,000 identities at a time, users become "(other)"; of users in neither list whose name a
/// client without a log-in may have made up (failed log-ins, trust `text`), of more than 100 a
/// rule. Names that cannot be read are percent-encoded; of a forged entry the user is "".
class windows {
  public:
    explicit windows(std::string cluster);

    /// An event that was appended: with its number, account, rules and `expected`. Rules that are
    /// not known are passed over.
    void add(const record::audit_event& event, const rule_settings& settings);
    /// What the server's log has certainly got past: windows that end `window_lateness` before it
    /// are over. A late event makes a tally anew, with `reopened` 1 and its own counts only. What
    /// is before an earlier call's has no effect. Only believable times should come here: a forged
    /// one in the future ends windows early, which costs a reopening for each event, but no alert.
    void pass(wall_time newest);
    /// Identities whose count an alert is due for (of `denied` from the burst on) and that have
    /// changed since the last call, and those that are over since: oldest window first. Those that
    /// are over are forgotten with it; a burst that was not complete waits for late events (1,000).
    [[nodiscard]] std::vector<tally> take_changed();
    /// The beginning of the oldest window that is not over: after a restart, events from there on
    /// have to be added again. The maximum if there is none.
    [[nodiscard]] wall_time oldest() const noexcept;

  private:
    struct counting {
        audit::tally tally;
        std::set<std::string> statement_ids;  ///< the first 10,000, of all together 100,000
        std::string last_statement;
        bool changed = false;
        bool due = false;
        bool doubtful = false;  ///< counts in doubtful_
    };
    using place = std::map<alert_id, counting>::iterator;

    void count(rule of, const record::audit_event& event, const rule_settings& settings);
    void count_statement(counting& in, const record::audit_event& event);
    [[nodiscard]] place place_for(rule of, const record::audit_event& event);
    [[nodiscard]] bool is_over(wall_time window) const noexcept;
    void finish_burst(const alert_id& id);
    void drop_waiting(std::vector<wall_time> waiting);
    place forget(place at);

    std::string cluster_;
    std::map<alert_id, counting> counting_;
    std::map<rule, std::size_t> doubtful_;
    std::deque<alert_id> finished_bursts_;  ///< whose alert was due: the newest 1,000
    std::size_t statements_kept_ = 0;
    wall_time passed_ = wall_time::min();
};

}  // namespace tallyfs::audit
