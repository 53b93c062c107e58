// The state directory: made, locked against a second daemon, and marked with its format.
// Format: docs/formats.md, "State directory".
#pragma once

#include <tallyfs/base/file.hpp>

#include <filesystem>
#include <string>

namespace tallyfs::journal {

/// The version of everything below the state directory, in its file FORMAT.
inline constexpr int format_version = 1;

class state_directory {
  public:
    /// Creates `path` (mode 0700) if needed, takes the lock and checks FORMAT. Throws
    /// startup_error: not writable, locked (with the pid that holds it), a newer format.
    explicit state_directory(std::filesystem::path path);

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    /// The key of prompt_hash, 32 random bytes kept in `<state>/prompt-hash.key`, mode 0600.
    /// Made at the first start. Throws startup_error.
    [[nodiscard]] std::string prompt_hash_key() const;
    /// The same of the links in direct messages: `<state>/answers.key`.
    [[nodiscard]] std::string answers_key() const;
    /// The zone in which days turn: `<state>/day_zone`. With `configured` empty the remembered
    /// one, or at the first start the host's; otherwise `configured`, remembered. Throws
    /// startup_error if it cannot be kept.
    [[nodiscard]] std::string day_zone(const std::string& configured) const;

  private:
    void take_lock();
    void check_format() const;

    std::filesystem::path path_;
    unique_fd lock_;
};

}  // namespace tallyfs::journal
