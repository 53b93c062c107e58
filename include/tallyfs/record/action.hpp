// One change, request, decision or effect as a line of the `actions` stream, and back.
// Format: docs/formats.md, "An action's line".
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/record/chain_link.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::record {

/// The longest `detail`: with the other fields it fits into a line of the journal.
inline constexpr std::size_t action_detail_bytes_max = 12 * 1024;

/// Who did it, and how that is known.
struct actor {
    std::string by = "tallyfs";        ///< a person's name, "uid:1000", or "tallyfs" itself
    std::string known_by = "daemon";   ///< uid, token, sso, chat, policy, daemon
    std::optional<std::uint32_t> uid;  ///< of the process that wrote, where the kernel told

    bool operator==(const actor&) const = default;
};

/// Strings are any bytes: they are made valid UTF-8 and cut to limits::label_bytes_max.
struct action {
    wall_time time{};          ///< when the line was appended
    std::uint64_t number = 0;  ///< of the line in its chain, from 1
    std::string previous;      ///< SHA-256 of the line before: 64 hexadecimal digits
    std::string node;          ///< name of this daemon's host
    std::string event;         ///< "setting.changed", "approval.decided", …
    std::string subject;       ///< what it is about: "log_level", "0042"
    record::actor actor;
    std::string detail = "{}";  ///< a JSON object, its fields depend on `event`

    bool operator==(const action&) const = default;
};

/// Appends the line with its newline. Throws std::length_error for a `detail` that is longer than
/// action_detail_bytes_max or no object: who makes one bounds it.
void append_line(std::string& out, const action& a);

/// Reads a line, with or without its newline; unknown fields are ignored. Errors:
/// record_errc::not_json, missing_field, bad_value.
[[nodiscard]] result<action> parse_action(std::string_view line);

}  // namespace tallyfs::record
