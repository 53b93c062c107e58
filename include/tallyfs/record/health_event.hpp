// One change of what is wrong with a PostgreSQL server, as a line of the `health` stream, and back.
// Format: docs/formats.md, "A health event's line".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/uuid.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyfs::record {

/// More figures than a finding has; the rest is left out of the line.
inline constexpr std::size_t event_figures_max = 32;
/// Names of databases (63 bytes) and what a finding is about, also where each byte takes six.
inline constexpr std::size_t event_name_bytes_max = 1024;

/// Texts are any bytes: they are made valid UTF-8 and bounded. No text holds SQL.
struct health_event {
    wall_time time{};  ///< when the line was appended
    uuid id;
    std::string node;   ///< name of this daemon's host
    std::string event;  ///< "finding.opened", "server.unreachable", …
    std::string environment;
    std::string cluster;
    std::string database;  ///< "": it is about the whole server
    std::string rule;      ///< "" where it is about no finding, as all up to `muted_by`
    std::string subject;
    std::string severity;
    std::string title;
    std::vector<std::pair<std::string, double>> figures;
    std::optional<wall_time> since;  ///< when it began
    std::string severity_before;     ///< where that is what changed
    std::string look;                ///< "sample" or "snapshot": what saw it
    std::string text;                ///< the figures for people
    std::string advice;
    std::string muted_by;
    std::string problem;  ///< why it cannot be reached, or why nobody looks any more

    bool operator==(const health_event&) const = default;
};

/// Appends the line with its newline, always shorter than limits::line_bytes_max.
void append_line(std::string& out, const health_event& e);

/// Reads a line, with or without its newline, its fields in any order; unknown ones are ignored.
/// Errors: record_errc::not_json, missing_field, bad_value.
[[nodiscard]] result<health_event> parse_health_event(std::string_view line);

}  // namespace tallyfs::record
