// How big the state directory is, beside how big it may become: measured now and then, warned of
// once, and a limit for what can be done without. Meaning: control/README.md.
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/record/action.hpp>
#include <tallyfs/state/settings.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace tallyfs::retention {

/// Of the limit: from here on people are told.
inline constexpr int percent_warned = 80;

/// What the files take on the disk.
struct reading {
    std::uint64_t journal_bytes = 0;
    std::uint64_t ledger_bytes = 0;  ///< with the index of the audit
    std::uint64_t captures_bytes = 0;
    std::uint64_t databases_bytes = 0;  ///< what is kept of watched databases
    std::uint64_t limit_bytes = 0;      ///< 0: none
    [[nodiscard]] std::uint64_t used_bytes() const {
        return journal_bytes + ledger_bytes + captures_bytes + databases_bytes;
    }
    /// Of the limit; 0 without one.
    [[nodiscard]] std::uint64_t percent() const {
        return limit_bytes == 0 ? 0 : used_bytes() / (limit_bytes / 100);
    }
};

class gauge {
  public:
    gauge(std::filesystem::path state_directory, const clock_source& clock)
        : directory_(std::move(state_directory)), clock_(clock) {}

    /// The last one; nullopt before the first. Any thread.
    [[nodiscard]] std::optional<reading> last() const;
    /// Whether captures have to do without room. Any thread.
    [[nodiscard]] bool is_full() const;

    /// `changed` is called when the limit has changed. On the thread that changes settings.
    [[nodiscard]] state::setting_definition definition(std::function<void()> changed);
    /// At start, before the first look(): what was warned of before.
    void replay(const record::action& past);

    using recorder =
        std::function<bool(std::string event, std::string subject, std::string detail)>;
    /// Measures, not more often than once a minute and never more than a twentieth of the time;
    /// warns where 80 % or all of the limit are reached, once until it is below 75 %. What cannot
    /// be recorded is tried at the next look. One thread at a time, not the desk.
    void look(const recorder& record);

  private:
    [[nodiscard]] reading measure();
    [[nodiscard]] std::uint64_t bytes_of_captures();
    void warn(const reading& now, const recorder& record);

    struct measured_day {
        std::filesystem::file_time_type changed{};
        std::uint64_t bytes = 0;
    };

    const std::filesystem::path directory_;
    const clock_source& clock_;
    std::map<std::string, measured_day> days_;  ///< of captures: a day that is over is read once
    steady_time next_{};
    int warned_percent_ = 0;  ///< 0, 80 or 100

    mutable std::mutex mutex_;
    std::uint64_t limit_bytes_ = 0;  ///< guarded, as the next one
    std::optional<reading> last_;
};

}  // namespace tallyfs::retention
