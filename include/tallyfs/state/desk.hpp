// Where people's commands are carried out: one at a time, on one thread, each recorded before it
// takes effect. Rules: docs/architecture.md, "Deciding".
#pragma once

#include <tallyfs/base/error.hpp>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

namespace tallyfs::state {

/// Owns everything that the actions change: settings, approvals. The disk may make it wait; the
/// view thread, the mount's workers and the proxy never do.
class desk {
  public:
    desk() = default;
    ~desk();
    desk(const desk&) = delete;
    desk& operator=(const desk&) = delete;

    /// A command: what is to be done, with all that its answer needs.
    using command = std::function<void()>;

    /// Begins to carry out commands; `tick` is called at least once a second between them.
    void start(command tick = nullptr);
    /// Carries out what waits, and ends. Idempotent.
    void stop();
    /// Any thread; returns at once. False while it is not running, or when 1,000 commands wait:
    /// the command is then destroyed unrun.
    [[nodiscard]] bool post(command work);

  private:
    void run(const command& tick);

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<command> commands_;  ///< guarded by mutex_
    bool running_ = false;          ///< guarded by mutex_
    std::thread thread_;
};

/// How a command went: why it was not carried out, as errno and a sentence for the person.
struct command_failure {
    int number = 0;  ///< 0: it was carried out
    std::string sentence;
    /// As tree::answer takes it.
    [[nodiscard]] error_code code() const { return {number, boost::system::generic_category()}; }
};

/// Why the last command of each user was refused: what `last_error` shows. Any thread.
class last_errors {
  public:
    void note(std::uint32_t uid, const command_failure& last);
    struct entry {
        std::string reason;       ///< "" if there is none
        std::uint64_t count = 0;  ///< changes so far: a version
    };
    [[nodiscard]] entry of(std::uint32_t uid) const;

  private:
    mutable std::mutex mutex_;
    std::uint64_t count_ = 0;
    std::unordered_map<std::uint32_t, entry> entries_;
};

}  // namespace tallyfs::state
