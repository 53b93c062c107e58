#include "mounted_tree.hpp"

#include "support/catch.hpp"
#include "support/time_factor.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <iostream>
#include <system_error>
#include <unistd.h>

namespace tallyfs::test {

bool can_mount() {
    static const bool possible = [] {
        if (::access("/dev/fuse", R_OK | W_OK) != 0) {
            std::cout << "skipped: /dev/fuse cannot be used: " << std::strerror(errno) << "\n";
            return false;
        }
        if (::geteuid() != 0 && run_command("command -v fusermount3").exit_code != 0) {
            std::cout << "skipped: fusermount3 is not installed\n";
            return false;
        }
        return true;
    }();
    return possible;
}

bool can_mount_as_root() {
    if (!can_mount()) return false;
    if (::geteuid() == 0) return true;
    std::cout << "skipped: needs root: " << Catch::getResultCapture().getCurrentTestName() << "\n";
    return false;
}

watchdog::watchdog(std::filesystem::path mountpoint, std::chrono::seconds at_most)
    : thread_([this, mountpoint = std::move(mountpoint), at_most] {
          std::unique_lock lock(mutex_);
          if (done_.wait_for(lock, at_most * time_factor, [this] { return finished_; })) return;
          std::cerr << "a mount test hangs: " << mountpoint << std::endl;
          ::umount2(mountpoint.c_str(), MNT_FORCE);
          ::umount2(mountpoint.c_str(), MNT_DETACH);
          ::_exit(99);
      }) {}

watchdog::~watchdog() {
    {
        const std::lock_guard lock(mutex_);
        finished_ = true;
    }
    done_.notify_all();
    thread_.join();
}

mounted_tree::mounted_tree(const std::function<void(fuse::mount_options&)>& set,
                           const std::function<void(tree::fixed_directory&)>& prepare)
    : guard(directory.path() / "mnt"),
      growing(views, directory.path() / "growing.jsonl"),
      closed(views, directory.path() / "closed.jsonl"),
      root(std::make_shared<tree::fixed_directory>()) {
    closed.append(numbered_text(300'000));
    closed.close();
    auto logs = std::make_shared<tree::fixed_directory>();
    logs->add("today.jsonl", [this] { return growing.node(); });
    logs->add("yesterday.jsonl", [this] { return closed.node(); });
    const wall_time changed(std::chrono::seconds(1'700'000'000));
    root->add("logs", [logs, changed] { return tree::node{logs, changed}; });
    root->add("texts", [this, changed] { return tree::node{texts, changed}; });
    root->add("latest", [this, changed] {
        return tree::node{tree::link{"texts/day-" + std::to_string(day)}, changed};
    });
    if (prepare) prepare(*root);

    fuse::mount_options options;
    options.mountpoint = directory.path() / "mnt";
    std::filesystem::create_directory(options.mountpoint);
    if (set) set(options);
    mount = std::make_unique<fuse::mount>(options, root, views);
    views.run_there([] {});  // what the mount asked for by itself has been answered
}

mounted_tree::~mounted_tree() {
    mount.reset();
}

command_result run_command(const std::string& command) {
    command_result result;
    FILE* pipe = ::popen(("{ " + command + "\n} 2>&1").c_str(), "re");
    if (pipe == nullptr) throw std::system_error(errno, std::generic_category(), "popen");
    char buffer[4096];
    for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
        result.output.append(buffer, got);
    }
    const int status = ::pclose(pipe);
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

std::string read_rest(int descriptor, std::size_t buffer_bytes) {
    std::string text;
    std::string buffer(buffer_bytes, '\0');
    for (;;) {
        const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
        if (got < 0) throw std::system_error(errno, std::generic_category(), "read");
        if (got == 0) return text;
        text.append(buffer, 0, static_cast<std::size_t>(got));
    }
}

std::string read_through(const std::string& path, std::size_t buffer_bytes) {
    const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) throw std::system_error(errno, std::generic_category(), path);
    return read_rest(file.get(), buffer_bytes);
}

std::uint64_t stat_size(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        throw std::system_error(errno, std::generic_category(), path);
    }
    return static_cast<std::uint64_t>(status.st_size);
}

int open_error(const std::string& path, int flags) {
    const unique_fd file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
    return file ? 0 : errno;
}

}  // namespace tallyfs::test
