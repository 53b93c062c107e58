// Events as they are judged: built by hand, or from the captured lines of tests/fixtures/pgaudit.
// Types: include/tallyfs/record/audit_event.hpp.
#pragma once

#include <tallyfs/audit/rules.hpp>
#include <tallyfs/base/masked_sql.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit::made {

using namespace std::chrono_literals;

/// A Friday.
inline const wall_time noon = *parse_rfc3339("2026-11-20T12:00:00Z");

inline record::audit_event statement(std::string class_name, std::string command,
                                     std::string object = "", std::string text = "",
                                     std::optional<std::int64_t> rows = {}) {
    record::audit_event made;
    made.number = 1;
    made.kind = "statement";
    made.cluster = "prod/orders-cl";
    made.trust = "structured";
    made.logged = noon;
    made.user = "jd";
    made.database = "app";
    made.session = "6b00dd29.3957";
    made.type = "session";
    made.statement_id = 1;
    made.substatement_id = 1;
    made.class_name = std::move(class_name);
    made.command = std::move(command);
    made.object = std::move(object);
    made.statement = std::move(text);
    made.rows = rows;
    return made;
}

inline record::audit_event error(std::string sqlstate, std::string text = "") {
    auto made = statement("", "", "", std::move(text));
    made.kind = "error";
    made.type = "";
    made.sqlstate = std::move(sqlstate);
    made.statement_id = made.substatement_id = std::nullopt;
    return made;
}

inline const accounts& people() {
    static const accounts who({"jd", "john_doe", "human*"}, {"app_svc", "svc_*"});
    return who;
}

inline std::vector<std::string> broken_by(record::audit_event event,
                                          const rule_settings& settings = {}) {
    judge(event, people(), settings);
    return event.rules;
}

inline bool breaks(const record::audit_event& event, std::string_view rule,
                   const rule_settings& settings = {}) {
    const auto rules = broken_by(event, settings);
    return std::ranges::find(rules, rule) != rules.end();
}

/// Records of CSV, as PostgreSQL and pgAudit write it: RFC 4180.
inline std::vector<std::vector<std::string>> csv_records(std::string_view text) {
    std::vector<std::vector<std::string>> made(1, std::vector<std::string>(1));
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '"' && quoted && text.substr(at + 1).starts_with('"')) {
            made.back().back() += c;
            ++at;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            made.back().emplace_back();
        } else if (c == '\n' && !quoted) {
            made.emplace_back(1);
        } else {
            made.back().back() += c;
        }
    }
    if (made.back().size() == 1) made.pop_back();
    return made;
}

/// The events of pg15-full.csv, in order, as another program would take them apart.
inline std::vector<record::audit_event> captured() {
    std::ifstream file(std::string(TALLYFS_FIXTURES) + "/pgaudit/pg15-full.csv");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    constexpr std::string_view mark = "AUDIT: ";
    std::vector<record::audit_event> made;
    for (const auto& row : csv_records(text)) {
        auto one = error(row.at(12), masked(row.at(19), 6'000));
        one.user = row.at(1);
        one.session = row.at(5);
        one.line = std::stoll(row.at(6));
        one.message = row.at(13);
        one.application = row.at(22);
        if (row[13].starts_with(mark)) {
            const auto fields = csv_records(row[13].substr(mark.size())).at(0);
            one.kind = "statement";
            one.type = fields[0] == "OBJECT" ? "object" : "session";
            one.statement_id = std::stoll(fields[1]);
            one.substatement_id = std::stoll(fields[2]);
            one.class_name = fields[3];
            one.command = fields[4] == "???" ? "" : fields[4];
            one.object = fields[6];
            one.statement = masked(fields[7], 6'000);
            if (fields.size() > 9) one.rows = std::stoll(fields[9]);
            one.message = "";
            one.sqlstate = "";
        }
        one.number = made.size() + 1;
        made.push_back(std::move(one));
    }
    return made;
}

}  // namespace tallyfs::audit::made
