// What ties a line to the one before it, at the front of every line of a chained stream.
// Format: docs/formats.md, "Chains".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::record {

/// The hash before the first line of a chain.
inline constexpr std::string_view no_line_before =
    "0000000000000000000000000000000000000000000000000000000000000000";

struct chain_link {
    wall_time time{};           ///< when the line was appended
    std::uint64_t number = 0;   ///< of the line in its chain, from 1
    std::string_view previous;  ///< SHA-256 of the line before, without its newline: 64 digits
};

/// Appends `{"v":1,"time":…,"n":…,"prev":…`: other fields and the brace follow.
void append_chain_link(std::string& out, const chain_link& link);

/// Reads it back from a line in exactly this form, the only one that is written: another order
/// would be another hash. nullopt for anything else. `previous` refers to `line`.
[[nodiscard]] std::optional<chain_link> read_chain_link(std::string_view line);

}  // namespace tallyfs::record
