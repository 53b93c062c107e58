// Programs that a test runs: one to its end with its output, or one that goes on beside the test.
// Source: fork(2), prctl(2): they are ended when the test is.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::test {

/// Whom a program runs as. PostgreSQL refuses to run as root.
struct unix_user {
    uid_t uid = 0;
    gid_t gid = 0;
};
/// Ourselves; as root postgres or nobody.
[[nodiscard]] unix_user ordinary_user();

struct finished_process {
    int exit_code = -1;  ///< 128 and the signal for one that was killed
    std::string output;  ///< stdout and stderr, as they came
};
/// Kills it and throws std::runtime_error when it takes longer than `time_max`.
[[nodiscard]] finished_process run_to_end(
    const std::vector<std::string>& command, unix_user as,
    std::chrono::milliseconds time_max = std::chrono::seconds(60));

/// A program with its input and output in our hands. It gets SIGKILL when this goes.
class child_process {
  public:
    /// `end_with`: the signal it gets when the thread that made it is gone; 0: none.
    child_process(const std::vector<std::string>& command, unix_user as, int end_with);
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    ~child_process();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    void write_input(const std::string& text) const;
    void close_input();
    /// More of its output; "" when it ended or closed it; nullopt when nothing came in time.
    [[nodiscard]] std::optional<std::string> read_output(std::chrono::milliseconds time_max) const;
    void signal(int number) const;
    /// Its exit code; nullopt if it has not ended in time.
    [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds time_max);

  private:
    pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
    std::optional<int> exit_code_;
};

}  // namespace tallyfs::test
