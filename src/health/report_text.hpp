// What the reports for people share: lines of at most 80 columns, and findings in order.
// Example of a whole one: tests/health/report_status.cpp.
#pragma once

#include <tallyfs/health/watched.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// `left`, cut where it must be, and `right` at the end of the 80 columns.
[[nodiscard]] std::string title_line(std::string_view left, std::string_view right);
/// Appends `text` in lines of at most 80 columns, the first behind `first`, the others behind
/// `rest`, by default as many blanks. A word that is too long for a line is cut and ends in '~'.
void append_paragraph(std::string& out, std::string_view first, std::string_view text,
                      std::string_view rest = {});
/// The same behind a label of 13 columns: "LOAD         ".
void append_labelled(std::string& out, std::string_view label, std::string_view text);

/// "Fri 2026-11-20 13:31:02 CET"
[[nodiscard]] std::string moment_text(wall_time time);
/// "11-20 13:31"
[[nodiscard]] std::string short_moment_text(wall_time time);
/// "since 09:51", on another day than `now` "for 14 h 10 min", "for 133 days".
[[nodiscard]] std::string since_text(wall_time since, wall_time now);
/// "3 days", "12 min": how long ago `then` was, never negative.
[[nodiscard]] std::string age_text(wall_time then, wall_time now);

struct counts {
    std::int64_t critical = 0;
    std::int64_t warning = 0;
    std::int64_t info = 0;
    std::int64_t muted = 0;

    void add(const standing_finding& one);
};
/// "0 CRIT 2 WARN 1 INFO", and "3 MUTED" if there are.
[[nodiscard]] std::string counts_text(const counts& of);
/// "CRIT", "WARN", "INFO"
[[nodiscard]] std::string_view label_of(severity value) noexcept;

/// Those that are not muted first, else as they stand: the worst first.
[[nodiscard]] std::vector<const standing_finding*> in_order(const watched_server& server);
/// Those of one database; with an empty name those of the server as a whole.
[[nodiscard]] std::vector<const standing_finding*> in_order(const watched_server& server,
                                                            std::string_view database);

/// Why it cannot be looked at now: the server's reason, else the database's; null: it can.
[[nodiscard]] const reachability* failing(const watched_server& server,
                                          const watched_database& one) noexcept;
/// In a word, from the one that needs nobody to the one that needs somebody most.
enum class database_state : std::uint8_t { off, fine, fresh, info, warning, critical, down };
[[nodiscard]] std::string_view to_string(database_state value) noexcept;  ///< "OFF", "OK", …
/// `found`: its own findings.
[[nodiscard]] database_state state_of(const watched_server& server, const watched_database& one,
                                      const counts& found);
/// The moment that the figures are of: of the newest look, else of the last try.
[[nodiscard]] wall_time time_of(const watched_server& server);

/// "orders", and in quotes for a shell where it would mean something else.
[[nodiscard]] std::string shell_word(std::string_view text);

struct finding_style {
    std::string_view place;  ///< before the title; "" for none
    bool brief = false;      ///< without its lines
};
/// What is wrong, whom it is about, and what to do.
void append_finding(std::string& out, const standing_finding& one, wall_time now,
                    const finding_style& how);

}  // namespace tallyfs::health
