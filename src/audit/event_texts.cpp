#include "audit/event_texts.hpp"

#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/record/audit_event.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::audit {

namespace {

constexpr std::size_t bytes_max = record::audit_statement_bytes_max;
/// Longer ones are masked each time: nothing is gained by comparing them.
constexpr std::size_t remembered_bytes_max = 64 * 1024;

struct known_message {
    std::string_view begins;
    std::string_view ends;  ///< "" for any
    std::string_view sqlstate;
};
/// In English, as lc_messages has to be for a text log.
constexpr std::array<known_message, 8> known_messages{{
    {"permission denied", "", "42501"},
    {"must be owner of ", "", "42501"},
    {"must be superuser ", "", "42501"},
    {"password authentication failed for user ", "", "28P01"},
    {"no pg_hba.conf entry ", "", "28000"},
    {"pg_hba.conf rejects connection ", "", "28000"},
    {"role \"", "\" does not exist", "28000"},
    {"database \"", "\" does not exist", "3D000"},
}};

/// Whose quotes hold names of the schema and of settings only. 42601 is in none: there they hold
/// what the parser met, which can be a literal.
bool quotes_names(std::string_view sqlstate) {
    if (sqlstate == "42601") return false;
    constexpr std::array<std::string_view, 4> of_names{"42", "28", "3D", "57"};
    return std::ranges::any_of(of_names, [&](auto each) { return sqlstate.starts_with(each); });
}

/// Raised by code of the database or by nobody knows what: there a value need not be quoted.
bool is_own_text(std::string_view sqlstate) {
    return sqlstate.empty() || sqlstate.starts_with("P0") || sqlstate == "00000";
}

}  // namespace

std::string_view sqlstate_of(const log_entry& entry) noexcept {
    if (!entry.sqlstate.empty() || entry.trust == trust::structured) return entry.sqlstate;
    for (const auto& known : known_messages) {
        const bool fatal_only = known.begins == "role \"";
        if (entry.message.starts_with(known.begins) && entry.message.ends_with(known.ends) &&
            (!fatal_only || entry.severity == "FATAL"))
            return known.sqlstate;
    }
    return {};
}

bool is_client_error(const log_entry& entry) noexcept {
    constexpr std::array<std::string_view, 3> errors{"ERROR", "FATAL", "PANIC"};
    constexpr std::array<std::string_view, 9> others{
        "LOG", "INFO", "NOTICE", "WARNING", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4"};
    constexpr std::array<std::string_view, 5> clients{"client backend", "walsender",
                                                      "dead-end client backend", "not initialized",
                                                      "standalone backend"};
    if (std::ranges::find(errors, entry.severity) == errors.end()) {
        // A severity in another language: then the SQLSTATE tells.
        const auto kind = entry.sqlstate.substr(0, 2);
        if (kind.empty() || kind == "00" || kind == "01" || kind == "02") return false;
        if (entry.trust != trust::structured || entry.severity == "DEBUG5" ||
            std::ranges::find(others, entry.severity) != others.end())
            return false;
    }
    if (!entry.backend_type.empty())
        return std::ranges::find(clients, entry.backend_type) != clients.end();
    // A prefix with the user has none in it for a process of the server's own.
    return !entry.user.empty() || entry.trust == trust::guarded_text ||
           sqlstate_of(entry).starts_with("28");
}

std::string masked_message(std::string_view message, std::string_view sqlstate) {
    message = message.substr(0, bytes_max + 1);
    if (quotes_names(sqlstate)) return std::string(message);
    const auto first = message.find('"');
    std::string shown(message.substr(0, first));
    if (first != message.npos) {
        // A value can hold quotes itself: nothing between the first one and the last is kept.
        const auto last = message.rfind('"');
        shown += "\"?\"";
        if (last != first) shown += message.substr(last + 1);
    }
    if (is_own_text(sqlstate)) return tallyfs::masked(shown, bytes_max);
    return shown;
}

std::string_view changed_parameter(std::string_view message) noexcept {
    constexpr std::string_view begins = "parameter \"";
    if (!message.starts_with(begins)) return {};
    message.remove_prefix(begins.size());
    const auto end = message.find('"');
    if (end == message.npos) return {};
    const auto name = message.substr(0, end);
    const auto rest = message.substr(end);
    const bool changed = rest.starts_with("\" changed to ") ||
                         rest == "\" removed from configuration file, reset to default" ||
                         rest == "\" cannot be changed without restarting the server";
    const bool decides = name.starts_with("pgaudit.") || name.starts_with("log_") ||
                         name == "logging_collector" || name == "shared_preload_libraries" ||
                         name == "session_preload_libraries";
    return changed && decides ? name : std::string_view();
}

const std::string& statement_masker::masked(std::string_view statement) {
    if (statement == statement_ && !statement.empty()) return masked_;
    masked_ = tallyfs::masked(statement, bytes_max);
    statement_.clear();
    if (statement.size() <= remembered_bytes_max) statement_ = statement;
    return masked_;
}

}  // namespace tallyfs::audit
