#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/command.hpp>
#include <tallyfs/base/file.hpp>

#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

struct ran {
    std::string printed;
    std::size_t pieces = 0;
    command_end end;
    std::chrono::steady_clock::duration took{};
};

ran run(const std::string& command, const command_limits& limits = {},
        const std::vector<std::string>& variables = {}) {
    ran made;
    const auto start = std::chrono::steady_clock::now();
    made.end = run_command(command, variables, limits, [&](std::string_view some) {
        made.printed += some;
        ++made.pieces;
    });
    made.took = std::chrono::steady_clock::now() - start;
    return made;
}

bool ends_soon(pid_t pid) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    const auto is_running = [&] {
        std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
        const std::string status{std::istreambuf_iterator<char>(in), {}};
        return !status.empty() && status.find(") Z ") == std::string::npos;
    };
    while (is_running() && std::chrono::steady_clock::now() < deadline) ::usleep(1'000);
    return !is_running();
}

/// Traces a process until its own end: nobody else can wait for that one meanwhile, as for one that
/// hangs in the kernel.
class tracer {
  public:
    explicit tracer(pid_t traced) {
        std::array<int, 2> ready{};
        std::array<int, 2> end{};
        REQUIRE(::pipe2(ready.data(), O_CLOEXEC) == 0);
        REQUIRE(::pipe2(end.data(), O_CLOEXEC) == 0);
        end_.reset(end[1]);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(end[1]);
            const char works = ::ptrace(PTRACE_SEIZE, traced, nullptr, nullptr) == 0 ? 'y' : 'n';
            static_cast<void>(::write(ready[1], &works, 1));
            char none = 0;
            static_cast<void>(::read(end[0], &none, 1));
            ::_exit(0);
        }
        const unique_fd theirs(end[0]);
        const unique_fd told(ready[0]);
        ::close(ready[1]);
        char works = 'n';
        works_ = ::read(told.get(), &works, 1) == 1 && works == 'y';
    }
    tracer(const tracer&) = delete;
    tracer& operator=(const tracer&) = delete;
    ~tracer() {
        end_.reset();
        ::waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] bool works() const { return works_; }

  private:
    unique_fd end_;
    pid_t pid_ = -1;
    bool works_ = false;
};

using ending = command_end::ending;

}  // namespace

TEST_CASE("a command's output is given as it comes, whole and in order") {
    const auto made = run("seq 1 100000", {10s, 1 << 20, -1});
    CHECK(made.end.is_success());
    CHECK(made.printed.size() == 588'895);
    CHECK(made.printed.ends_with("99999\n100000\n"));
    CHECK(made.pieces > 1);
    CHECK(run("printf '%s' \"$ONE $TWO\"", {}, {"ONE=1", "TWO=a b"}).printed == "1 a b");
    CHECK(run("pwd; cat").printed == "/\n");
}

TEST_CASE("how a command ended is told, with its first complaint") {
    const auto made = run("echo x; echo 'first\033[31m' >&2; echo second >&2; exit 3");
    CHECK(made.end.how == ending::exited);
    CHECK(made.end.code == 3);
    CHECK(made.end.complaint == "first?[31m");
    CHECK(problem_of(made.end, {}) == "failed with exit code 3");
    const auto killed = run("kill -9 $$");
    CHECK(killed.end.how == ending::signalled);
    CHECK(problem_of(killed.end, {}) == "was ended by signal 9");
    CHECK(problem_of(run("true").end, {}).empty());
}

TEST_CASE("a command prints no more than it may") {
    const command_limits limits{5s, 100'000, -1};
    const auto made = run("yes", limits);
    CHECK(made.end.how == ending::too_much);
    CHECK(made.printed.size() == 100'000);
    CHECK(made.took < 3s);
    CHECK(problem_of(made.end, limits) == "printed more than 100 kB");
    CHECK(run("head -c 100000 /dev/zero", limits).end.is_success());
    CHECK(run("head -c 100001 /dev/zero", limits).end.how == ending::too_much);
}

TEST_CASE("a command that takes too long is ended with all that it started") {
    const temporary_directory folder;
    const auto pids = (folder.path() / "pids").string();
    const auto made =
        run("trap '' TERM; sleep 600 & echo $! > " + pids + "; echo half; wait", {300ms, 100, -1});
    CHECK(made.end.how == ending::too_late);
    CHECK(made.printed == "half\n");
    CHECK(made.took < 3s);
    std::ifstream lines(pids);
    pid_t inner = 0;
    REQUIRE(lines >> inner);
    CHECK(ends_soon(inner));
}

TEST_CASE("a command that hands its output to others is over when it ends itself") {
    const auto made = run("sleep 600 & echo done", {60s, 100, -1});
    CHECK(made.end.is_success());
    CHECK(made.printed == "done\n");
    CHECK(made.took < 3s);
}

TEST_CASE("a descriptor that can be read ends a command") {
    const unique_fd stop(::eventfd(1, EFD_CLOEXEC));
    const auto made = run("sleep 600", {60s, 100, stop.get()});
    CHECK(made.end.how == ending::stopped);
    CHECK(made.took < 3s);
}

TEST_CASE("a command gets none of our descriptors, and leaves none and no zombie") {
    const temporary_directory folder;
    const unique_fd leaked(::open((folder.path() / "journal").c_str(), O_RDWR | O_CREAT, 0600));
    CHECK(run("ls /proc/self/fd | tr '\\n' ' '").printed == "0 1 2 3 ");
    const auto descriptors = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    const auto before = descriptors();
    for (int i = 0; i < 20; ++i) static_cast<void>(run(i % 2 == 0 ? "echo x" : "exit 1"));
    CHECK(descriptors() == before);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a command that is killed and does not go is waited for, and not run again meanwhile") {
    const std::string command = "echo $$; exec sleep 600";
    std::unique_ptr<tracer> held;
    std::string pid;
    const auto hung = run_command(command, {}, {500ms, 100, -1}, [&](std::string_view printed) {
        pid = first_line(printed);
        held = std::make_unique<tracer>(std::stoi(pid));
    });
    REQUIRE(held);
    if (!held->works()) {
        WARN("skipped: processes cannot be traced here");
        return;
    }
    CHECK(hung.how == ending::too_late);
    const auto refused = run(command, {500ms, 100, -1});
    CHECK(refused.end.how == ending::not_run);
    CHECK(problem_of(refused.end, {}) ==
          "is not run again: process " + pid + " of it was killed and hangs in the kernel");
    CHECK(refused.printed.empty());
    CHECK(run("echo x").end.is_success());  // another one has nothing to do with it
    held.reset();
    const auto back = run(command, {500ms, 100, -1});
    CHECK(back.end.how == ending::too_late);
    CHECK(back.printed != pid + "\n");
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("what takes a command's output can throw, and the command is gone") {
    const auto broken = [](std::string_view) { throw std::runtime_error("no room"); };
    CHECK_THROWS_AS(run_command("yes", {}, {}, broken), std::runtime_error);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}
