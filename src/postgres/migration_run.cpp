#include "postgres/migration_run.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/sql_quote.hpp>
#include <tallyfs/health/sql_script.hpp>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

using health::direction;

constexpr auto lock_not_available = "55P03";
constexpr auto query_canceled = "57014";

/// As the role has them when it connects, which is what a migration is written for; connections of
/// ours are pinned otherwise.
constexpr std::string_view own_settings[] = {"search_path", "TimeZone", "DateStyle",
                                             "IntervalStyle"};

std::string reset_settings(std::string_view scope) {
    std::string sql;
    for (const auto name : own_settings) {
        sql.append("SET ").append(scope).append(name).append(" TO DEFAULT;");
    }
    return sql;
}

/// Fails where the record is there already, or is not: somebody else was quicker.
std::string record_sql(const migrations_table& table, const migration_step& step) {
    const auto version = quoted_literal(step.version);
    if (step.way == direction::up) {
        return "INSERT INTO " + table.name() + " (version) VALUES (" + version + ")";
    }
    // Division by zero if there is nothing to delete.
    return "WITH gone AS (DELETE FROM " + table.name() + " WHERE version = " + version +
           " RETURNING 1) SELECT 1 / count(*) FROM gone";
}

std::string creation_sql() {
    return "CREATE TABLE public.schema_migrations (version varchar PRIMARY KEY)";
}

/// What went wrong, and what of it is left.
failure worded(failure why, const migration_limits& limits, const std::string& left) {
    if (why.connection_lost) return why;
    if (why.sqlstate == lock_not_available) {
        why.what = "a lock was not free within " + duration_text(limits.lock);
    } else if (why.sqlstate == query_canceled) {
        why.what = "it took longer than " + duration_text(limits.statement) + ", or was cancelled";
    }
    why.what += "; " + left;
    return why;
}

/// The record comes first: of two that do the same, dbmate among them, one waits for the other at
/// this row and then fails.
outcome<void> run_whole(connection& on, const migrations_table& table, const migration_step& step,
                        const migration_limits& limits) {
    std::vector<std::string> statements;
    if (!table.exists) statements.push_back(creation_sql());
    statements.push_back(record_sql(table, step));
    statements.push_back(reset_settings("LOCAL "));
    for (const auto& section : step.what.sections(step.way)) {
        if (!health::statements_of(section.sql).empty()) statements.push_back(section.sql);
    }
    auto done = on.write(statements);
    if (!done) return worded(done.error(), limits, "nothing was changed");
    return {};
}

bool is_concurrent(std::string_view statement) {
    return std::ranges::binary_search(health::names_in(statement),
                                      health::sql_name{"", "concurrently"});
}

class stepwise {
  public:
    stepwise(connection& on, const migration_limits& limits) : on_(on), limits_(limits) {}

    outcome<void> run(const health::migration_section& section) {
        if (section.transaction) {
            if (health::statements_of(section.sql).empty()) return {};
            return noted(on_.write({reset_settings("LOCAL "), section.sql}), section.line);
        }
        for (const auto& one : health::statements_of(section.sql)) {
            // What is built concurrently blocks nobody while it waits for old transactions, and
            // what it leaves when it is cut short has to be dropped by hand.
            const auto wait = is_concurrent(one.text) ? 0 : limits_.lock.count();
            auto ready = on_.run(reset_settings("") + "SET lock_timeout = " + std::to_string(wait),
                                 limits_.statement);
            if (ready) ready = on_.run(std::string(one.text), limits_.statement);
            if (auto done = noted(std::move(ready), section.line + one.line - 1); !done) {
                return done;
            }
        }
        return {};
    }
    outcome<void> record(const std::string& sql) {
        auto done = on_.run("SET search_path = pg_catalog", limits_.statement);
        if (done) done = on_.run(sql, limits_.statement);
        if (done) return {};
        return worded(done.error(), limits_, "all of it was done, and is not recorded");
    }

  private:
    outcome<void> noted(outcome<connection::rows> done, std::size_t line) {
        if (done) {
            ++done_;
            return {};
        }
        const auto left = done_ == 0 ? std::string("nothing before it was done")
                                     : counted(done_, "step") + " before it remain";
        return worded(done.error(), limits_,
                      "this is the statement of line " + std::to_string(line) + "; " + left +
                          ", and the version is not recorded");
    }

    connection& on_;
    const migration_limits& limits_;
    std::int64_t done_ = 0;
};

outcome<void> run_stepwise(connection& on, const migrations_table& table,
                           const migration_step& step, const migration_limits& limits) {
    stepwise run(on, limits);
    if (!table.exists) {
        const auto made = on.write({creation_sql()});
        if (!made) return worded(made.error(), limits, "nothing was changed");
    }
    for (const auto& section : step.what.sections(step.way)) {
        if (auto done = run.run(section); !done) return done;
    }
    return run.record(record_sql(table, step));
}

}  // namespace

patience patience_of(const migration_limits& limits) {
    patience made;
    made.statement = limits.statement;
    made.lock = limits.lock;
    return made;
}

outcome<void> take_turn(connection& on, const migration_limits& limits) {
    const auto turn =
        on.run("SELECT pg_advisory_lock(" + std::to_string(migration_lock) + ")", limits.statement);
    if (turn) return {};
    if (turn.error().sqlstate != lock_not_available) return turn.error();
    return failure{lock_not_available, "another migration of this database runs: ask again later"};
}

std::string not_due(const migrations_table& table, direction way, std::string_view version) {
    const bool applied = table.has(version);
    if (way == direction::up && applied) return std::string(version) + " is applied already";
    if (way == direction::down && !applied) return std::string(version) + " is not applied";
    return "";
}

outcome<void> run_migration(connection& on, const migrations_table& table,
                            const migration_step& step, const migration_limits& limits) {
    return step.what.is_atomic(step.way) ? run_whole(on, table, step, limits)
                                         : run_stepwise(on, table, step, limits);
}

approval::probe probe_migration(connection& on, direction way, std::string_view version,
                                bool atomic, const migration_limits& limits) {
    // Whoever ran it holds the turn until the server has noticed that nobody listens any more.
    if (!take_turn(on, limits)) return approval::probe::unknown;
    const auto table = look_at_migrations(on);
    if (!table) return approval::probe::unknown;
    if (!not_due(*table, way, version).empty()) return approval::probe::effect_there;
    // What is not one transaction can have done a part of it.
    return atomic ? approval::probe::effect_absent : approval::probe::unknown;
}

}  // namespace tallyfs::postgres
