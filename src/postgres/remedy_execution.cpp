#include "postgres/remedy_execution.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/sql_quote.hpp>

namespace tallyfs::postgres {

namespace {

using approval::probe;
using std::chrono::milliseconds;

constexpr milliseconds look_again{200};

/// How the server, its log and pg_stat_activity know what runs.
std::string application_name(const approval::request& what) {
    return "tallyfs " + approval::number_text(what.number);
}

std::string options_text(const health::table_options& options) {
    std::string items;
    for (const auto& one : options) items += (items.empty() ? "" : ", ") + quoted_literal(one);
    return "ARRAY[" + items + "]::text[]";
}

}  // namespace

std::string remedy_execution::value(const std::string& name) const {
    const auto place = what_.asked.parameters.find(name);
    return place != what_.asked.parameters.end() ? place->second : std::string();
}

outcome<remedy_execution::effect> remedy_execution::refused(const failure& why) const {
    if (why.connection_lost) return why;
    if (why.sqlstate == "55P03") {
        return effect{false,
                      "nothing was changed: another session holds the lock, and it was "
                      "waited for " +
                          duration_text(limits_.lock) + " (locks.csv says who)"};
    }
    return effect{false, "nothing was changed: " + why.what};
}

outcome<bool> remedy_execution::there_is(const std::string& sql) {
    auto rows = on_.read(sql);
    if (!rows) return rows.error();
    return !rows->empty();
}

outcome<remedy_execution::effect> remedy_execution::execute(const health::script& sql) {
    const auto named = on_.run("SET application_name = " + quoted_literal(application_name(what_)),
                               limits_.statement);
    if (!named) return refused(named.error());
    const auto& kind = what_.asked.kind;
    if (kind == "pg-table-options") return change_options(sql);
    if (kind == "pg-vacuum") return vacuum(sql);
    if (kind == "pg-terminate") return terminate(sql);
    if (kind == "pg-drop-slot") return drop_slot(sql);
    return resolve(sql);
}

outcome<bool> remedy_execution::keeps_record() {
    return there_is(
        "SELECT FROM pg_class WHERE oid = to_regclass('tallyfs.remedies') "
        "AND has_table_privilege(oid, 'INSERT')");
}

/// The record is written with the change, or neither is.
outcome<remedy_execution::effect> remedy_execution::change_options(const health::script& sql) {
    auto statements = sql.checks;
    statements.insert(statements.end(), sql.statements.begin(), sql.statements.end());
    const auto recorded = keeps_record();
    if (!recorded) return refused(recorded.error());
    if (*recorded) {
        statements.push_back("INSERT INTO tallyfs.remedies (request, hash, kind, sql) VALUES (" +
                             quoted_literal(approval::number_text(what_.number)) + ", " +
                             quoted_literal(approval::plan_hash(what_)) + ", " +
                             quoted_literal(what_.asked.kind) + ", " +
                             quoted_literal(what_.asked.plan) + ")");
    }
    const auto done = on_.write(statements);
    if (!done) return refused(done.error());
    return effect{true, *recorded ? "changed, and recorded in tallyfs.remedies" : "changed"};
}

/// The server only warns of a table that may not be vacuumed, and skips it: it is asked first.
outcome<remedy_execution::effect> remedy_execution::vacuum(const health::script& sql) {
    const auto table = health::parse_table_name(value("table")).value_or(health::table_name());
    const std::string maintains =
        on_.version() >= 170'000 ? " OR has_table_privilege(c.oid, 'MAINTAIN')" : "";
    const auto allowed = on_.read(
        "SELECT pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE')" + maintains +
        " FROM pg_class c, pg_database d WHERE d.datname = current_database() "
        "AND c.relkind IN ('r', 'm', 'p', 't') AND c.oid = to_regclass(" +
        quoted_literal(table.quoted()) + ")");
    if (!allowed) return refused(allowed.error());
    if (allowed->empty()) return effect{false, "there is no table " + table.text() + " any more"};
    if (allowed->front().front() != "t") {
        return effect{false, "the role of the remedies may not vacuum " + table.text() +
                                 ": it has to be a member of the table's owner"};
    }
    const auto started = std::chrono::steady_clock::now();
    const auto done = on_.run(sql.statements.front(), limits_.vacuum);
    if (!done) return refused(done.error());
    const auto took = std::chrono::steady_clock::now() - started;
    return effect{true,
                  "vacuumed in " +
                      duration_text(std::chrono::duration_cast<std::chrono::microseconds>(took))};
}

outcome<std::size_t> remedy_execution::sessions_left() {
    const auto sessions = health::sessions_of(what_.asked.parameters);
    const auto rows = on_.read(health::remaining_sessions_sql(sessions.value()));
    if (!rows) return rows.error();
    return rows->size();
}

/// Sessions that were told to end do so when they get to it, and an error at one of them leaves the
/// others ended: what counts is who is gone.
outcome<remedy_execution::effect> remedy_execution::terminate(const health::script& sql) {
    const auto before = sessions_left();
    if (!before) return refused(before.error());
    if (*before == 0) {
        return effect{false, "none of them is there any more as it was: nobody was ended"};
    }
    const auto told = on_.run(sql.statements.front(), limits_.statement);
    if (!told && told.error().connection_lost) return told.error();
    auto left = sessions_left();
    for (milliseconds waited{0}; told && left && *left > 0 && waited < limits_.ending;
         waited += look_again) {
        if (!wait_(look_again)) break;
        left = sessions_left();
    }
    if (!left) return failure{"", left.error().what, true};
    const auto asked = health::sessions_of(what_.asked.parameters)->size();
    auto text = std::to_string(*before - std::min(*before, *left)) + " of " +
                std::to_string(asked) + " ended";
    if (asked > *before) {
        text += ", " + std::to_string(asked - *before) + " were gone or did something else by then";
    }
    if (*left > 0) text += ", " + std::to_string(*left) + " still there";
    if (!told) text += ": " + told.error().what;
    return effect{*left < *before, text};
}

outcome<remedy_execution::effect> remedy_execution::drop_slot(const health::script& sql) {
    const auto done = on_.run(sql.statements.front(), limits_.statement);
    if (!done) return refused(done.error());
    if (done->empty()) {
        return effect{false, "it is in use again, or is gone: nothing was changed"};
    }
    return effect{true, "dropped"};
}

outcome<remedy_execution::effect> remedy_execution::resolve(const health::script& sql) {
    for (const auto& check : sql.checks) {
        const auto passed = on_.run(check, limits_.statement);
        if (!passed) return refused(passed.error());
    }
    const auto done = on_.run(sql.statements.front(), limits_.statement);
    if (!done) return refused(done.error());
    return effect{true, value("action") == "commit" ? "committed" : "rolled back"};
}

outcome<probe> remedy_execution::probe() {
    const auto running =
        "SELECT FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND application_name = " +
        quoted_literal(application_name(what_));
    auto busy = there_is(running);
    for (milliseconds waited{0}; busy && *busy && waited < limits_.vacuum; waited += look_again) {
        if (!wait_(look_again)) break;
        busy = there_is(running);
    }
    if (!busy) return busy.error();
    if (*busy) return approval::probe::unknown;
    const auto& kind = what_.asked.kind;
    if (kind == "pg-table-options") return probe_options();
    if (kind == "pg-vacuum") return probe_vacuum();
    if (kind == "pg-terminate") {
        const auto left = sessions_left();
        if (!left) return left.error();
        return *left == 0 ? approval::probe::effect_there : approval::probe::effect_absent;
    }
    const auto rest =
        kind == "pg-drop-slot"
            ? there_is("SELECT FROM pg_replication_slots WHERE slot_name = " +
                       quoted_literal(value("slot")))
            : there_is("SELECT FROM pg_prepared_xacts WHERE gid = " + quoted_literal(value("gid")) +
                       " AND prepared = " + quoted_literal(value("prepared")));
    if (!rest) return rest.error();
    return *rest ? approval::probe::effect_absent : approval::probe::effect_there;
}

outcome<probe> remedy_execution::probe_options() {
    const auto change = health::options_change_of(what_.asked.parameters);
    if (!change) return approval::probe::unknown;
    const bool undone = what_.undo_of != 0;
    const auto& wanted = undone ? change->before : change->after;
    const auto& former = undone ? change->after : change->before;
    const auto rows =
        on_.read("SELECT o = " + options_text(wanted) + ", o = " + options_text(former) +
                 " FROM (SELECT coalesce(reloptions, '{}') AS o FROM pg_class "
                 "WHERE oid = to_regclass(" +
                 quoted_literal(change->table.quoted()) + ")) AS now");
    if (!rows) return rows.error();
    if (rows->empty()) return approval::probe::unknown;
    if (rows->front()[0] == "t") return approval::probe::effect_there;
    return rows->front()[1] == "t" ? approval::probe::effect_absent : approval::probe::unknown;
}

outcome<probe> remedy_execution::probe_vacuum() {
    const auto table = health::parse_table_name(value("table")).value_or(health::table_name());
    const auto vacuumed = there_is("SELECT FROM pg_stat_all_tables WHERE relid = to_regclass(" +
                                   quoted_literal(table.quoted()) + ") AND last_vacuum >= " +
                                   quoted_literal(to_rfc3339(what_.created)));
    if (!vacuumed) return vacuumed.error();
    return *vacuumed ? approval::probe::effect_there : approval::probe::effect_absent;
}

}  // namespace tallyfs::postgres
