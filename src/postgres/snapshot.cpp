#include "postgres/answers.hpp"
#include "postgres/look.hpp"
#include "postgres/queries.hpp"

#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/health/schema.hpp>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

constexpr std::size_t statement_query_bytes_max = 2'000;

health::table table_of(fields& in) {
    health::table one;
    one.oid = in.number<std::uint32_t>();
    one.schema = in.text();
    one.name = in.text();
    one.root = in.text();
    one.row_estimate = in.number<double>();
    one.bytes = in.number();
    one.live_rows = in.number();
    one.dead_rows = in.number();
    one.inserted_since_vacuum = in.count();
    one.changed_since_analyze = in.number();
    one.inserted = in.number();
    one.updated = in.number();
    one.deleted = in.number();
    one.updated_hot = in.number();
    one.sequential_scans = in.number();
    one.index_scans = in.number();
    one.last_vacuum = in.moment();
    one.last_autovacuum = in.moment();
    one.last_analyze = in.moment();
    one.last_autoanalyze = in.moment();
    one.xid_age = in.number();
    one.mxid_age = in.number();
    one.toast_xid_age = in.number();
    one.options = in.list();
    return one;
}

health::role role_of(fields& in) {
    health::role one;
    one.name = in.text();
    one.can_login = in.flag();
    one.superuser = in.flag();
    one.creates_roles = in.flag();
    one.creates_databases = in.flag();
    one.replicates = in.flag();
    one.bypasses_row_security = in.flag();
    one.connections_max = in.number<std::int32_t>();
    one.valid_until = in.moment();
    one.member_of = in.list();
    one.settings = in.list();
    return one;
}

health::statement statement_of(fields& in, const look_options& how) {
    health::statement one;
    one.id = in.number();
    one.user = in.text();
    const auto query = in.text();
    one.query = how.mask_queries ? masked(query, statement_query_bytes_max)
                                 : std::string(clip_utf8(query, statement_query_bytes_max));
    one.calls = in.number();
    one.total_ms = in.number<double>();
    one.mean_ms = in.number<double>();
    one.rows = in.number();
    one.blocks_hit = in.number();
    one.blocks_read = in.number();
    one.temporary_blocks = in.number();
    one.wal_bytes = in.count();
    return one;
}

/// What the questions about extensions of the database need to know first.
struct found {
    std::string statements_view;  ///< quoted; "": not installed
    bool exec_time = false;
    bool wal = false;
    std::string migrations_table;
    bool migrations_readable = false;
};

std::optional<failure> look_around(connection& on, health::snapshot& into, found& there) {
    const std::vector<question> questions{
        {"pg_database_size", queries::database_bytes(),
         [&](fields& in) { into.bytes = in.number(); }},
        {"pg_database", queries::database(),
         [&](fields& in) {
             into.database = in.text();
             into.tables_total = in.number();
             into.settings = in.list();
         }},
        {"pg_roles", queries::roles(), [&](fields& in) { into.roles.push_back(role_of(in)); }},
        {"pg_extension", queries::extensions(),
         [&](fields& in) { into.extensions.push_back(in.text()); }},
        {"pg_stat_statements", queries::statements_view(),
         [&](fields& in) {
             there.statements_view = in.text();
             there.exec_time = in.flag();
             there.wal = in.flag();
         }},
        {"schema_migrations", queries::migrations_table(),
         [&](fields& in) {
             there.migrations_table = in.text();
             there.migrations_readable = in.flag();
         }},
    };
    return ask_all(on, questions, into.missing);
}

/// A failure only if the connection is lost; then `into` is of no use.
std::optional<failure> take_rows(connection& on, const question& asked, health::snapshot& into) {
    const auto rows = on.read(asked.sql);
    if (!rows && rows.error().connection_lost) return rows.error();
    if (!rows) {
        into.missing.push_back(missing_text(asked.about, rows.error(), on.role()));
        return std::nullopt;
    }
    for (const auto& row : *rows) {
        fields in(row);
        asked.take(in);
    }
    return std::nullopt;
}

std::optional<failure> take_tables(connection& on, health::snapshot& into) {
    auto rows = on.read(queries::tables(on.version(), true));
    const auto take = [&](fields& in) { into.tables.push_back(table_of(in)); };
    // Somebody locked a table just now: its size has to wait.
    if (!rows && rows.error().sqlstate == "55P03") {
        return take_rows(on, {"tables", queries::tables(on.version(), false), take}, into);
    }
    if (!rows && rows.error().connection_lost) return rows.error();
    if (!rows) {
        into.missing.push_back(missing_text("tables", rows.error(), on.role()));
        return std::nullopt;
    }
    for (const auto& row : *rows) {
        fields in(row);
        take(in);
    }
    return std::nullopt;
}

std::optional<failure> take_statements(connection& on, const found& there, const look_options& how,
                                       health::snapshot& into) {
    if (there.statements_view.empty()) {
        into.missing.push_back(
            "pg_stat_statements: not installed; CREATE EXTENSION pg_stat_statements, and "
            "shared_preload_libraries must name it");
        return std::nullopt;
    }
    const auto sql = queries::statements(there.statements_view, there.exec_time, there.wal);
    const auto take = [&](fields& in) { into.statements.push_back(statement_of(in, how)); };
    return take_rows(on, {"pg_stat_statements", sql, take}, into);
}

std::optional<failure> take_schema(connection& on, health::snapshot& into) {
    const auto before = into.missing.size();
    const auto take = [&](fields& in) {
        health::schema_item item;
        item.kind = in.text();
        item.name = in.text();
        item.definition = in.text();
        into.schema.push_back(std::move(item));
    };
    if (auto lost = take_rows(on, {"schema", queries::schema_items(), take}, into)) return lost;
    if (into.schema.size() > queries::schema_items_max) {
        into.missing.push_back("schema: it has more than " +
                               std::to_string(queries::schema_items_max) + " items");
        into.schema.clear();
    }
    if (into.missing.size() != before) return std::nullopt;
    std::sort(into.schema.begin(), into.schema.end());
    into.schema_fingerprint = health::fingerprint_of(into.schema);
    return std::nullopt;
}

std::optional<failure> take_migrations(connection& on, const found& there, health::snapshot& into) {
    into.has_migrations_table = !there.migrations_table.empty();
    if (!into.has_migrations_table) return std::nullopt;
    if (!there.migrations_readable) {
        into.missing.push_back(there.migrations_table + ": permission denied; GRANT SELECT ON " +
                               there.migrations_table + " TO " + on.role());
        return std::nullopt;
    }
    const auto take = [&](fields& in) { into.applied_migrations.push_back(in.text()); };
    return take_rows(
        on, {there.migrations_table, queries::migrations(there.migrations_table), take}, into);
}

}  // namespace

outcome<health::snapshot> take_snapshot(connection& on, wall_time now, const look_options& how) {
    health::snapshot made;
    made.taken = now;
    found there;
    if (auto lost = look_around(on, made, there)) return *lost;
    if (auto lost = take_tables(on, made)) return *lost;
    if (auto lost = take_statements(on, there, how, made)) return *lost;
    // First what is applied: a migration that comes in between is seen as one the next time.
    if (auto lost = take_migrations(on, there, made)) return *lost;
    if (auto lost = take_schema(on, made)) return *lost;
    return made;
}

}  // namespace tallyfs::postgres
