// Something that is wrong with a database or a server, with the figures that prove it and what to
// do. Format: docs/databases.md, "Findings".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

enum class severity : std::uint8_t { info, warning, critical };
[[nodiscard]] std::string_view to_string(severity value) noexcept;  ///< "info", "warning", …

/// A figure that a verdict rests on.
struct figure {
    std::string name;  ///< "dead_rows", "age_seconds": units last, as in a CSV's header
    double value = 0;

    bool operator==(const figure&) const = default;
};

/// Rows that show whom it is about: pids, tables, slots. At most evidence_rows_max.
struct evidence {
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
    std::int64_t rows_total = 0;  ///< as many as there are

    bool operator==(const evidence&) const = default;
};
inline constexpr std::size_t evidence_rows_max = 20;

/// What would help. `kind` and `parameters` are those of a request for approval (remedy.hpp); ""
/// where only people can do it.
struct remedy {
    std::string advice;  ///< one sentence: "batch 500 rows a transaction (in the application)"
    std::string kind;    ///< "pg-table-options", "pg-vacuum", "pg-terminate", …
    std::map<std::string, std::string> parameters;
    std::string sql;   ///< what it would run, for recommendations.sql
    std::string undo;  ///< "" if it cannot be undone

    bool operator==(const remedy&) const = default;
};

struct finding {
    std::string rule;      ///< "dead_ratio": its name in thresholds and mutes
    std::string database;  ///< "": it is about the whole server
    std::string subject;   ///< what, within that: "public.orders", "slot debezium", "role app"
    health::severity severity = health::severity::info;
    std::string title;               ///< "autovacuum late", at most 40 columns
    std::string figures_text;        ///< one line for people: "124M dead of 747M (16.6%)"
    std::vector<std::string> lines;  ///< more for people, at most 4, without SQL literals
    std::vector<figure> figures;
    health::evidence evidence;
    health::remedy remedy;
    wall_time since{};  ///< when it began, as far as the figures tell; else when it was first seen

    /// What makes it the same finding at the next look.
    [[nodiscard]] std::string key() const { return rule + "|" + database + "|" + subject; }
    bool operator==(const finding&) const = default;
};

}  // namespace tallyfs::health
