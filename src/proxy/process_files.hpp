// Reading /proc and directories like it, without ever failing loudly.
// Format: proc(5). A process that is gone, or that we may not look at, is simply not there.
#pragma once

#include <tallyfs/base/file.hpp>

#include <cstdint>
#include <dirent.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::proxy {

/// A directory of /proc/<pid>, held open: it stays that process's, also when the process ends and
/// its number goes to another one (then reading below it fails).
struct process_directory {
    std::int64_t pid = 0;
    std::uint32_t uid = 0;  ///< effective uid; 0 of a process that must not be dumped
    unique_fd directory;

    [[nodiscard]] static std::optional<process_directory> open(std::int64_t pid);
    /// Up to `bytes_max` of a file; "" if it cannot be read.
    [[nodiscard]] std::string read(const char* name, std::size_t bytes_max) const;
    /// Where a link points; "" if it cannot be read.
    [[nodiscard]] std::string link(const char* name) const;
};

/// The names in a directory, one at a time, without "." and "..".
class directory_names {
  public:
    /// `fd` stays the caller's. Without a directory there are simply no names.
    directory_names(int fd, const char* path);
    /// nullptr at the end. Valid until the next call.
    [[nodiscard]] const dirent* next();
    /// Where a link of that name points; "" if it cannot be read.
    [[nodiscard]] std::string link(const char* name) const;

  private:
    struct closer {
        void operator()(DIR* directory) const { ::closedir(directory); }
    };
    std::unique_ptr<DIR, closer> directory_;
};

/// The process number that a name in /proc stands for.
[[nodiscard]] std::optional<std::int64_t> parse_pid(std::string_view name);

/// The number in "socket:[42]" or "net:[42]"; nullopt for a link of another kind.
[[nodiscard]] std::optional<std::uint64_t> number_in_link(std::string_view link,
                                                          std::string_view kind);

/// process_name() of proc's files.
[[nodiscard]] std::string name_of(const process_directory& process);

}  // namespace tallyfs::proxy
