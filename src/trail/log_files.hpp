// The files that a pattern means, oldest first, and how rotation names them.
// Source: logrotate(8), PostgreSQL 15 log_filename; openat(2), readdir(3), fnmatch(3).
#pragma once

#include <tallyfs/base/file.hpp>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::trail {

struct file_id {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const file_id&) const = default;
};

struct listed_file {
    std::string name;
    file_id id;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;  ///< since 1970, by the file system's clock
    bool is_meant = false;         ///< by the pattern; others may be ours under another name
};

/// What is named like this was written earlier: log.csv.2, log.csv.1, log.csv; by date otherwise.
/// For files of one modification time.
[[nodiscard]] bool is_named_earlier(std::string_view one, std::string_view other);
/// By modification, then by name.
[[nodiscard]] bool is_older(const listed_file& one, const listed_file& other);

/// "log.csv" of "log.csv", "log.csv.1", "log.csv-20261120" and "log.csv.2026-11-20".
[[nodiscard]] std::string_view base_of(std::string_view name) noexcept;
/// "log.csv" of "log-20261120.csv" and "log.1.csv", as logrotate's `extension` names copies; ""
/// where no date or number is before the ending. PostgreSQL names logs like this too, so what a
/// file holds has to tell.
[[nodiscard]] std::string original_of(std::string_view name);
/// Whether it is a packed file by its name: .gz, .zst, .bz2, .xz.
[[nodiscard]] bool is_packed(std::string_view name) noexcept;

/// When a directory is to be looked at again after a look that took `took`: looks at 10,000 files
/// take a part of the time only.
template <typename Duration>
[[nodiscard]] constexpr Duration until_next_look(Duration took, Duration interval) noexcept {
    constexpr int look_share = 50;
    return std::max(interval, look_share * took);
}

struct listing {
    std::vector<listed_file> files;  ///< oldest first
    bool was_seen = false;           ///< the directory could be listed
    bool is_stable = false;          ///< no file was renamed meanwhile: none was missed
    /// Earlier than the modification of whatever is written after the look.
    std::int64_t begun_ns = 0;
    std::string problem;  ///< "" or a sentence: what cannot be seen and what to do
};

/// Not thread-safe.
class log_files {
  public:
    /// More than any rotation keeps; of more that are meant, the newest are seen.
    static constexpr std::size_t files_max = 10'000;

    /// A file, a directory, or a directory with a pattern for names. `family`: "", or ".csv",
    /// ".json" or ".log": what is read of a directory, decided by the first files seen in it.
    /// `with_packed`: packed files are meant too.
    log_files(std::filesystem::path pattern, std::string family, bool with_packed);

    /// Looks. Files that are no ordinary ones are never meant.
    listing look();
    /// Opens an ordinary file for reading; never a link, and waits for nobody. Errors: those of
    /// openat(2); no_such_file_or_directory where the name is another file's by now,
    /// operation_not_permitted for what is no ordinary file.
    [[nodiscard]] result<unique_fd> open(const std::string& name, const file_id& id) const;
    /// Why it cannot be opened and what to do, in a sentence.
    [[nodiscard]] std::string problem_of(const std::string& name, const error_code& why) const;
    [[nodiscard]] const std::string& family() const noexcept { return family_; }

  private:
    void find_directory();
    bool scan(listing& made, std::string& link) const;
    [[nodiscard]] bool is_quiet(std::int64_t now) const;
    [[nodiscard]] bool is_meant(const std::string& name) const;
    void choose_family(const std::vector<listed_file>& files);
    void drop_oldest(listing& made) const;
    void explain_nothing(listing& made, const std::string& link) const;

    std::filesystem::path pattern_;
    std::filesystem::path directory_;
    std::string name_pattern_;  ///< "" for all of a directory
    std::string single_name_;
    std::string family_;
    bool with_packed_;
    unique_fd directory_fd_;
};

}  // namespace tallyfs::trail
