#include "audit/settings_text.hpp"

#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

namespace tallyfs::audit {

namespace {

/// What decides which lines the log gets, how they look, and where they go.
constexpr std::array<std::string_view, 10> settings{
    "log_min_messages",          "log_statement",   "log_destination",
    "logging_collector",         "log_line_prefix", "shared_preload_libraries",
    "session_preload_libraries", "log_directory",   "log_filename",
    "log_min_error_statement"};
constexpr std::string_view own_prefix = "pgaudit";
/// Each text that matters holds one of these, in whatever case; few others do.
constexpr std::array<std::string_view, 7> marks{"pgaudit", "log_",  "logging_collector", "preload_",
                                                "u&\"",    "reset", "pg_settings"};
constexpr std::size_t masked_bytes_max = 8 * 1024;

struct token {
    enum class kind : std::uint8_t { word, quoted, symbol } is = kind::symbol;
    std::string text;      ///< in lower case: names of settings have none
    bool escaped = false;  ///< U&"…": whatever it says
};

bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

/// Of masked SQL: words, quoted names, and single symbols.
std::vector<token> tokens_of(std::string_view sql) {
    std::vector<token> made;
    for (std::size_t at = 0; at < sql.size();) {
        if (sql[at] == ' ') {
            ++at;
        } else if (sql[at] == '"') {
            token one{token::kind::quoted, {}, false};
            for (++at; at < sql.size(); ++at) {
                if (sql[at] == '"' && (at + 1 == sql.size() || sql[at + 1] != '"')) break;
                if (sql[at] == '"') ++at;
                one.text += sql[at];
            }
            ++at;
            one.text = to_lower(one.text);
            const auto count = made.size();
            one.escaped = count >= 2 && made[count - 1].text == "&" &&
                          made[count - 2].text == "u" && made[count - 2].is == token::kind::word;
            if (one.escaped) made.resize(count - 2);
            made.push_back(std::move(one));
        } else if (is_word_byte(sql[at])) {
            auto end = at;
            while (end < sql.size() && is_word_byte(sql[end])) ++end;
            made.push_back({token::kind::word, to_lower(sql.substr(at, end - at)), false});
            at = end;
        } else {
            made.push_back({token::kind::symbol, std::string(1, sql[at]), false});
            ++at;
        }
    }
    return made;
}

using statement = std::span<const token>;

bool is_word(statement of, std::size_t at, std::string_view text) {
    return at < of.size() && of[at].is == token::kind::word && of[at].text == text;
}
template <std::size_t count>
bool is_one_of(statement of, std::size_t at, const std::array<std::string_view, count>& words) {
    return std::ranges::any_of(words, [&](auto word) { return is_word(of, at, word); });
}
bool is_symbol(statement of, std::size_t at, std::string_view text) {
    return at < of.size() && of[at].is == token::kind::symbol && of[at].text == text;
}

/// pgaudit.log in any of its spellings: "pgaudit.log", pgaudit . "log". Who escapes letters of a
/// setting's name hides it.
bool names_setting(statement of, std::size_t at) {
    if (at >= of.size() || of[at].is == token::kind::symbol) return false;
    const auto& name = of[at].text;
    if (of[at].escaped) return true;
    if (is_symbol(of, at + 1, ".")) return name == own_prefix;
    return std::ranges::find(settings, name) != settings.end() ||
           (name.starts_with(own_prefix) && name.size() > own_prefix.size() &&
            name[own_prefix.size()] == '.');
}

bool names_extension(statement of) {
    return std::ranges::any_of(of.subspan(2), [](const token& one) {
        return one.is != token::kind::symbol && (one.text == own_prefix || one.escaped);
    });
}

/// SET [LOCAL] name, RESET name, and both behind ALTER … and CREATE FUNCTION.
bool sets(statement of) {
    constexpr std::array<std::string_view, 2> verbs{"set", "reset"};
    constexpr std::array<std::string_view, 2> scopes{"session", "local"};
    for (std::size_t at = 0; at < of.size(); ++at) {
        if (!is_one_of(of, at, verbs)) continue;
        const auto name = is_one_of(of, at + 1, scopes) ? at + 2 : at + 1;
        if (names_setting(of, name)) return true;
    }
    return false;
}

/// What a role or a database was given goes, pgaudit.log among it.
bool resets_all(statement of) {
    for (std::size_t at = 2; at + 1 < of.size(); ++at)
        if (is_word(of, at, "reset") && is_word(of, at + 1, "all")) return true;
    return false;
}

/// UPDATE pg_settings is SET, and which one is in a literal.
bool updates_settings(statement of) {
    for (std::size_t at = 0; at < of.size(); ++at) {
        if (!is_word(of, at, "update")) continue;
        auto name = is_word(of, at + 1, "only") ? at + 2 : at + 1;
        if (is_symbol(of, name + 1, ".")) name += 2;
        if (name < of.size() && (of[name].text == "pg_settings" || of[name].escaped)) return true;
    }
    return false;
}

bool changes(statement of) {
    constexpr std::array<std::string_view, 4> setting{"set", "reset", "alter", "create"};
    constexpr std::array<std::string_view, 3> making{"create", "alter", "drop"};
    constexpr std::array<std::string_view, 4> holders{"role", "user", "database", "system"};
    if (is_one_of(of, 0, setting) && sets(of)) return true;
    if (is_one_of(of, 0, making) && is_word(of, 1, "extension") && names_extension(of)) return true;
    if (is_word(of, 0, "alter") && is_one_of(of, 1, holders) && resets_all(of)) return true;
    return updates_settings(of);
}

}  // namespace

bool changes_audit_settings(std::string_view text) {
    const auto lower = to_lower(text);
    const auto is_in = [&](auto mark) { return lower.find(mark) != std::string::npos; };
    if (std::ranges::none_of(marks, is_in)) return false;
    const auto tokens = tokens_of(masked(text, masked_bytes_max));
    auto begin = tokens.begin();
    while (begin != tokens.end()) {
        const auto end = std::find_if(begin, tokens.end(), [](const token& one) {
            return one.is == token::kind::symbol && one.text == ";";
        });
        if (begin != end && changes(statement(begin, end))) return true;
        begin = end == tokens.end() ? end : std::next(end);
    }
    return false;
}

}  // namespace tallyfs::audit
