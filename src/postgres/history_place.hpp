// One database in the history: the minute that is being added up, and how far its files go.
// Format of the files: docs/formats.md, "Health history".
#pragma once

#include "postgres/history_files.hpp"

#include <tallyfs/health/activity.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::postgres {

class history_place {
  public:
    /// Cuts the torn line off the newest file.
    explicit history_place(std::filesystem::path directory);

    // By the thread that adds. Each returns minutes whose lines are to be written now.
    using minutes = std::vector<health::activity>;
    [[nodiscard]] minutes add(const health::sample& sample,
                              std::span<const health::xmin_holder> holders,
                              const std::string& database, const health::wait_profile& waits);
    /// Before anything of `time` is written: if a day has begun, its predecessor is closed.
    [[nodiscard]] minutes begin_day_of(wall_time time);
    /// Ends the minute that is not over.
    [[nodiscard]] minutes end();
    void put_in(const health::snapshot& full);
    /// The day whose files are written: days never go back when the clock does.
    [[nodiscard]] day open_day() const { return day_of_number(open_day_); }
    /// A line was appended to the open day's activity.
    void set_activity_bytes(std::uint64_t bytes) { activity_bytes_ = bytes; }
    /// After the lines that begin_day_of() or add() returned are written.
    void open(wall_time time);

    // Any thread.
    [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }
    [[nodiscard]] std::filesystem::path path(const history_file& file) const {
        return directory_ / file.name();
    }
    [[nodiscard]] bool is_closed(day date) const { return date < open_day(); }
    /// Of the activity of `date`, up to the end of a line.
    [[nodiscard]] std::uint64_t activity_bytes(day date) const;
    [[nodiscard]] std::optional<health::activity> recent() const;
    /// What is known of a minute that has no line yet.
    struct unwritten {
        std::optional<health::activity> figures;
        bool quiet = false;  ///< one of those in which nothing happened
    };
    [[nodiscard]] unwritten find(wall_time minute) const;

  private:
    [[nodiscard]] static day day_of_number(int number) {
        return day(std::chrono::sys_days(std::chrono::days(number)));
    }
    void turn(minutes& to_write);
    void close_quiet(minutes& to_write);
    [[nodiscard]] health::activity now() const;

    const std::filesystem::path directory_;
    std::atomic<int> open_day_{0};
    std::atomic<std::uint64_t> activity_bytes_{0};

    mutable std::mutex mutex_;
    health::activity_sum sum_;  ///< guarded, as all that follows
    bool begun_ = false;
    std::optional<wall_time> quiet_from_;     ///< the first of the minutes without a line
    std::optional<health::activity> last_;    ///< the last minute that is over
    health::count dead_rows_;                 ///< of the newest snapshot
    std::optional<double> dead_percent_max_;  ///< likewise
    health::count tables_due_;                ///< likewise
};

}  // namespace tallyfs::postgres
