// An alert of the audit and its life: opened for a window, acknowledged, closed. No I/O.
// Meaning: docs/audit.md, "Alerts". Every change is an action.
#pragma once

#include <tallyfs/audit/windows.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyfs::audit {

enum class alert_state : std::uint8_t { open, acknowledged, closed };
[[nodiscard]] std::string_view to_string(alert_state value) noexcept;

/// When people are told of a rule's alerts at once; the others are in the digest.
enum class paging : std::uint8_t { window, session, digest };
[[nodiscard]] std::string_view to_string(paging value) noexcept;
[[nodiscard]] bool parse_paging(std::string_view text, paging& into) noexcept;
/// blind, forged, lines_missing, audit_settings, bulk_delete, denied and role_change: window;
/// person_dml, outside_hours, ddl, unknown_account: session.
[[nodiscard]] paging default_paging(rule value) noexcept;

struct alert {
    std::uint32_t number = 0;  ///< from 1
    audit::tally tally;        ///< of all that was counted for it
    alert_state state = alert_state::open;
    bool expected = false;  ///< all of its events were announced
    bool paged = false;     ///< people were told at once
    wall_time opened{};
    std::string by;      ///< who acknowledged or closed it last
    std::string reason;  ///< why it was closed; "" while it is not
    wall_time changed{};

    bool operator==(const alert&) const = default;
};
/// "7-person-dml": its directory in audit/alerts/open/.
[[nodiscard]] std::string directory_name(const alert& of);
/// alert.json. Names and texts of a server are as the tally has them: short and readable.
[[nodiscard]] std::string to_json(const alert& of);

/// What an action of an alert says: `alert.opened`, `alert.counted`, `alert.acknowledged`,
/// `alert.closed`; its subject is the number.
struct alert_change {
    std::string event;
    std::uint32_t number = 0;
    /// JSON, shorter than record::action_detail_bytes_max. Of all: id, title, rule, cluster, user,
    /// window. Of the first two also events, statements, rows, expected, text as the alert has them
    /// then, pages, paging, reopens, and `counted`: the tally, from which the book is made again.
    /// Of the last `reason`.
    std::string detail;
    bool pages = false;  ///< people are told at once
};

/// All alerts. Not thread-safe: its owner locks. Closed ones are kept, the newest 1,000 whole, of
/// 50,000 older ones only that they were: a late event of one opens it again, with its own counts.
///
/// How tallies become an alert: a tally holds all events of its identity from its first number to
/// its last. What an alert counted from that first number on is therefore in it, and is replaced;
/// what it counted before is added. One that ends at or before what the alert has counted is known,
/// so windows that are added again after a restart count nothing twice. Where a tally begins within
/// what was counted before (its window was not added again from its beginning), the larger of both
/// counts holds: it may be too small then, and never too large. Rows are the most of both;
/// sessions, objects and tickets those of both, as many as a tally has.
///
/// Who is told: with paging::window once of each window; with paging::session once of each session
/// of a rule, cluster and user (the last 10,000 sessions are remembered), and of each window whose
/// sessions are not known; with paging::digest never. As long as all events were announced nobody
/// is; the first that was not counts as the first. A closed alert that is opened again by what was
/// not announced is told again, but for paging::digest.
class alert_book {
  public:
    /// What would be recorded for a tally, given what pages; nullopt where nothing is new (that its
    /// window is over is nothing new). Nothing has changed yet: apply() does, once it is recorded.
    /// A window that has an alert never gets a second one; a closed alert whose window counts on
    /// is counted on, and opened again: `alert.counted` with `reopens`. An acknowledged one stays
    /// so. Tallies without numbers (of `blind`) are new while their events grow.
    [[nodiscard]] std::optional<alert_change> judge(const tally& counted, paging pages) const;
    /// A person's word: "ack", "close: reason". The problem is a sentence for the person.
    struct answer {
        std::optional<alert_change> change;
        std::string problem;
    };
    [[nodiscard]] answer decide(std::uint32_t number, std::string_view text) const;

    /// A change that was recorded: of now or, at start, of the past, with its time and who did it.
    /// False where it makes no sense: it is passed over. Any bytes.
    bool apply(std::string_view event, std::string_view subject, std::string_view detail,
               wall_time time, std::string_view by);

    [[nodiscard]] const alert* find(std::uint32_t number) const;
    [[nodiscard]] std::vector<const alert*> open() const;    ///< and acknowledged; by number
    [[nodiscard]] std::vector<const alert*> closed() const;  ///< the newest 1,000, by number
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

  private:
    /// Counts of events that follow each other without a gap.
    struct part {
        std::uint64_t first_number = 0;
        std::uint64_t last_number = 0;
        std::int64_t events = 0;
        std::int64_t statements = 0;
        std::int64_t expected = 0;
        std::int64_t believable = 0;
        std::uint64_t reopened = 0;
    };
    struct kept {
        audit::alert alert;
        std::vector<part> parts;  ///< by number; at most 16
    };
    struct known {
        std::uint32_t number = 0;
        std::uint64_t last_number = 0;
        std::int64_t events = 0;
    };
    [[nodiscard]] static bool is_new(const known& before, const tally& counted) noexcept;
    [[nodiscard]] static part part_of(const tally& counted) noexcept;
    static void merge(kept& into, const tally& counted);
    [[nodiscard]] bool has_new_session(const tally& counted) const;
    [[nodiscard]] bool would_page(const kept* before, const kept& after, paging pages) const;
    void remember_sessions(const tally& counted);
    void forget_closed();
    bool apply_count(std::uint32_t number, std::string_view event, std::string_view detail,
                     wall_time time);
    bool apply_word(std::uint32_t number, std::string_view event, std::string_view detail,
                    wall_time time, std::string_view by);

    std::map<std::uint32_t, kept> alerts_;
    std::map<alert_id, known> by_id_;
    std::set<std::pair<wall_time, std::uint32_t>> closed_;  ///< by when they were closed
    std::deque<alert_id> forgotten_;                        ///< of by_id_, those without an alert
    std::set<std::string> sessions_;                        ///< that people were told of
    std::deque<std::string> sessions_in_order_;
    std::uint32_t last_number_ = 0;
    std::uint64_t changes_ = 0;
};

}  // namespace tallyfs::audit
