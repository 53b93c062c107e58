// A text of several SQL statements: where each begins and ends, and which names stand in it.
// Source: PostgreSQL, "Lexical Structure"; psql splits in the same way (psqlscan.l).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

struct sql_statement {
    std::string_view text;  ///< from its first word on, without the semicolon
    std::size_t line = 0;   ///< of its first word, from 1
};

/// The statements of `sql`, which outlives the result. A semicolon in a literal, a comment,
/// brackets or a body from BEGIN ATOMIC to END does not part them. What is never closed reaches to
/// the end. Linear time.
[[nodiscard]] std::vector<sql_statement> statements_of(std::string_view sql);

/// Whether a statement begins or ends a transaction: BEGIN, COMMIT, ROLLBACK, PREPARE TRANSACTION.
/// ROLLBACK TO a savepoint does not.
[[nodiscard]] bool controls_transaction(std::string_view statement);

/// A name as it stands in SQL, folded as the server does: "orders", or "sales" and "orders" of
/// sales."orders".
struct sql_name {
    std::string schema;  ///< what stands before a dot: it can be a table as well; "" if none does
    std::string name;

    auto operator<=>(const sql_name&) const = default;
};
inline constexpr std::size_t sql_names_max = 1000;
/// All names in `sql`, sorted, each once, key words among them; at most sql_names_max. Of
/// a.b.c both a.b and b.c are names: a table of a schema, or a column of a table.
[[nodiscard]] std::vector<sql_name> names_in(std::string_view sql);

}  // namespace tallyfs::health
