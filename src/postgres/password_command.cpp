#include "postgres/password_command.hpp"

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
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

namespace tallyfs::postgres {

namespace {

constexpr std::size_t complaint_bytes_max = 200;
/// How long a killed process may take to be gone; one that hangs in the kernel is left to it.
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

/// A running command. Whatever happens, it and all of its process group are gone afterwards.
class child_process {
  public:
    child_process(pid_t pid, unique_fd ended) : pid_(pid), ended_(std::move(ended)) {}
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
        if (::waitpid(pid_, &status_, WNOHANG) != pid_) status_ = -1;
        pid_ = -1;
        return status_;
    }

  private:
    pid_t pid_;
    unique_fd ended_;
    int status_ = -1;
};

/// Reads what is there; false at the end of the pipe. What is over `bytes_max` is dropped.
bool read_some(int pipe, std::string& into, std::size_t bytes_max) {
    std::array<char, 4096> buffer;
    for (;;) {
        const auto got = ::read(pipe, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got < 0 && errno == EAGAIN;
        const auto room = bytes_max - std::min(bytes_max, into.size());
        into.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
        if (into.size() >= bytes_max) return true;  // poll() comes back here
    }
}

enum class ending { ended, too_late, too_much, stopped };

/// Reads both pipes until the command has ended, or must be.
ending follow(const child_process& child, const pipe_ends& out, const pipe_ends& errors, int stop,
              std::chrono::milliseconds limit, std::string& printed, std::string& complaint) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    std::array<::pollfd, 4> watched{{{out.ours.get(), POLLIN, 0},
                                     {errors.ours.get(), POLLIN, 0},
                                     {child.ended(), POLLIN, 0},
                                     {stop, POLLIN, 0}}};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return ending::too_late;
        if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) < 0) continue;
        if (watched[3].revents != 0) return ending::stopped;
        if (watched[0].revents != 0 && !read_some(watched[0].fd, printed, password_bytes_max + 1))
            watched[0].fd = -1;
        if (watched[1].revents != 0 && !read_some(watched[1].fd, complaint, complaint_bytes_max))
            watched[1].fd = -1;
        if (printed.size() > password_bytes_max) return ending::too_much;
        if (watched[2].revents == 0) continue;
        // What it wrote last may have come after the look at the pipes.
        read_some(out.ours.get(), printed, password_bytes_max + 1);
        read_some(errors.ours.get(), complaint, complaint_bytes_max);
        return printed.size() > password_bytes_max ? ending::too_much : ending::ended;
    }
}

std::string first_line(const std::string& text) {
    auto line = text.substr(0, text.find('\n'));
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

failure failed(std::string what) {
    return {"", std::move(what), false};
}

}  // namespace

outcome<password> run_password_command(const std::string& command,
                                       const std::vector<std::string>& variables,
                                       std::chrono::milliseconds limit, int stop) {
    pipe_ends out;
    pipe_ends errors;
    if (!out.open() || !errors.open()) {
        return failed(std::string("cannot be run: ") + std::strerror(errno));
    }
    pid_t pid = -1;
    if (const int why = spawn(command, variables, out, errors, pid); why != 0) {
        return failed(std::string("cannot be run: ") + std::strerror(why));
    }
    child_process child(pid, unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
    if (child.ended() < 0)
        return failed(std::string("cannot be followed: ") + std::strerror(errno));
    out.theirs.reset();
    errors.theirs.reset();

    std::string printed;
    std::string complaint;
    const auto how = follow(child, out, errors, stop, limit, printed, complaint);
    const int status = child.end();
    password made{first_line(printed)};
    const auto said = ascii(first_line(complaint));
    // `sh -x` and the like may repeat what was printed.
    const bool tells = !said.empty() && (made.text.empty() || said.find(made.text) == said.npos);
    const std::string because = tells ? ": " + said : "";
    if (how == ending::stopped) return failed("was ended, because tallyfs stops");
    if (how == ending::too_much) return failed("printed more than 16 KiB");
    if (how == ending::too_late) {
        return failed("was ended after " + duration_text(limit) + " without an answer" + because);
    }
    if (WIFSIGNALED(status)) {
        return failed("was ended by signal " + std::to_string(WTERMSIG(status)) + because);
    }
    if (status != 0) {
        return failed("failed with exit code " +
                      std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1) + because);
    }
    if (made.text.empty() || made.text.find('\0') != std::string::npos) {
        return failed("printed no password on its first line" + because);
    }
    return made;
}

}  // namespace tallyfs::postgres
