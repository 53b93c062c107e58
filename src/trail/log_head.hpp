// The beginning of a file as its identity: an inode is used again, and a file can be copied.
// Format of the digest: SHA-256, hexadecimal, its first 16 bytes.
#pragma once

#include <tallyfs/base/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace tallyfs::trail {

/// Log lines begin with their time: a line or two tell two files apart.
inline constexpr std::uint64_t head_bytes_max = 1024;

struct log_head {
    std::uint64_t bytes = 0;  ///< 0: of a file of which nothing was seen
    std::string digest;
    bool operator==(const log_head&) const = default;
};

/// Of the first `bytes` of a file, or as many as it has, up to head_bytes_max. Errors: those of
/// pread(2).
[[nodiscard]] result<log_head> head_of(int file, std::uint64_t bytes);
/// Of a file's first bytes; of more than head_bytes_max those.
[[nodiscard]] log_head head_of(std::string_view beginning);
/// Whether the file begins like that; true for a head of nothing, false where it cannot be read.
[[nodiscard]] bool begins_with(int file, const log_head& head);

/// The same, and takes up to `bytes` into the head where it has fewer: from one look, so that what
/// is compared is what is taken.
[[nodiscard]] bool begins_with(int file, log_head& head, std::uint64_t bytes);

}  // namespace tallyfs::trail
