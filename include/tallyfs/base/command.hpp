// Runs a command of the configuration: bounded in time and output, ended with all that it started.
// Source: posix_spawn(3), pidfd_open(2), poll(2).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs {

struct command_limits {
    std::chrono::milliseconds time{10'000};
    std::size_t output_bytes = 16 * 1024;  ///< of stdout; one byte more ends the command
    int stop = -1;  ///< once this can be read, the command is ended; -1: never
};

/// How a command came to its end.
struct command_end {
    enum class ending : std::uint8_t {
        exited,     ///< by itself: `code` is its exit code
        signalled,  ///< by somebody else's signal, `code`
        too_late,
        too_much,
        stopped,
        not_run,  ///< `complaint` says why
    };
    ending how = ending::not_run;
    int code = -1;
    std::string complaint;  ///< the first line of its stderr, printable ASCII, up to 200 bytes

    [[nodiscard]] bool is_success() const noexcept { return how == ending::exited && code == 0; }
};
/// "failed with exit code 3", "was ended by signal 9", "was ended, because tallyfs stops": what
/// goes behind the command's name, without its complaint (but for not_run); "" for a success.
[[nodiscard]] std::string problem_of(const command_end& end, const command_limits& limits);

/// `sh -c command`, in the directory /, with nothing on its stdin. `variables`
/// ("PGHOST=db.example") are added to our environment. It inherits none of our descriptors and none
/// of our blocked signals. `take` gets what it prints, as it comes; what follows the limit is not
/// given. It is killed with its process group when it has ended or has to, so nothing of it is
/// left; while one hangs in the kernel nevertheless, the same command is not_run. Blocks for as
/// long as the command runs. Any thread. Throws only what `take` throws.
command_end run_command(const std::string& command, const std::vector<std::string>& variables,
                        const command_limits& limits,
                        const std::function<void(std::string_view)>& take);

/// `text` up to its first newline, without a carriage return.
[[nodiscard]] std::string first_line(std::string_view text);

}  // namespace tallyfs
