// Where following files goes on after a restart: which files were read, and up to where.
// Format: docs/audit.md, "Following files"; JSON.
#pragma once

#include "trail/log_files.hpp"
#include "trail/log_head.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::trail {

struct placed_file {
    std::string name;
    file_id id;
    std::uint64_t offset = 0;
    std::int64_t modified_ns = 0;
    log_head head;
    bool operator==(const placed_file&) const = default;
};

struct file_place {
    /// More than are read at a time, and than are rotated in a while without us.
    static constexpr std::size_t files_max = 64;
    static constexpr std::size_t bytes_max = std::size_t{256} << 10;

    std::string family;
    /// What is not in `files` and was not written after this has been read.
    std::int64_t listed_ns = 0;
    /// Reading goes on with the first one, if there is one.
    std::vector<placed_file> files;
    bool operator==(const file_place&) const = default;
};

[[nodiscard]] std::string to_json(const file_place& place);
/// Throws std::invalid_argument for a text that to_json() does not write.
[[nodiscard]] file_place parse_file_place(std::string_view text);

}  // namespace tallyfs::trail
