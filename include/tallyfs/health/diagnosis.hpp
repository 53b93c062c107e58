// What could be the cause of a symptom, and what speaks for it or against it: of now, and of a
// minute in the past. Pure. Table of hypotheses: docs/databases.md, "History and diagnosis".
#pragma once

#include <tallyfs/health/activity.hpp>
#include <tallyfs/health/day_figures.hpp>
#include <tallyfs/health/thresholds.hpp>
#include <tallyfs/health/watched.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// `unknown` where a figure is missing: nothing is guessed.
enum class verdict : std::uint8_t { confirmed, ruled_out, unknown };
[[nodiscard]] std::string_view to_string(verdict value) noexcept;  ///< "ruled out"

struct hypothesis {
    std::string_view symptom;  ///< "slow writes"
    std::string text;          ///< "each row is a commit of its own"
    health::verdict verdict = health::verdict::unknown;
    std::string proof;  ///< the figure: "1.01 rows a commit at 825/s"; why it is unknown
};

/// What the files hold of a minute of a database.
struct past_minute {
    /// nullopt: nobody looked at it then, or it is not kept any more.
    std::optional<activity> figures;
    bool quiet = false;  ///< it was looked at, and nothing happened in it
    /// The tables in which most changed, and the statements that took most time, on its day; those
    /// of an open day so far.
    std::vector<table_day> tables;
    std::vector<statement_day> statements;
};

/// What a diagnosis rests on. What it points at outlives it.
struct diagnosis_inputs {
    std::string place;     ///< "prod/orders-cl/app"
    std::string database;  ///< its name in the server
    thresholds limits;
    activity figures;
    // Of now; nullptr for the past, and where there was no look yet.
    const health::sample* sample = nullptr;
    const snapshot* full = nullptr;
    const snapshot* full_before = nullptr;
    const std::vector<standing_finding>* findings = nullptr;
    // Of the past.
    const past_minute* past = nullptr;
    wall_time asked{};
};

/// Of now. `recent` is the last minute of its activity, for what is a rate: history::recent().
[[nodiscard]] diagnosis_inputs inputs_now(const watched_server& server,
                                          const watched_database& database,
                                          const std::optional<activity>& recent,
                                          const thresholds& limits);
/// Of the minute that holds `asked`.
[[nodiscard]] diagnosis_inputs inputs_past(const cluster_id& server, const std::string& database,
                                           wall_time asked, const past_minute& past,
                                           const thresholds& limits);

/// By symptom, always all of them.
[[nodiscard]] std::vector<hypothesis> hypotheses(const diagnosis_inputs& inputs);
/// The same as Markdown, with what it rests on.
[[nodiscard]] std::string diagnosis(const diagnosis_inputs& inputs);
/// "locks (0 waiting), xmin (oldest 2,911 tx), wraparound (9%)", in at most 67 columns; "" if
/// nothing is.
[[nodiscard]] std::string ruled_out(const diagnosis_inputs& inputs);

}  // namespace tallyfs::health
