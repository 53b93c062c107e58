// A tree mounted with FUSE. Protocol: libfuse 3 low-level API; the measured rules that the
// implementation follows are in docs/fuse.md.
#pragma once

#include <tallyfs/tree/node.hpp>
#include <tallyfs/tree/view_thread.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace tallyfs::fuse {

struct mount_options {
    std::filesystem::path mountpoint;
    bool allow_other = false;  ///< others may read too; permissions are checked by the kernel
    unsigned workers = 2;      ///< threads that read requests; none of them ever waits
    std::size_t rendered_bytes_max = std::size_t{64} << 20;  ///< cache of rendered files
    bool passthrough = true;       ///< for closed logs, where kernel and privilege allow
    std::string name = "tallyfs";  ///< shown by df and mount
};

/// Undoes what a killed daemon left: if `mountpoint` is a dead FUSE mount of ours (ENOTCONN), it
/// is unmounted lazily; nothing happens otherwise. True if there was one. Throws startup_error
/// if it cannot be unmounted. Call before anything else touches the mountpoint.
bool recover_stale_mount(const std::filesystem::path& mountpoint);

class mount {
  public:
    /// Mounts and starts the workers. Throws startup_error with what to do: the mountpoint does
    /// not exist, is not a directory, is not empty, is in use; no /dev/fuse; no fusermount3;
    /// user_allow_other missing in /etc/fuse.conf. `root` and `views` outlive the mount.
    mount(mount_options options, std::shared_ptr<const tree::directory> root,
          tree::view_thread& views);
    /// Unmounts: see stop().
    ~mount();
    mount(const mount&) = delete;
    mount& operator=(const mount&) = delete;

    /// Tells the notifier that a log may have grown. Any thread, returns at once, never blocks.
    void logs_changed() noexcept;

    /// Unmounts, lazily if a file is still open, and ends the workers; parked requests are
    /// answered EIO. Nothing of `root` is used afterwards: a job that the view thread is running
    /// is waited for. Any thread but the view thread; idempotent.
    void stop();

    /// Calls `ended` from another thread if the mount ends without stop() (umount by someone).
    void on_ended(std::function<void()> ended);

    /// Whether closed logs are served by the kernel without us.
    [[nodiscard]] bool passthrough_active() const noexcept;

  private:
    class session;
    std::unique_ptr<session> session_;
};

}  // namespace tallyfs::fuse
