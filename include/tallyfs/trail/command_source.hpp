// A command that fetches log entries from a log service, run every so often.
// Format of its output: docs/audit.md, "From a log service".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/trail/delivered.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace tallyfs::trail {

struct fetch_command {
    std::string command;                ///< for `sh -c`
    std::chrono::seconds every{60};     ///< from the end of one to the beginning of the next
    std::chrono::seconds time_max{60};  ///< then it is ended
};

/// Not thread-safe; its owner's thread, which run() blocks while the command runs.
class command_source {
  public:
    /// `stop`: a descriptor that can be read once tallyfs stops, which ends the command; −1: none.
    /// The clock outlives it.
    command_source(fetch_command what, const clock_source& clock, int stop);

    /// When it is to be run again; at once at first.
    [[nodiscard]] steady_time due() const noexcept { return due_; }
    /// Runs it now, with TALLYFS_SINCE = `since` in RFC 3339, so that it asks only for what is new;
    /// nullopt: "", nothing was ever read. `take` gets the messages once it has succeeded; the
    /// output of one that fails is dropped, because nobody knows where it broke off. The answer is
    /// "" or the problem, a sentence with the first line of its stderr.
    [[nodiscard]] std::string run(std::optional<wall_time> since,
                                  const std::function<void(const delivered_message&)>& take);

  private:
    fetch_command what_;
    const clock_source& clock_;
    int stop_;
    steady_time due_;
};

}  // namespace tallyfs::trail
