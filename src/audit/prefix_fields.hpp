// The fields of a log_line_prefix, and how each is told in a line.
// Format: PostgreSQL, "log_line_prefix".
#pragma once

#include <cstddef>
#include <string_view>

namespace tallyfs::audit {

/// What a line's prefix says; texts refer to the line.
struct prefix_fields {
    std::string_view time;
    std::string_view epoch;  ///< where the prefix has %n
    std::string_view user;
    std::string_view database;
    std::string_view pid;
    std::string_view remote;
    std::string_view session;
    std::string_view line;
    std::string_view sqlstate;
    std::string_view application;
    std::string_view backend_type;
    std::string_view severity;
    std::size_t names_begin = 0;  ///< where the first text stands that a client has chosen
    std::size_t message = 0;      ///< where the message begins
};

/// How many bytes the field of an escape of a fixed form (%m, %p, …) has at the front of `text`;
/// npos: it is none.
[[nodiscard]] std::size_t fixed_field_bytes(char escape, std::string_view text) noexcept;
/// Fills in what `escape` stands for; nothing for escapes that are not looked at.
void set_field(prefix_fields& into, char escape, std::string_view text) noexcept;

/// "LOG", "ERROR", "STATEMENT": the words that stand between prefix and message.
[[nodiscard]] bool is_severity(std::string_view word) noexcept;
/// "FEHLER", "ERREUR ": capitals and letters that are not ASCII.
[[nodiscard]] bool is_foreign_severity(std::string_view word) noexcept;
/// What stands behind each of them.
inline constexpr std::string_view severity_end = ":  ";

}  // namespace tallyfs::audit
