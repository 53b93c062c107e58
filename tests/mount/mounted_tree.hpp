// A mount to test with: a tree of every kind of node, mounted in a directory of its own, with a
// watchdog; and what programs do with files. Source: the system calls of the same names.
#pragma once

#include "support/temporary_directory.hpp"
#include "synthetic.hpp"

#include <tallyfs/fuse/mount.hpp>

#include <string>

namespace tallyfs::test {

/// Whether this machine lets us mount; says why not once. A test that needs it ends if not.
[[nodiscard]] bool can_mount();
/// The same, and we are root: for tests of what only root may do or is told.
[[nodiscard]] bool can_mount_as_root();

/// Ends the program when a test takes too long. The mount is aborted first: a process that
/// waits for a FUSE answer cannot be killed otherwise.
class watchdog {
  public:
    explicit watchdog(std::filesystem::path mountpoint,
                      std::chrono::seconds at_most = std::chrono::seconds(90));
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

  private:
    std::mutex mutex_;
    std::condition_variable done_;
    bool finished_ = false;
    std::thread thread_;
};

struct mounted_tree {
    /// `prepare` may add names to the root.
    explicit mounted_tree(const std::function<void(fuse::mount_options&)>& set = {},
                          const std::function<void(tree::fixed_directory&)>& prepare = {});
    ~mounted_tree();

    [[nodiscard]] std::string path(const std::string& below) const {
        return (directory.path() / "mnt" / below).string();
    }

    temporary_directory directory;
    watchdog guard;
    queue_views views;
    std::shared_ptr<changing_directory> texts = std::make_shared<changing_directory>(views);
    appended_log growing;     ///< "logs/today.jsonl"
    appended_log closed;      ///< "logs/yesterday.jsonl"
    std::atomic<int> day{1};  ///< "latest" leads to "texts/day-N"
    std::shared_ptr<tree::fixed_directory> root;
    std::unique_ptr<fuse::mount> mount;
};

struct command_result {
    int exit_code = -1;
    std::string output;  ///< stdout and stderr
};
/// Runs it in a shell.
command_result run_command(const std::string& command);

/// What read(2) gives with this buffer, until it gives nothing. Throws std::system_error.
[[nodiscard]] std::string read_through(const std::string& path, std::size_t buffer_bytes = 65'536);
[[nodiscard]] std::string read_rest(int descriptor, std::size_t buffer_bytes = 65'536);
[[nodiscard]] std::uint64_t stat_size(const std::string& path);
/// The errno of open(2), 0 if it succeeded.
[[nodiscard]] int open_error(const std::string& path, int flags = 0);

}  // namespace tallyfs::test
