#include "postgres/schema_look.hpp"

#include "postgres/queries.hpp"

#include <tallyfs/base/sql_quote.hpp>
#include <tallyfs/health/schema.hpp>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

constexpr auto tables_sql = R"sql(
SELECT n.nspname FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version' AND NOT a.attisdropped
 WHERE c.relname = 'schema_migrations' AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'
 ORDER BY n.nspname <> 'public', n.nspname)sql";

std::string text_of(const connection::row& row, std::size_t column) {
    return column < row.size() ? row[column].value_or("") : "";
}

}  // namespace

std::string migrations_table::name() const {
    return quoted_identifier(schema) + ".schema_migrations";
}

bool migrations_table::has(std::string_view version) const {
    return std::ranges::find(versions, version) != versions.end();
}

outcome<migrations_table> look_at_migrations(connection& on) {
    const auto places = on.read(tables_sql);
    if (!places) return places.error();
    migrations_table found;
    if (places->empty()) return found;
    found.schema = text_of(places->front(), 0);
    if (places->size() > 1 && found.schema != "public") {
        return failure{"", "there is a schema_migrations in " + found.schema + ", in " +
                               text_of((*places)[1], 0) + " and none in public: which one counts?"};
    }
    found.exists = true;
    const auto versions = on.read(queries::migrations(found.name()));
    if (!versions && versions.error().sqlstate == "42501") {
        return failure{"42501", found.name() + " may not be read: GRANT SELECT ON " + found.name() +
                                    " to the role that looks"};
    }
    if (!versions) return versions.error();
    for (const auto& row : *versions) found.versions.push_back(text_of(row, 0));
    return found;
}

outcome<health::snapshot> look_at_schema(connection& on, wall_time now) {
    health::snapshot seen;
    seen.taken = now;
    // First what is applied: a migration that comes in between is seen as one the next time.
    auto table = look_at_migrations(on);
    if (!table && table.error().connection_lost) return table.error();
    seen.has_migrations_table = !table || table->exists;
    if (table) {
        seen.applied_migrations = std::move(table->versions);
    } else {
        seen.missing.push_back("schema_migrations: " + table.error().what);
    }
    const auto items = on.read(queries::schema_items());
    if (!items) return items.error();
    for (const auto& row : *items) {
        seen.schema.push_back({text_of(row, 0), text_of(row, 1), text_of(row, 2)});
    }
    std::ranges::sort(seen.schema);
    seen.schema_fingerprint = health::fingerprint_of(seen.schema);
    return seen;
}

}  // namespace tallyfs::postgres
