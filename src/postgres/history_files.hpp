// The files of one database's history: names, appending a line, cutting off a torn one.
// Format: docs/formats.md, "Health history".
#pragma once

#include <tallyfs/base/day.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/file.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::postgres {

enum class history_kind : std::uint8_t { activity, queries, tables };
inline constexpr std::array history_kinds{history_kind::activity, history_kind::queries,
                                          history_kind::tables};

/// A file holds a line a minute, or what snapshot::tables_max allows; names can be quoted.
inline constexpr std::size_t history_file_bytes_max = 16 * 1024 * 1024;

struct history_file {
    day date;
    history_kind kind{};

    /// "2026-11-20.tables.csv"
    [[nodiscard]] std::string name() const;
    [[nodiscard]] static std::optional<history_file> parse(std::string_view name);
    [[nodiscard]] std::string_view header() const noexcept;
    auto operator<=>(const history_file&) const = default;
};

/// Those of a directory, sorted by name; none if there is no directory. Other names are passed
/// over.
[[nodiscard]] std::vector<history_file> history_files(const std::filesystem::path& directory);

/// The bytes of whole lines; a torn line behind them is cut off.
[[nodiscard]] result<std::uint64_t> cut_torn_line(int fd);
/// Adds a line with one write(2), behind the header if it is the first. What was not written whole
/// is taken back. Makes the directory. Returns the bytes that the file has then.
[[nodiscard]] result<std::uint64_t> append_line(const std::filesystem::path& path,
                                                std::string_view header, std::string_view line);
/// The whole file, "" if there is none.
[[nodiscard]] result<std::string> read_history(const std::filesystem::path& path);
/// Puts `text` in the place of the file. Makes the directory.
[[nodiscard]] result<void> replace_history(const std::filesystem::path& path,
                                           std::string_view text);

}  // namespace tallyfs::postgres
