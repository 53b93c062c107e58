#include "postgres/password_command.hpp"

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/file.hpp>

#include <sys/eventfd.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <thread>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

outcome<password> run(const std::string& command, milliseconds limit = 5s, int stop = -1) {
    return run_password_command(command, {}, limit, stop);
}

std::string why_not(const outcome<password>& made) {
    REQUIRE_FALSE(made.has_value());
    return made.error().what;
}

std::string slurp(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

bool is_running(pid_t pid) {
    // A zombie that init has not taken yet runs no more.
    const auto status = slurp("/proc/" + std::to_string(pid) + "/stat");
    return !status.empty() && status.find(") Z ") == std::string::npos;
}

bool ends_soon(pid_t pid) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (is_running(pid) && std::chrono::steady_clock::now() < deadline) ::usleep(1'000);
    return !is_running(pid);
}

}  // namespace

TEST_CASE("the first line that a command prints is the password") {
    CHECK(run("echo hunter2; echo more")->text == "hunter2");
    CHECK(run("printf 'a b \\r\\n'")->text == "a b ");
    CHECK(run("printf token")->text == "token");
    CHECK(run("pwd; cat")->text == "/");
    CHECK(run("head -c 16000 /dev/zero | tr '\\0' x")->text.size() == 16000);
}

TEST_CASE("a command that fails is told by its end and its first complaint, never by its output") {
    CHECK(why_not(run("echo hunter2; echo 'no such vault' >&2; echo more >&2; exit 3")) ==
          "failed with exit code 3: no such vault");
    CHECK(why_not(run("echo hunter2; echo 'got hunter2' >&2; exit 1")) ==
          "failed with exit code 1");
    CHECK(why_not(run("kill -9 $$")) == "was ended by signal 9");
    CHECK(why_not(run("echo; echo hunter2")) == "printed no password on its first line");
    CHECK(why_not(run("printf 'a\\0b'")) == "printed no password on its first line");
    CHECK(why_not(run("/no/such/command")).find("failed with exit code 127: sh: ") == 0);
    CHECK(why_not(run("printf 'a\\033[31mb\\n' >&2; exit 1")).find('\033') == std::string::npos);
    CHECK(why_not(run("yes x | head -c 5000 | tr -d '\\n' >&2; exit 1")).size() < 300);
}

TEST_CASE("a command that prints too much is ended at once") {
    const auto start = std::chrono::steady_clock::now();
    CHECK(why_not(run("yes")) == "printed more than 16 KiB");
    CHECK(why_not(run("yes >&2 & echo; yes | tr -d '\\n'")) == "printed more than 16 KiB");
    CHECK(std::chrono::steady_clock::now() - start < 3s);
}

TEST_CASE("a command that takes too long is killed with all that it started") {
    const temporary_directory folder;
    const auto pids = (folder.path() / "pids").string();
    const auto start = std::chrono::steady_clock::now();
    const auto made = run("trap '' TERM; sleep 600 & echo $! > " + pids + "; echo $$ >> " + pids +
                              "; echo waiting >&2; wait; sleep 600",
                          500ms);
    CHECK(why_not(made) == "was ended after 500 ms without an answer: waiting");
    CHECK(std::chrono::steady_clock::now() - start < 3s);
    std::ifstream lines(pids);
    pid_t inner = 0;
    pid_t shell = 0;
    REQUIRE(lines >> inner >> shell);
    CHECK(ends_soon(inner));
    CHECK(ends_soon(shell));
}

TEST_CASE("what a command leaves behind holds nobody up, and ends with it") {
    const temporary_directory folder;
    const auto file = folder.path() / "pid";
    const auto start = std::chrono::steady_clock::now();
    CHECK(run("sleep 600 & echo $! > " + file.string() + "; echo hunter2")->text == "hunter2");
    CHECK(std::chrono::steady_clock::now() - start < 3s);
    CHECK(ends_soon(std::stoi(slurp(file))));
}

TEST_CASE("a command is ended when tallyfs stops") {
    const unique_fd stop(::eventfd(0, EFD_CLOEXEC));
    std::thread stopping([&] {
        const std::uint64_t one = 1;
        CHECK(::write(stop.get(), &one, sizeof one) == sizeof one);
    });
    const auto start = std::chrono::steady_clock::now();
    CHECK(why_not(run("sleep 600", 60s, stop.get())) == "was ended, because tallyfs stops");
    CHECK(std::chrono::steady_clock::now() - start < 3s);
    stopping.join();
}

TEST_CASE("a command inherits no descriptor of ours, no blocked signal and no ignored one") {
    const temporary_directory folder;
    const int leaked = ::open((folder.path() / "journal").c_str(), O_RDWR | O_CREAT, 0600);
    REQUIRE(leaked > 2);
    ::sigset_t blocked;
    ::sigset_t before;
    ::sigemptyset(&blocked);
    for (const int number : {SIGTERM, SIGINT, SIGUSR1}) ::sigaddset(&blocked, number);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto pipe_before = std::signal(SIGPIPE, SIG_IGN);
    const auto open_files = run("ls /proc/self/fd | tr '\\n' ' '");
    const auto mask = run("grep SigBlk /proc/self/status | cut -f2");
    const auto ignored = run("grep SigIgn /proc/self/status | cut -f2");
    std::signal(SIGPIPE, pipe_before);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::close(leaked);
    CHECK(open_files->text == "0 1 2 3 ");  // 3 is the directory that ls reads
    CHECK(mask->text == "0000000000000000");
    // glibc leaves two signals of its own ignored, 32 and 33.
    CHECK((std::stoull(ignored->text, nullptr, 16) & 0x7fffffffU) == 0);
}

TEST_CASE("commands leave no zombies and no descriptors behind") {
    const auto descriptors = [] {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& one :
             std::filesystem::directory_iterator("/proc/self/fd"))
            ++count;
        return count;
    };
    const auto before = descriptors();
    for (int i = 0; i < 20; ++i) static_cast<void>(run(i % 2 == 0 ? "echo x" : "exit 1"));
    CHECK(descriptors() == before);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}
