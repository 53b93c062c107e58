// Files by descriptor: ownership, whole reads and writes, replacement that survives a crash.
// Source: open(2), write(2), rename(2), fsync(2).
#pragma once

#include <tallyfs/base/error.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace tallyfs {

/// Owns a file descriptor; closes it. Movable, not copyable.
class unique_fd {
  public:
    unique_fd() = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    ~unique_fd() { reset(); }
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept;

  private:
    int fd_ = -1;
};

/// open(2) with O_CLOEXEC, restarted when interrupted.
[[nodiscard]] result<unique_fd> open_file(const std::filesystem::path& path, int flags,
                                          unsigned mode = 0600);
/// The whole file; error::message_size if it is longer than `bytes_max`.
[[nodiscard]] result<std::string> read_file(const std::filesystem::path& path,
                                            std::size_t bytes_max);
/// Up to `bytes` from `offset`; fewer only at the end of the file.
[[nodiscard]] result<std::string> read_at(int fd, std::uint64_t offset, std::size_t bytes);
/// All of `content`, restarted after short writes. On error an unknown part was written.
[[nodiscard]] result<void> write_all(int fd, std::string_view content);
/// Writes a new file beside `path`, syncs it, renames it over `path`, syncs the directory:
/// after a crash there is the old content or the new, never a mixture.
[[nodiscard]] result<void> replace_file(const std::filesystem::path& path, std::string_view content,
                                        unsigned mode = 0600);
/// Makes names created or removed in `directory` survive a power cut.
[[nodiscard]] result<void> sync_directory(const std::filesystem::path& directory);

}  // namespace tallyfs
