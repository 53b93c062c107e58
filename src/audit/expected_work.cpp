#include "audit/words.hpp"

#include <tallyfs/audit/expected_work.hpp>
#include <tallyfs/audit/rules.hpp>
#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/record/action.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::audit {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t text_bytes_max = 1'024;
constexpr std::size_t statement_bytes_max = 64;
constexpr std::string_view digest_mark = "sha256:";
/// Of a text that is not shown to its end, anything could have been the rest.
constexpr std::string_view cut_mark = "...";
constexpr std::array<rule, 4> never_expected{rule::forged, rule::lines_missing,
                                             rule::audit_settings, rule::blind};

/// Without the semicolons at its end, which some clients send.
std::string_view bare(std::string_view statement) {
    return statement.substr(0, statement.find_last_not_of("; ") + 1);
}

std::string stored(const std::string& statement) {
    const auto text = bare(statement);
    const bool plain = text.size() <= statement_bytes_max && is_readable_line(text);
    if (plain || text.starts_with(digest_mark)) return std::string(text);
    return std::string(digest_mark) + sha256_hex(text);
}

bool is_expectable(const record::audit_event& event) {
    if (event.kind != "statement" && event.kind != "error") return false;
    return std::ranges::none_of(never_expected, [&](rule one) {
        return std::ranges::find(event.rules, to_string(one)) != event.rules.end();
    });
}

/// "orders-cl" is the server of that name in every environment.
bool is_of_cluster(std::string_view path, std::string_view cluster) {
    return path == cluster || (path.size() > cluster.size() && path.ends_with(cluster) &&
                               path[path.size() - cluster.size() - 1] == '/');
}

bool has_statement(const std::vector<std::string>& statements, const record::audit_event& event) {
    if (statements.empty()) return true;
    if (event.statement.empty()) return false;
    // It is masked, unless a setting keeps it whole; masking it again changes nothing.
    const auto text = masked(event.statement, record::audit_statement_bytes_max);
    const std::string found(bare(text));
    if (found.ends_with(cut_mark)) return false;
    return std::ranges::any_of(
        statements, [&](const auto& one) { return bare(one) == found || one == stored(found); });
}

bool read_text(const json& from, const char* name, std::string& into) {
    const auto found = from.find(name);
    if (found == from.end() || !found->is_string()) return false;
    into = found->get<std::string>();
    return into.size() <= text_bytes_max;
}

bool read_time(const json& from, const char* name, wall_time& into) {
    std::string text;
    if (!read_text(from, name, text)) return false;
    const auto time = parse_rfc3339(text);
    if (time) into = *time;
    return time.has_value();
}

bool read_statements(const json& from, std::vector<std::string>& into) {
    const auto found = from.find("statements");
    if (found == from.end() || !found->is_array()) return false;
    for (const auto& one : *found) {
        if (!one.is_string() || one.get_ref<const std::string&>().empty()) return false;
        into.push_back(one.get<std::string>());
    }
    return true;
}

}  // namespace

std::string to_json(const expected_work& work) {
    auto statements = json::array();
    for (const auto& one : work.statements) statements.push_back(stored(one));
    const json made{{"user", work.user},
                    {"cluster", work.cluster},
                    {"database", work.database},
                    {"from", to_rfc3339(work.from)},
                    {"until", to_rfc3339(work.until)},
                    {"ticket", work.ticket},
                    {"statements", std::move(statements)}};
    return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool parse_expected_json(std::string_view text, expected_work& into) {
    if (text.size() > record::action_detail_bytes_max) return false;
    const auto from = json::parse(text, nullptr, false);
    if (!from.is_object()) return false;
    expected_work made;
    const bool whole =
        read_text(from, "user", made.user) && read_text(from, "cluster", made.cluster) &&
        read_text(from, "database", made.database) && read_time(from, "from", made.from) &&
        read_time(from, "until", made.until) && read_text(from, "ticket", made.ticket) &&
        read_statements(from, made.statements) && !made.user.empty() && !made.cluster.empty() &&
        !made.ticket.empty() && made.from < made.until;
    if (whole) into = std::move(made);
    return whole;
}

const expected_work* find_expected(const std::vector<expected_work>& all,
                                   const record::audit_event& event) {
    if (!is_expectable(event)) return nullptr;
    const auto found = std::ranges::find_if(all, [&](const expected_work& one) {
        return event.logged >= one.from && event.logged < one.until && event.user == one.user &&
               is_of_cluster(event.cluster, one.cluster) &&
               (one.database.empty() || event.database == one.database) &&
               has_statement(one.statements, event);
    });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace tallyfs::audit
