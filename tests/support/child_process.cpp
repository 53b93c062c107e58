#include "support/child_process.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdexcept>
#include <unistd.h>

namespace tallyfs::test {

namespace {

using steady = std::chrono::steady_clock;

/// Between fork and exec: nothing that allocates.
[[noreturn]] void become(char* const* arguments, unix_user as, int end_with, int in, int out) {
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    if (::geteuid() == 0 && as.uid != 0 &&
        (::setgroups(0, nullptr) != 0 || ::setgid(as.gid) != 0 || ::setuid(as.uid) != 0)) {
        ::_exit(126);
    }
    // After setuid, which takes it away again.
    ::prctl(PR_SET_PDEATHSIG, end_with);
    // The directory of the test may be closed to that user, and some programs want to return to it.
    if (::chdir("/") != 0) ::_exit(126);
    ::execv(arguments[0], arguments);
    ::_exit(127);
}

}  // namespace

unix_user ordinary_user() {
    if (::geteuid() != 0) return {::geteuid(), ::getegid()};
    const passwd* entry = ::getpwnam("postgres");
    if (entry == nullptr) entry = ::getpwnam("nobody");
    if (entry == nullptr) throw std::runtime_error("there is no user to run a server as");
    return {entry->pw_uid, entry->pw_gid};
}

child_process::child_process(const std::vector<std::string>& command, unix_user as, int end_with) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    // A socket as input: what is written to a program that ended is an error, not a signal.
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in.data()) != 0 ||
        ::pipe2(out.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("no pipe");
    }
    std::vector<std::string> words = command;
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) become(arguments.data(), as, end_with, in[0], out[1]);
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    output_ = out[0];
    if (pid_ < 0) throw std::runtime_error("fork failed");
}

child_process::~child_process() {
    if (!exit_code_) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    close_input();
    ::close(output_);
}

void child_process::write_input(const std::string& text) const {
    std::size_t done = 0;
    while (done < text.size()) {
        const auto sent = ::send(input_, text.data() + done, text.size() - done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) throw std::runtime_error("the program takes no more input");
        done += static_cast<std::size_t>(sent);
    }
}

void child_process::close_input() {
    if (input_ >= 0) ::close(input_);
    input_ = -1;
}

std::optional<std::string> child_process::read_output(std::chrono::milliseconds time_max) const {
    pollfd wanted{output_, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(time_max.count()));
    if (ready <= 0) return std::nullopt;
    std::array<char, 65536> buffer{};
    const auto got = ::read(output_, buffer.data(), buffer.size());
    return std::string(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
}

void child_process::signal(int number) const {
    if (!exit_code_) ::kill(pid_, number);
}

std::optional<int> child_process::wait(std::chrono::milliseconds time_max) {
    const auto deadline = steady::now() + time_max;
    while (!exit_code_) {
        int status = 0;
        const auto ended = ::waitpid(pid_, &status, WNOHANG);
        if (ended == pid_) {
            exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        } else if (steady::now() >= deadline) {
            return std::nullopt;
        } else {
            ::usleep(5'000);
        }
    }
    return exit_code_;
}

finished_process run_to_end(const std::vector<std::string>& command, unix_user as,
                            std::chrono::milliseconds time_max) {
    const auto deadline = steady::now() + time_max;
    child_process program(command, as, SIGKILL);
    program.close_input();
    finished_process done;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady::now());
        if (left.count() <= 0) throw std::runtime_error(command.front() + " does not end");
        const auto more = program.read_output(left);
        if (more && more->empty()) break;
        if (more) done.output += *more;
    }
    done.exit_code = program.wait(std::chrono::seconds(10)).value_or(-1);
    return done;
}

}  // namespace tallyfs::test
