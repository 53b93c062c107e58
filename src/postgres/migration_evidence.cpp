#include "postgres/migration_evidence.hpp"

#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/sql_quote.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/health/sql_script.hpp>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

constexpr std::size_t rows_shown = 10;
constexpr std::size_t statement_bytes_max = 160;

/// An array of texts as a literal of SQL.
std::string array_of(const std::vector<std::string>& texts) {
    std::string array = "{";
    for (const auto& text : texts) {
        if (array.size() > 1) array += ',';
        array += '"';
        for (const char c : text) {
            if (c == '"' || c == '\\') array += '\\';
            array += c;
        }
        array += '"';
    }
    return quoted_literal(array + "}") + "::text[]";
}

/// "named": the tables that the SQL names, itself or by an index; "word": all names in it.
std::string named_tables(std::string_view sql) {
    std::vector<std::string> schemas;
    std::vector<std::string> names;
    for (auto& one : health::names_in(sql)) {
        schemas.push_back(std::move(one.schema));
        names.push_back(std::move(one.name));
    }
    return "WITH word AS (SELECT * FROM unnest(" + array_of(schemas) + ", " + array_of(names) +
           R"sql() AS w (schema, name)),
named AS (SELECT DISTINCT coalesce(i.indrelid, c.oid) AS oid FROM word w
  JOIN pg_class c ON c.relname = w.name AND c.relkind IN ('r','p','v','m','f','i','I')
  JOIN pg_namespace n ON n.oid = c.relnamespace AND (w.schema = '' OR w.schema = n.nspname)
  LEFT JOIN pg_index i ON i.indexrelid = c.oid
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'),
mention AS (SELECT '\m' || regexp_replace(c.relname, '([^[:alnum:]_])', '\\\1', 'g') || '\M' AS it
  FROM named JOIN pg_class c USING (oid))
)sql";
}

struct question {
    std::string_view heading;
    std::string_view sql;   ///< one column, a line for people
    std::string_view none;  ///< what it means that there is none
};

constexpr question tables{"Tables that it names", R"sql(
SELECT c.oid::regclass::text || CASE WHEN c.reltuples < 0 THEN ', never analyzed'
       ELSE ', about ' || c.reltuples::bigint || ' rows' END ||
       ', ' || pg_size_pretty(c.relpages::bigint * current_setting('block_size')::int)
  FROM named JOIN pg_class c USING (oid) ORDER BY c.relpages DESC, 1)sql",
                          "none that is there"};

constexpr question dependents{"What depends on them (* on a column that it names)", R"sql(
SELECT line FROM (
SELECT CASE v.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || v.oid::regclass ||
       ': ' || t.oid::regclass || coalesce(' (' || string_agg(a.attname ||
       CASE WHEN EXISTS (SELECT FROM word w WHERE w.name = a.attname) THEN '*' ELSE '' END,
       ', ' ORDER BY a.attnum) || ')', '') AS line
  FROM (SELECT DISTINCT objid, refobjid, refobjsubid FROM pg_depend JOIN named ON oid = refobjid
         WHERE refclassid = 'pg_class'::regclass AND classid = 'pg_rewrite'::regclass) d
  JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
  JOIN pg_class t ON t.oid = d.refobjid
  LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
       AND d.refobjsubid > 0
 WHERE v.oid <> t.oid GROUP BY v.relkind, v.oid, t.oid
UNION ALL
SELECT 'foreign key ' || quote_ident(conname) || ' of ' || conrelid::regclass || ': ' ||
       confrelid::regclass
  FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid AND conparentid = 0
   AND confrelid IN (SELECT oid FROM named)
UNION ALL
SELECT 'function ' || p.oid::regprocedure
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND (EXISTS (SELECT FROM mention WHERE p.prosrc ~* it)
        OR EXISTS (SELECT FROM pg_depend d JOIN named ON named.oid = d.refobjid
                    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                      AND d.refclassid = 'pg_class'::regclass))
) all_of_them ORDER BY position('*' IN line) = 0, line)sql",
                              "no view, function or foreign key"};

constexpr question sessions{"Sessions that use them now", R"sql(
SELECT 'pid ' || l.pid || ', ' || coalesce(a.usename, '?') ||
       coalesce('@' || host(a.client_addr), '') || ' ' ||
       coalesce(nullif(a.application_name, ''), '-') || ', ' || coalesce(a.state, 'state hidden') ||
       coalesce(', transaction of ' || extract(epoch FROM now() - a.xact_start)::bigint || ' s', '')
       || ': ' || string_agg(DISTINCT l.mode || CASE WHEN l.granted THEN '' ELSE ' (waits)' END ||
                             ' on ' || l.relation::regclass, ', ')
  FROM pg_locks l JOIN named ON named.oid = l.relation
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.pid <> pg_backend_pid()
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
 GROUP BY l.pid, a.usename, a.client_addr, a.application_name, a.state, a.xact_start
 ORDER BY a.xact_start)sql",
                            "none"};

constexpr auto extension_sql = R"sql(
SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'pg_stat_statements')sql";

std::string text_of(const connection::row& row) {
    return row.empty() ? "" : row.front().value_or("");
}

std::string lines_of(const connection::rows& rows) {
    std::string text;
    for (std::size_t i = 0; i < std::min(rows.size(), rows_shown); ++i) {
        text += "  " + text_of(rows[i]) + "\n";
    }
    if (rows.size() > rows_shown) {
        text += "  and " + std::to_string(rows.size() - rows_shown) + " more\n";
    }
    return text;
}

std::string section(const question& asked, const outcome<connection::rows>& answer) {
    const auto heading = std::string(asked.heading) + ": ";
    if (!answer) return heading + "cannot be asked: " + answer.error().what + "\n";
    if (answer->empty()) return heading + std::string(asked.none) + "\n";
    return heading + "\n" + lines_of(*answer);
}

/// Those that name one of the tables, the ones that are called most first.
std::string statements(connection& on, const std::string& named) {
    constexpr question asked{"Statements that name them, by calls", "", "none"};
    const auto place = on.read(extension_sql);
    if (!place || place->empty()) {
        return std::string(asked.heading) + ": not known, pg_stat_statements is not there\n";
    }
    auto found = on.read(named + "SELECT s.query, s.calls FROM " +
                         quoted_identifier(text_of(place->front())) +
                         ".pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
                         "WHERE d.datname = current_database() AND EXISTS (SELECT FROM mention "
                         "WHERE s.query ~* it) ORDER BY s.calls DESC LIMIT 200");
    if (found) {
        for (auto& row : *found) {
            const auto query = masked(text_of(row), statement_bytes_max);
            row = {row[1].value_or("?") + " calls: " + query};
        }
    }
    return section(asked, found);
}

}  // namespace

std::string sessions_on(connection& on, std::string_view sql) {
    const auto found = on.read(named_tables(sql) + std::string(sessions.sql));
    return found ? lines_of(*found) : "";
}

std::string evidence_of(connection& on, std::string_view sql, std::size_t bytes_max) {
    const auto named = named_tables(sql);
    std::vector<std::string> all;
    for (const auto& asked : {tables, dependents, sessions}) {
        all.push_back(named + std::string(asked.sql));
    }
    const auto answers = on.read_each(all);
    if (!answers) return "Who is touched cannot be asked: " + answers.error().what + "\n";
    auto text = section(tables, (*answers)[0]) + section(dependents, (*answers)[1]) +
                section(sessions, (*answers)[2]) + statements(on, named);
    if (text.size() <= bytes_max) return text;
    constexpr std::string_view cut = "\n(cut here)\n";
    return std::string(clip_utf8(text, bytes_max - cut.size())).append(cut);
}

}  // namespace tallyfs::postgres
