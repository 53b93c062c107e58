// How a mount begins and ends, and what is left when its daemon is killed.
#include "fuse/mount_table.hpp"
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <tallyfs/base/error.hpp>

#include <sys/mount.h>
#include <sys/wait.h>

#include <array>
#include <fcntl.h>
#include <future>
#include <iostream>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

/// This program once more, as a daemon that mounts at `mountpoint` until it is killed.
class child_daemon {
  public:
    explicit child_daemon(const std::filesystem::path& mountpoint) {
        std::array<int, 2> ends{-1, -1};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        unique_fd told(ends[0]);
        unique_fd tells(ends[1]);
        ::setenv("TALLYFS_TEST_MOUNTPOINT", mountpoint.c_str(), 1);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, tells.get(), 1);
        std::array<char, 16> program{"test_mount"};
        std::array<char, 16> name{"[.daemon]"};
        std::array<char*, 3> arguments{program.data(), name.data(), nullptr};
        REQUIRE(::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, arguments.data(),
                              environ) == 0);
        posix_spawn_file_actions_destroy(&actions);
        tells.reset();
        std::string said;
        std::array<char, 256> buffer;
        while (said.find("mounted") == std::string::npos) {
            const auto got = ::read(told.get(), buffer.data(), buffer.size());
            INFO(said);
            REQUIRE(got > 0);
            said.append(buffer.data(), static_cast<std::size_t>(got));
        }
    }
    ~child_daemon() { kill(); }
    child_daemon(const child_daemon&) = delete;
    child_daemon& operator=(const child_daemon&) = delete;

    void kill() {
        if (pid_ < 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    }

  private:
    pid_t pid_ = -1;
};

std::string mount_error(const std::filesystem::path& mountpoint) {
    queue_views views;
    fuse::mount_options options;
    options.mountpoint = mountpoint;
    try {
        fuse::mount made(options, std::make_shared<tree::fixed_directory>(), views);
        return "mounted";
    } catch (const startup_error& failure) {
        return failure.what();
    }
}

bool is_mounted(const std::filesystem::path& path) {
    return fuse::top_mount(path).has_value();
}

}  // namespace

TEST_CASE("mounts until it is killed", "[.daemon]") {
    const char* mountpoint = ::getenv("TALLYFS_TEST_MOUNTPOINT");
    REQUIRE(mountpoint != nullptr);
    queue_views views;
    auto root = std::make_shared<tree::fixed_directory>();
    root->add("README.md", [] {
        return tree::node{tree::text_file{1, [] { return "hello\n"; }}, {}};
    });
    fuse::mount_options options;
    options.mountpoint = mountpoint;
    fuse::mount made(options, root, views);
    std::cout << "mounted" << std::endl;
    for (;;) ::pause();
}

TEST_CASE("a mountpoint that cannot be used is named with what to do") {
    if (!can_mount()) return;
    temporary_directory directory;
    const auto base = directory.path();
    CHECK(mount_error(base / "none").find("mkdir") != std::string::npos);
    CHECK(mount_error(base / "none" / "deeper").find("Create it") != std::string::npos);
    write_all(open_file(base / "file", O_WRONLY | O_CREAT)->get(), "x").value();
    CHECK(mount_error(base / "file").find("not a directory") != std::string::npos);
    CHECK(mount_error(base).find("not empty") != std::string::npos);
    std::filesystem::create_directory(base / "empty");
    CHECK(mount_error(base / "empty") == "mounted");
    CHECK_FALSE(is_mounted(base / "empty"));
}

TEST_CASE("a mountpoint that another tallyfs uses is refused, and that one is left alone") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("text", "bytes");
    CHECK(mount_error(mounted.path("")).find("mounted there already") != std::string::npos);
    CHECK_FALSE(fuse::recover_stale_mount(mounted.path("")));
    CHECK(read_through(mounted.path("texts/text")) == "bytes");
}

TEST_CASE("a mountpoint may be a link, and its name may hold spaces") {
    if (!can_mount()) return;
    temporary_directory directory;
    std::filesystem::create_directory(directory.path() / "with a space");
    std::filesystem::create_symlink("with a space", directory.path() / "link");
    CHECK(fuse::locate(directory.path() / "link/") == directory.path() / "with a space");
    child_daemon daemon(directory.path() / "link");
    CHECK(is_mounted(directory.path() / "with a space"));
    CHECK(read_through((directory.path() / "link/README.md").string()) == "hello\n");
    daemon.kill();
    CHECK(fuse::recover_stale_mount(directory.path() / "link"));
    CHECK_FALSE(is_mounted(directory.path() / "with a space"));
}

TEST_CASE("what a killed daemon leaves is removed at the next start") {
    if (!can_mount()) return;
    temporary_directory directory;
    const auto mountpoint = directory.path() / "mnt";
    std::filesystem::create_directory(mountpoint);
    CHECK_FALSE(fuse::recover_stale_mount(mountpoint));
    CHECK_FALSE(fuse::recover_stale_mount(directory.path() / "none"));
    {
        child_daemon daemon(mountpoint);
        CHECK(read_through((mountpoint / "README.md").string()) == "hello\n");
        CHECK_FALSE(fuse::recover_stale_mount(mountpoint));
    }
    CHECK(open_error((mountpoint / "README.md").string()) == ENOTCONN);
    CHECK(is_mounted(mountpoint));
    CHECK(fuse::recover_stale_mount(mountpoint));
    CHECK_FALSE(is_mounted(mountpoint));
    CHECK_FALSE(fuse::recover_stale_mount(mountpoint));
    CHECK(mount_error(mountpoint) == "mounted");
}

TEST_CASE("dead mounts on top of each other are all removed") {
    if (!can_mount_as_root()) return;
    temporary_directory directory;
    const auto mountpoint = directory.path() / "mnt";
    std::filesystem::create_directory(mountpoint);
    for (int layer = 0; layer < 3; ++layer) {
        const auto device = open_file("/dev/fuse", O_RDWR).value();
        const auto data =
            "fd=" + std::to_string(device.get()) + ",rootmode=40000,user_id=0,group_id=0";
        REQUIRE(::mount("tallyfs", mountpoint.c_str(), "fuse.tallyfs", 0, data.c_str()) == 0);
    }
    CHECK(fuse::recover_stale_mount(mountpoint));
    CHECK_FALSE(is_mounted(mountpoint));
}

TEST_CASE("a mount that is not ours is left alone") {
    if (!can_mount_as_root()) return;
    temporary_directory directory;
    const auto mountpoint = directory.path() / "mnt";
    std::filesystem::create_directory(mountpoint);
    REQUIRE(::mount("none", mountpoint.c_str(), "tmpfs", 0, "size=64k") == 0);
    CHECK_FALSE(fuse::recover_stale_mount(mountpoint));
    CHECK(is_mounted(mountpoint));
    ::umount2(mountpoint.c_str(), MNT_DETACH);
}

TEST_CASE("stopping unmounts at once although a reader holds a file open") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("text", numbered_text(1'000'000));
    const unique_fd text(::open(mounted.path("texts/text").c_str(), O_RDONLY));
    const unique_fd log(::open(mounted.path("logs/today.jsonl").c_str(), O_RDONLY));
    const unique_fd directory(::open(mounted.path("").c_str(), O_RDONLY | O_DIRECTORY));
    std::string start(10, '\0');
    REQUIRE(::read(text.get(), start.data(), start.size()) == 10);
    const auto began = std::chrono::steady_clock::now();
    mounted.mount->stop();
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));
    CHECK_FALSE(is_mounted(mounted.directory.path() / "mnt"));
    CHECK(std::filesystem::is_empty(mounted.path("")));
    start.assign(900'000, '\0');
    CHECK(::pread(text.get(), start.data(), start.size(), 500'000) < 900'000);
    mounted.mount->stop();
}

TEST_CASE("stopping ends while many read and lines are appended") {
    if (!can_mount()) return;
    for (int round = 0; round < 10; ++round) {
        mounted_tree mounted;
        mounted.texts->set("text", numbered_text(100'000));
        std::atomic<bool> ending{false};
        std::vector<std::thread> threads;
        for (int reader = 0; reader < 4; ++reader) {
            threads.emplace_back([&] {
                while (!ending) {
                    static_cast<void>(open_error(mounted.path("texts/text")));
                    static_cast<void>(open_error(mounted.path("logs/today.jsonl")));
                    static_cast<void>(open_error(mounted.path("texts"), O_DIRECTORY));
                }
            });
        }
        for (int line = 0; line < 200; ++line) mounted.growing.append("line\n");
        mounted.mount->stop();
        ending = true;
        for (auto& thread : threads) thread.join();
        REQUIRE_FALSE(is_mounted(mounted.directory.path() / "mnt"));
    }
}

TEST_CASE("a mount that someone else takes away is reported, and may be stopped from there") {
    if (!can_mount()) return;
    mounted_tree mounted;
    std::promise<void> told;
    mounted.mount->on_ended([&] {
        mounted.mount->stop();
        told.set_value();
    });
    REQUIRE(run_command("umount " + mounted.path("") + " || fusermount3 -u " + mounted.path(""))
                .exit_code == 0);
    REQUIRE(told.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("stop() is not reported as an end") {
    if (!can_mount()) return;
    mounted_tree mounted;
    std::atomic<bool> told{false};
    mounted.mount->on_ended([&] { told = true; });
    mounted.mount->stop();
    mounted.mount.reset();
    CHECK_FALSE(told);
}

TEST_CASE("the mount table is read as the kernel writes it") {
    constexpr std::string_view text =
        "22 1 0:20 / /proc rw shared:5 - proc proc rw\n"
        "40 22 0:41 / /home/a\\040b rw,nosuid shared:1 master:2 - fuse.tallyfs tallyfs rw\n"
        "41 40 0:42 / /home/a\\040b rw - tmpfs none rw\n";
    REQUIRE(fuse::top_mount(text, "/proc"));
    CHECK(fuse::top_mount(text, "/proc")->type == "proc");
    CHECK(fuse::top_mount(text, "/home/a b")->number == 41);
    CHECK(fuse::top_mount(text, "/home/a b")->type == "tmpfs");
    CHECK_FALSE(fuse::top_mount(text, "/home"));
    CHECK_FALSE(fuse::top_mount("", "/"));
}
