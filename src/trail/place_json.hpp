// What the places of all sources share: JSON that is read strictly, with names that are bytes.
// Format: docs/audit.md, "Following files".
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tallyfs::trail::place_json {

using nlohmann::ordered_json;

/// Throws std::invalid_argument, as everything that reads does here.
[[noreturn]] void refuse(const std::string& what);

/// Names are bytes, and JSON has characters: each byte is one of the first 256.
[[nodiscard]] std::string as_characters(const std::string& name);
[[nodiscard]] std::string as_bytes(const std::string& text);

/// An object whose `v` is `version`.
[[nodiscard]] ordered_json read_place(std::string_view text, std::size_t bytes_max, int version);
[[nodiscard]] const ordered_json& field(const ordered_json& of, const char* name);
[[nodiscard]] std::uint64_t number(const ordered_json& of, const char* name);
[[nodiscard]] std::int64_t time(const ordered_json& of, const char* name);
[[nodiscard]] std::string text(const ordered_json& of, const char* name);
/// The name of a directory's entry.
[[nodiscard]] std::string file_name(const ordered_json& of, const char* name);

}  // namespace tallyfs::trail::place_json
