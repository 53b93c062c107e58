#include <tallyfs/base/command.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/base/readable.hpp>

#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>
#include <utility>

namespace tallyfs {

namespace {

constexpr std::size_t complaint_bytes_max = 200;
/// How long a killed process may take to be gone; one that hangs in the kernel is left to it, and
/// waited for by the next run.
constexpr int reap_wait_ms = 1'000;

struct pipe_ends {
    unique_fd ours;
    unique_fd theirs;
    bool open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
        ours.reset(ends[0]);
        theirs.reset(ends[1]);
        return ::fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0;
    }
};

/// Ours, with `variables` in place of what it has under their names.
std::vector<char*> environment_with(std::vector<std::string>& variables) {
    std::vector<char*> all;
    for (auto& one : variables) all.push_back(one.data());
    for (char** old = environ; *old != nullptr; ++old) {
        const std::string_view name(*old, std::strcspn(*old, "="));
        const auto has_name = [&](const std::string& one) {
            return one.size() > name.size() && one[name.size()] == '=' && one.starts_with(name);
        };
        if (std::ranges::none_of(variables, has_name)) all.push_back(*old);
    }
    all.push_back(nullptr);
    return all;
}

/// posix_spawn(3) and no fork(): a copy of this process with its descriptors and none of its other
/// threads must not come to life.
int spawn(const std::string& command, std::vector<std::string> variables, const pipe_ends& out,
          const pipe_ends& errors, pid_t& child) {
    std::string shell = "sh";
    std::string option = "-c";
    std::string text = command;
    std::array<char*, 4> arguments{shell.data(), option.data(), text.data(), nullptr};
    const auto environment = environment_with(variables);
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out.theirs.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, errors.theirs.get(), STDERR_FILENO);
    ::posix_spawn_file_actions_addchdir_np(&actions, "/");
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    ::posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::sigset_t none;
    ::sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);  // we block what it must be ended with
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int failed = ::posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments.data(),
                                     environment.data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/// Commands that were killed and hang in the kernel, as on a network file system that is away: they
/// are zombies once they come back, until somebody waits for them. All threads.
class hung_commands {
  public:
    static hung_commands& all() {
        static hung_commands only;
        return only;
    }
    void add(std::string command, pid_t pid) {
        const std::lock_guard lock(mutex_);
        hung_.emplace_back(std::move(command), pid);
    }
    /// Waits for those that are back. The process of `command` that is not; -1: none.
    pid_t reap(const std::string& command) {
        const std::lock_guard lock(mutex_);
        std::erase_if(hung_,
                      [](const auto& one) { return ::waitpid(one.second, nullptr, WNOHANG) != 0; });
        for (const auto& [text, pid] : hung_)
            if (text == command) return pid;
        return -1;
    }

  private:
    std::mutex mutex_;
    std::vector<std::pair<std::string, pid_t>> hung_;  ///< about one of each command
};

/// A running command. Whatever happens, it and all of its process group are gone afterwards, or
/// killed where the kernel does not let them go.
class child_process {
  public:
    child_process(const std::string& command, pid_t pid, unique_fd ended)
        : command_(command), pid_(pid), ended_(std::move(ended)) {}
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    ~child_process() { end(); }

    [[nodiscard]] int ended() const noexcept { return ended_.get(); }
    /// How it ended, as waitpid(2) says it; −1 if that cannot be known. What it left running in
    /// its process group is killed.
    int end() {
        if (pid_ < 0) return status_;
        // Not yet reaped, so that the number cannot be another's by now.
        ::kill(-pid_, SIGKILL);
        ::pollfd gone{ended_.get(), POLLIN, 0};
        while (::poll(&gone, 1, reap_wait_ms) < 0 && errno == EINTR) {
        }
        const auto reaped = ::waitpid(pid_, &status_, WNOHANG);
        if (reaped != pid_) status_ = -1;
        if (reaped == 0) hung_commands::all().add(command_, pid_);
        pid_ = -1;
        return status_;
    }

  private:
    const std::string& command_;
    pid_t pid_;
    unique_fd ended_;
    int status_ = -1;
};

/// What comes out of a pipe, up to a limit.
class pipe_reader {
  public:
    pipe_reader(int pipe, std::size_t bytes_max, std::function<void(std::string_view)> take)
        : pipe_(pipe), room_(bytes_max), take_(std::move(take)) {}

    [[nodiscard]] int pipe() const noexcept { return pipe_; }
    [[nodiscard]] bool is_over() const noexcept { return over_; }
    /// Gives what is there; false at the end of the pipe.
    bool read_some() {
        for (;;) {
            const auto got = ::read(pipe_, buffer_.data(), buffer_.size());
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return got < 0 && errno == EAGAIN;
            const auto count = static_cast<std::size_t>(got);
            if (const auto fits = std::min(room_, count); fits > 0) {
                room_ -= fits;
                take_({buffer_.data(), fits});
                over_ = count > fits;
            } else {
                over_ = true;
            }
            if (over_) return true;  // poll() comes back here
        }
    }

  private:
    int pipe_;
    std::size_t room_;
    bool over_ = false;
    std::function<void(std::string_view)> take_;
    std::array<char, 16 * 1024> buffer_;
};

/// Reads both pipes until the command has ended, or must be.
command_end::ending follow(const child_process& child, pipe_reader& out, pipe_reader& errors,
                           const command_limits& limits) {
    using ending = command_end::ending;
    const auto deadline = std::chrono::steady_clock::now() + limits.time;
    std::array<::pollfd, 4> watched{{{out.pipe(), POLLIN, 0},
                                     {errors.pipe(), POLLIN, 0},
                                     {child.ended(), POLLIN, 0},
                                     {limits.stop, POLLIN, 0}}};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return ending::too_late;
        const auto wait = std::min<std::chrono::milliseconds::rep>(left.count(), 3'600'000);
        if (::poll(watched.data(), watched.size(), static_cast<int>(wait)) < 0) continue;
        if (watched[3].revents != 0) return ending::stopped;
        if (watched[0].revents != 0 && !out.read_some()) watched[0].fd = -1;
        if (watched[1].revents != 0 && !errors.read_some()) watched[1].fd = -1;
        if (out.is_over()) return ending::too_much;
        if (watched[2].revents == 0) continue;
        // What it wrote last may have come after the look at the pipes.
        out.read_some();
        errors.read_some();
        return out.is_over() ? ending::too_much : ending::exited;
    }
}

command_end not_run(std::string_view what, int why) {
    return {command_end::ending::not_run, -1, std::string(what) + ": " + std::strerror(why)};
}

}  // namespace

std::string first_line(std::string_view text) {
    auto line = text.substr(0, text.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return std::string(line);
}

std::string problem_of(const command_end& end, const command_limits& limits) {
    switch (end.how) {
        case command_end::ending::not_run:
            return end.complaint;
        case command_end::ending::stopped:
            return "was ended, because tallyfs stops";
        case command_end::ending::too_much:
            return "printed more than " + bytes_text(limits.output_bytes);
        case command_end::ending::too_late:
            return "was ended after " + duration_text(limits.time) + " without an answer";
        case command_end::ending::signalled:
            return "was ended by signal " + std::to_string(end.code);
        case command_end::ending::exited:
            if (end.code == 0) return "";
            return "failed with exit code " + std::to_string(end.code);
    }
    return "";
}

command_end run_command(const std::string& command, const std::vector<std::string>& variables,
                        const command_limits& limits,
                        const std::function<void(std::string_view)>& take) {
    if (const auto pid = hung_commands::all().reap(command); pid > 0) {
        return {command_end::ending::not_run, -1,
                "is not run again: process " + std::to_string(pid) +
                    " of it was killed and hangs in the kernel"};
    }
    pipe_ends out;
    pipe_ends errors;
    if (!out.open() || !errors.open()) return not_run("cannot be run", errno);
    pid_t pid = -1;
    if (const int why = spawn(command, variables, out, errors, pid); why != 0)
        return not_run("cannot be run", why);
    child_process child(command, pid,
                        unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
    if (child.ended() < 0) return not_run("cannot be followed", errno);
    out.theirs.reset();
    errors.theirs.reset();

    command_end end;
    std::string complaint;
    pipe_reader printed(out.ours.get(), limits.output_bytes, take);
    pipe_reader complaints(errors.ours.get(), complaint_bytes_max,
                           [&](std::string_view some) { complaint += some; });
    end.how = follow(child, printed, complaints, limits);
    const int status = child.end();
    end.complaint = ascii(first_line(complaint));
    if (end.how != command_end::ending::exited) return end;
    if (WIFSIGNALED(status)) {
        end.how = command_end::ending::signalled;
        end.code = WTERMSIG(status);
    } else if (WIFEXITED(status)) {
        end.code = WEXITSTATUS(status);
    }
    return end;
}

}  // namespace tallyfs
