// The life of findings and of connections over many looks: what is new, worse, better or over.
// Pure. Rules: docs/databases.md, "Findings"; each change is an event (docs/formats.md).
#pragma once

#include <tallyfs/health/finding.hpp>
#include <tallyfs/health/watched.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyfs::health {

/// A light look comes every 10 seconds: what shows only once is not worth an alarm, and what is
/// away for one look is not over.
inline constexpr unsigned looks_to_open = 2;
inline constexpr unsigned looks_to_close = 3;
/// Findings of one look that are kept, the worst: a server has more only if all of it is wrong.
inline constexpr std::size_t findings_of_look_max = 500;
/// So often a finding that still stands is told again in the stream, so that reading a month of it
/// tells all that stands.
inline constexpr std::chrono::hours tell_again_after{24 * 7};

/// Critical ones first; within a severity the oldest, then by key.
[[nodiscard]] bool is_worse(const finding& a, const finding& b);

enum class finding_event : std::uint8_t { opened, worsened, eased, closed, stands };
[[nodiscard]] std::string_view to_string(finding_event value) noexcept;  ///< "finding.opened", …

struct finding_change {
    finding_event event{};
    health::finding finding;   ///< as it stands now; what is closed as it was last seen
    severity severity_before;  ///< the same as now, unless that changed
    std::string snapshot_of;   ///< the database whose full snapshot shows it; "": light looks do
};

/// The findings of one server and its databases. One thread at a time.
class standing_findings {
  public:
    /// What one look showed: a light one (`snapshot_of` is ""), or the full snapshot of a database.
    /// Findings of the other looks stay as they are. A finding of a light look opens when it is
    /// critical or seen in looks_to_open of them in a row, is worse in the same way, and is better
    /// or over after looks_to_close; a full snapshot comes so seldom that it is believed at once.
    /// `whole` is false where looks before this one are missing that rules compare with: then
    /// nothing is over because it is not seen.
    [[nodiscard]] std::vector<finding_change> take(std::string_view snapshot_of,
                                                   std::vector<finding> seen, wall_time now,
                                                   bool whole = true);
    /// What an earlier run of the program had open.
    void restore(finding open, std::string snapshot_of, wall_time told);
    /// Nobody takes snapshots of this database any more: what they showed is closed.
    [[nodiscard]] std::vector<finding_change> forget(std::string_view database);
    /// Nobody looks at the server any more.
    [[nodiscard]] std::vector<finding_change> forget_all();

    /// The open ones, the worst first.
    [[nodiscard]] std::vector<finding> all() const;
    /// The databases of which full snapshots show some of these.
    [[nodiscard]] std::set<std::string> databases() const;

  private:
    struct entry {
        health::finding finding;  ///< as last seen, but for its severity, which is the one told
        unsigned seen = 0;        ///< looks in a row
        unsigned unseen = 0;
        unsigned worse = 0;  ///< looks in a row that showed another severity than the one told
        unsigned better = 0;
        bool open = false;
        wall_time told{};
    };
    struct looks {
        unsigned to_open;
        unsigned to_close;
    };
    using entry_key = std::pair<std::string, std::string>;  ///< snapshot_of, finding::key()
    using entries = std::map<entry_key, entry, std::less<>>;

    /// What changed by seeing it again, or for the first time.
    static std::optional<finding_event> note(entry& one, finding found, wall_time now,
                                             const looks& patience);
    std::vector<finding_change> close_where(
        const std::function<bool(const entry_key&, const entry&)>& over);

    entries entries_;
};

/// Whether something answers, and from when on that is told. One thread at a time.
class reach_log {
  public:
    /// Failures in a row before it is told: a server that is restarted is not.
    static constexpr unsigned failures_to_tell = 3;

    [[nodiscard]] const reachability& now() const noexcept { return now_; }
    /// True when this is to be told.
    [[nodiscard]] bool failed(std::string problem, wall_time at);
    /// True when it had been told that it fails.
    [[nodiscard]] bool answered(wall_time at);
    /// What an earlier run of the program had told.
    void restore(std::string problem, wall_time since);

  private:
    reachability now_;
    unsigned failures_ = 0;
    bool told_ = false;
};

}  // namespace tallyfs::health
