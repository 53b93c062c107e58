// What is kept of watched databases: a few small files a day and database, and nothing a snapshot.
// Format: docs/formats.md, "Health history".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/day.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/health/activity.hpp>
#include <tallyfs/health/diagnosis.hpp>
#include <tallyfs/health/registration.hpp>
#include <tallyfs/health/sample.hpp>
#include <tallyfs/health/snapshot.hpp>
#include <tallyfs/state/settings.hpp>
#include <tallyfs/tree/node.hpp>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tallyfs::postgres {

class history_place;

/// Any thread, but what is added to one database comes from one thread at a time. A file that
/// cannot be written is said in problem(); its lines are lost, and nothing else fails.
class history {
  public:
    /// Files are in <directory>/<environment>/<cluster>/<database>/. The clock outlives it.
    history(std::filesystem::path directory, const clock_source& clock);
    /// Writes what minutes are begun.
    ~history();
    history(const history&) = delete;
    history& operator=(const history&) = delete;

    /// After each light look, for the databases of the server that are watched. `waits` are those
    /// since the look before.
    void add(const health::cluster_id& server, std::span<const std::string> databases,
             const health::sample& sample, const health::wait_profile& waits);
    /// After each full snapshot. `before` is the one before it, nullptr if there is none since the
    /// start.
    void add(const health::registration& database, const health::snapshot& snapshot,
             const health::snapshot* before);

    /// The last whole minute that was looked at, or the first one, which is not over; nullopt
    /// before the first look.
    [[nodiscard]] std::optional<health::activity> recent(const health::cluster_id& server,
                                                         const std::string& database);
    /// What is kept of the minute that holds `time`, or else of the nearest one at most
    /// near_minutes away: figures->minute tells which.
    [[nodiscard]] health::past_minute read_minute(const health::cluster_id& server,
                                                  const std::string& database, wall_time time);
    static constexpr std::chrono::minutes near_minutes{5};

    /// `history/` of a database. On the view thread.
    [[nodiscard]] std::shared_ptr<const tree::directory> directory(const health::cluster_id& server,
                                                                   const std::string& database);

    /// Deletes the files of all days before `first_kept`. False if something could not be deleted:
    /// problem() says what.
    bool forget_before(day first_kept);
    /// `retention_health_days`, for the thread that changes settings.
    [[nodiscard]] std::vector<state::setting_definition> definitions();
    /// forget_before() as the setting says. To be called once a minute.
    void sweep();

    /// "" or what could not be written or deleted, and why.
    [[nodiscard]] std::string problem() const;

  private:
    using place_key = std::pair<health::cluster_id, std::string>;
    [[nodiscard]] std::shared_ptr<history_place> place_of(const health::cluster_id& server,
                                                          const std::string& database);
    void write_minutes(history_place& at, std::span<const health::activity> minutes);
    void note(const std::filesystem::path& where, const error_code& failure);

    const std::filesystem::path directory_;
    const clock_source& clock_;
    std::atomic<int> days_kept_{0};
    std::atomic<int> forgotten_before_{0};  ///< day::number(): nothing older is there

    mutable std::mutex mutex_;
    std::map<place_key, std::shared_ptr<history_place>> places_;  ///< guarded, as what follows
    std::map<std::filesystem::path, std::string> problems_;       ///< by what could not be written
};

/// "2026-11-20T13:28", with seconds if you like, in the zone of the process, or with Z or an
/// offset: the minute that it is in. nullopt for what is no time, or one that the clocks skip.
[[nodiscard]] std::optional<wall_time> parse_minute(std::string_view text);

}  // namespace tallyfs::postgres
