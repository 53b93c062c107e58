#include "audit/audited.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace tallyfs::audit {

namespace {

constexpr std::array<std::pair<std::string_view, std::uint8_t>, 9> class_names{{
    {"read", classes::read},
    {"write", classes::write},
    {"function", classes::function},
    {"role", classes::role},
    {"ddl", classes::ddl},
    {"misc", classes::misc | classes::misc_set},
    {"misc_set", classes::misc_set},
    {"all", classes::all},
    {"none", 0},
}};

/// In the order in which the server compares them; LOG is an exception to it.
constexpr std::array<std::string_view, 12> levels{"debug5",  "debug4", "debug3", "debug2",
                                                  "debug1",  "debug",  "info",   "notice",
                                                  "warning", "error",  "fatal",  "panic"};

std::size_t rank_of(std::string_view level) {
    const auto found = std::ranges::find(levels, to_lower(level));
    // What is no level cannot be in force: the server's default is.
    if (found == levels.end()) return rank_of("warning");
    return static_cast<std::size_t>(found - levels.begin());
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view around = " \t\n\r\f\v\"";
    const auto begin = text.find_first_not_of(around);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(around) - begin + 1);
}

/// Statements by their first word, and the classes of which all have to be logged for it to leave
/// a line for certain.
constexpr std::array<std::pair<std::string_view, std::uint8_t>, 12> certain{{
    {"select", classes::read},
    {"insert", classes::write},
    {"update", classes::write},
    {"delete", classes::write},
    {"truncate", classes::write},
    // Of roles they are of another class.
    {"create", classes::ddl | classes::role},
    {"alter", classes::ddl | classes::role},
    {"drop", classes::ddl | classes::role},
    {"grant", classes::role},
    {"revoke", classes::role},
    {"set", classes::misc | classes::misc_set},
    {"reset", classes::misc | classes::misc_set},
}};

}  // namespace

std::optional<std::uint8_t> parse_classes(std::string_view list) {
    std::uint8_t made = 0;
    if (trimmed(list).empty()) return made;
    for (;;) {
        const auto comma = list.find(',');
        auto name = to_lower(trimmed(list.substr(0, comma)));
        const bool taken_away = name.starts_with('-');
        if (taken_away) name.erase(0, 1);
        const auto found =
            std::ranges::find(class_names, name, [](const auto& one) { return one.first; });
        if (found == class_names.end()) return std::nullopt;
        made = static_cast<std::uint8_t>(taken_away ? made & ~found->second : made | found->second);
        if (comma == std::string_view::npos) return made;
        list.remove_prefix(comma + 1);
    }
}

std::string classes_text(std::uint8_t of) {
    if (of == classes::all) return "all";
    std::string text;
    for (const auto& [name, bits] : class_names) {
        if (bits == 0 || bits == classes::all || (of & bits) != bits) continue;
        if (name == "misc_set" && (of & classes::misc) != 0) continue;
        text += (text.empty() ? "" : ", ") + std::string(name);
    }
    return text.empty() ? "none" : text;
}

bool is_on(std::string_view value) {
    const auto text = to_lower(value);
    if (text == "on" || text == "1") return true;
    return !text.empty() && (std::string_view("true").starts_with(text) ||
                             std::string_view("yes").starts_with(text));
}

bool is_logged(std::string_view level, std::string_view least) {
    // LOG stands between ERROR and FATAL when it is asked for, and is asked for by all below.
    if (equal_ignoring_case(level, "log")) {
        return equal_ignoring_case(least, "log") || rank_of(least) <= rank_of("error");
    }
    if (equal_ignoring_case(least, "log")) return rank_of(level) >= rank_of("fatal");
    return rank_of(level) >= rank_of(least);
}

std::optional<std::string> in_force(const server_facts& server, const role_settings& role,
                                    const std::string& database, const std::string& name) {
    if (const auto there = role.in_databases.find(database); there != role.in_databases.end()) {
        const auto found = there->second.find(name);
        if (found != there->second.end()) return found->second;
    }
    for (const auto* const from : {&role.everywhere, &server.settings}) {
        const auto found = from->find(name);
        if (found != from->end()) return found->second;
    }
    return std::nullopt;
}

bool must_be_logged(const server_facts& server, const role_settings& role,
                    const std::string& database, std::string_view statement) {
    const auto value = [&](const char* name) { return in_force(server, role, database, name); };
    const auto first = to_lower(statement.substr(0, statement.find_first_of(" ;(")));
    const auto rule = std::ranges::find(certain, first, [](const auto& one) { return one.first; });
    const auto list = value("pgaudit.log");
    if (rule == certain.end() || !list) return false;
    const auto logged = parse_classes(*list);
    if (!logged || (*logged & rule->second) != rule->second) return false;
    // One that is denied or fails leaves an error, and no line of pgAudit.
    const auto least = value("log_min_messages").value_or("warning");
    if (!is_logged(value("pgaudit.log_level").value_or("log"), least) ||
        !is_logged("error", least)) {
        return false;
    }
    // Without it, what only reads the catalogs leaves no line.
    const bool logs_catalog = is_on(value("pgaudit.log_catalog").value_or("on"));
    return logs_catalog || (rule->second & (classes::read | classes::write)) == 0;
}

}  // namespace tallyfs::audit
