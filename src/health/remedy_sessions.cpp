#include "health/remedy_parts.hpp"

#include <charconv>

namespace tallyfs::health {

namespace {

std::optional<session_reference> parse_session(std::string_view text) {
    session_reference made;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, made.pid);
    if (read.ec != std::errc{} || made.pid <= 0 || read.ptr == end || *read.ptr != '@') {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()) + 1);
    const auto slash = text.find('/');
    const auto start = parse_rfc3339(text.substr(0, slash));
    if (!start) return std::nullopt;
    made.backend_start = *start;
    if (slash == std::string_view::npos) return made;
    made.transaction_start = parse_rfc3339(text.substr(slash + 1));
    return made.transaction_start ? std::optional(made) : std::nullopt;
}

/// Only these, and never the one that asks. A pid alone could be another session's by now, and a
/// session of a pool does other people's work once its transaction is over.
std::string which(const std::vector<session_reference>& sessions) {
    std::string rows;
    std::string plain;
    for (const auto& one : sessions) {
        const auto key =
            "(" + std::to_string(one.pid) + ", '" + to_rfc3339(one.backend_start) + "'";
        if (one.transaction_start) {
            rows += (rows.empty() ? "" : ",\n  ") + key + ", '" +
                    to_rfc3339(*one.transaction_start) + "')";
        } else {
            plain += (plain.empty() ? "" : ",\n  ") + key + ")";
        }
    }
    if (!rows.empty()) rows = "(pid, backend_start, xact_start) IN (\n  " + rows + ")";
    if (!plain.empty()) plain = "(pid, backend_start) IN (\n  " + plain + ")";
    const auto either = rows.empty() || plain.empty() ? rows + plain : rows + "\n  OR " + plain;
    return "\n    FROM pg_catalog.pg_stat_activity\n"
           "    WHERE pid <> pg_catalog.pg_backend_pid() AND (" +
           either + ")";
}

}  // namespace

std::string session_text(const session_reference& session) {
    auto text = std::to_string(session.pid) + "@" + to_rfc3339(session.backend_start);
    if (session.transaction_start) text += "/" + to_rfc3339(*session.transaction_start);
    return text;
}

std::optional<std::vector<session_reference>> sessions_of(const remedy_parameters& all) {
    std::vector<session_reference> made;
    for (const auto& text : list_of(all, "sessions")) {
        const auto one = parse_session(text);
        if (!one) return std::nullopt;
        made.push_back(*one);
    }
    return made;
}

std::string remaining_sessions_sql(const std::vector<session_reference>& sessions) {
    return "SELECT pid" + which(sessions);
}

remedy_plan terminate_plan(const remedy_parameters& all) {
    const auto sessions = sessions_of(all);
    if (!sessions || sessions->empty()) {
        return failed_plan(
            "sessions=… is not PID@START,… with the start of the session as sessions.csv has it");
    }
    if (sessions->size() > sessions_max) {
        return failed_plan("sessions=… names more than " + std::to_string(sessions_max));
    }
    remedy_plan plan;
    plan.title = sessions->size() == 1 ? "End the session " + std::to_string(sessions->front().pid)
                                       : "End " + std::to_string(sessions->size()) + " sessions";
    plan.forward.statements = {"SELECT pid, pg_catalog.pg_terminate_backend(pid)" +
                               which(*sessions)};
    return plan;
}

}  // namespace tallyfs::health
