// Captures on the disk: a directory a day, in it one a call.
// Format: docs/formats.md, "Captures".
#pragma once

#include <tallyfs/base/day.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/uuid.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::capture {

/// Which captures are meant: what is given has to hold.
struct selection {
    std::optional<day> date;
    std::optional<uuid> id;
    std::string service;             ///< "" any
    std::optional<wall_time> until;  ///< of calls that began before
};

struct amount {
    std::uint64_t captures = 0;
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};

/// Any thread: a capture appears and goes as a whole, by rename(2).
class shelf {
  public:
    explicit shelf(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// The day under which the capture of a call stands: the one in which the call began.
    [[nodiscard]] static day day_of(const uuid& id) { return zone::day_of(id.time()); }
    [[nodiscard]] std::filesystem::path path_of(day date) const;
    /// Where the capture of this call is; nullopt if there is none. Days turn elsewhere since the
    /// zone was changed: the days beside are looked at as well.
    [[nodiscard]] std::optional<std::filesystem::path> find(const uuid& id) const;

    /// Writes all files of a capture, or leaves nothing. Errors: those of the file system;
    /// no_space_on_device already while others still have room for what matters more.
    [[nodiscard]] result<void> put(const uuid& id, const std::map<std::string, std::string>& files);
    /// Ascending. What cannot be read is empty.
    [[nodiscard]] std::vector<day> days() const;
    /// Ascending; at most `count_max`, the newest ones.
    [[nodiscard]] std::vector<uuid> ids(day date, std::size_t count_max) const;
    [[nodiscard]] amount count(const selection& wanted) const;
    /// Deletes them and says how many; a day without captures goes as well. Error: of the first
    /// one that could not be deleted; the others are.
    [[nodiscard]] result<std::uint64_t> remove(const selection& wanted);
    /// At start: what a killed process left half written or half deleted.
    void clear_leftovers();

  private:
    [[nodiscard]] std::vector<std::filesystem::path> find(const selection& wanted) const;

    const std::filesystem::path directory_;
};

}  // namespace tallyfs::capture
