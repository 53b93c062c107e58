// A database's schema as text, the state of it that people have accepted, and what differs from
// it. Formats: docs/databases.md, "Schema and migrations"; docs/formats.md, "Registered schemas".
#pragma once

#include <tallyfs/health/finding.hpp>
#include <tallyfs/health/snapshot.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// schema.sql: one item a block, its kind and name on a line of its own before it. The same items
/// give the same text, whenever and wherever it is made.
[[nodiscard]] std::string schema_text(std::span<const schema_item> items);

/// SHA-256 over all items, as the server makes it (snapshot::schema_fingerprint). `items` sorted.
[[nodiscard]] std::string fingerprint_of(std::span<const schema_item> items);

/// The state that a schema is measured by: the first that was seen, or one that was accepted.
struct registered_schema {
    std::string database;  ///< "prod/orders-cl/app"
    wall_time since{};
    std::string why;          ///< "seen first", "request 0042", "migrations 20260102030405"
    std::string fingerprint;  ///< of `items`
    std::vector<schema_item> items;
    std::vector<std::string> applied;  ///< versions in schema_migrations then, sorted
    /// SHA-256 of the files of applied versions, when they were applied or first seen to be.
    std::map<std::string, std::string> checksums;
    /// Whether it was something else at the last look: what follows must not hide it.
    bool drifted = false;

    bool operator==(const registered_schema&) const = default;
};

/// Its file: one JSON object.
[[nodiscard]] std::string to_json(const registered_schema& state);
/// nullopt for anything that to_json() did not write.
[[nodiscard]] std::optional<registered_schema> parse_registered_schema(std::string_view json);

struct drift_counts {
    std::int64_t added = 0;
    std::int64_t removed = 0;
    std::int64_t changed = 0;

    [[nodiscard]] bool none() const { return added == 0 && removed == 0 && changed == 0; }
};
/// Both sorted.
[[nodiscard]] drift_counts count_drift(std::span<const schema_item> registered,
                                       std::span<const schema_item> now);

/// What is shown of a difference: more than anybody reads, and little for 300 databases.
inline constexpr std::size_t drift_bytes_max = 64 * 1024;
/// drift.diff: what was added (+), removed (-) and changed (both) since, item by item; "" if
/// nothing was. What is too long ends in a line that says how many items it leaves out.
[[nodiscard]] std::string drift_diff(const registered_schema& registered, const snapshot& now,
                                     std::size_t bytes_max = drift_bytes_max);

/// "schema_drift": the schema is not the registered one, and no migration says why. nullopt: it is,
/// or it could not be read.
[[nodiscard]] std::optional<finding> drift_finding(const registered_schema& registered,
                                                   const snapshot& now);

/// The state once migrations were applied, between `before` and `now`: what they changed is
/// registered; what had drifted before them still has. `before` sorted.
[[nodiscard]] registered_schema after_migrations(registered_schema registered,
                                                 std::span<const schema_item> before,
                                                 const snapshot& now);

}  // namespace tallyfs::health
