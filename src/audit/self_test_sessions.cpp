#include "audit/audited.hpp"
#include "audit/self_test_checks.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <set>

namespace tallyfs::audit {

namespace {

constexpr std::size_t statement_columns_max = 200;
/// Times of a line and of pg_stat_activity are taken apart, and the former are cut.
constexpr std::chrono::seconds line_tolerance{1};

std::string name_of(const session_facts& session) {
    return "Session " + std::to_string(session.pid) + " of " + session.user + " in " +
           session.database;
}

/// Which settings a session began with.
struct kept_settings {
    const role_settings* settings = nullptr;
    bool earlier = false;  ///< not those that are in force now
    bool certain = true;   ///< false: it began while they changed
};

kept_settings kept_by(const session_facts& session, const role_facts& role) {
    // When others began is hidden from a role without pg_monitor.
    if (session.began == wall_time{}) return {&role.settings, false, false};
    const auto found = std::ranges::find_if(
        role.earlier, [&](const auto& one) { return session.began < one.until; });
    if (found == role.earlier.end()) return {&role.settings};
    return {&found->settings, true, session.began <= found->seen};
}

/// How its settings of before leave something of it unlogged; "" if they do not.
std::string old_gap(const server_facts& server, const kept_settings& kept,
                    const session_facts& session) {
    const auto gaps = gaps_of(server, *kept.settings, session.database);
    const auto worst = std::ranges::find(gaps, verdict::blind, &audit_gap::verdict);
    return worst == gaps.end() ? "" : worst->setting + worst->what;
}

void say_old(const session_facts& session, bool certain, const std::string& gap, findings& into) {
    into.add("session", certain ? verdict::blind : verdict::weak,
             name_of(session) + " began before the settings of its role were changed, and " +
                 (certain ? "keeps" : "may keep") + " those of before. There " + gap,
             "SELECT pg_terminate_backend(" + std::to_string(session.pid) + ");");
}

/// Whether a line of its last statement would have been read by now.
bool would_be_read(const self_test_input& seen, const session_facts& session) {
    const auto& feed = seen.feed;
    if (session.statement_ended == wall_time{} || feed.oldest == wall_time{}) return false;
    if (session.statement_began <= feed.oldest) return false;
    // What the server is set to can have been something else before.
    if (session.statement_began <= seen.server->settings_read) return false;
    if (session.statement_ended + line_tolerance >= feed.newest) return false;
    return std::ranges::any_of(seen.canaries, [&](const auto& one) {
        return one.seen && one.sent > session.statement_ended;
    });
}

bool is_silent(const self_test_input& seen, const session_facts& session,
               const kept_settings& kept) {
    if (!kept.certain || !would_be_read(seen, session)) return false;
    const auto& server = *seen.server;
    if (!must_be_logged(server, *kept.settings, session.database, session.statement)) return false;
    // A line with rows comes when its statement is closed, which a client can put off that reads
    // its rows in pieces.
    const auto rows = in_force(server, *kept.settings, session.database, "pgaudit.log_rows");
    if (session.in_transaction && rows && is_on(*rows)) return false;
    const auto newest = seen.feed.last_of_pid.find(session.pid);
    return newest == seen.feed.last_of_pid.end() ||
           newest->second + line_tolerance < session.statement_began;
}

void say_silent(const session_facts& session, findings& into) {
    into.add("silent-session", verdict::blind,
             name_of(session) + " has left no line of a statement that has to be logged: " +
                 std::string(clip_utf8(session.statement, statement_columns_max)),
             "Ask who that is: its audit was switched off in the session, or its lines were taken"
             " out of the log.");
}

void say_hidden(const std::vector<std::string>& users, findings& into) {
    if (users.empty()) return;
    into.add("hidden-session", verdict::weak,
             "Sessions of " + names_text(users) +
                 " hide what they do (track_activities is off): whether they left lines of it"
                 " cannot be told.",
             "Ask who that is; only a superuser can switch it off.");
}

}  // namespace

void check_sessions(const self_test_input& seen, findings& into) {
    const auto& server = *seen.server;
    if (!server.preloaded) return;
    std::map<std::string_view, const role_facts*> roles;
    for (const auto& role : server.roles) roles.emplace(role.name, &role);
    std::set<std::string> hidden;
    std::size_t silent = 0;
    std::size_t old = 0;
    for (const auto& session : server.sessions) {
        const auto role = roles.find(session.user);
        if (!session.person || role == roles.end()) continue;
        if (session.hidden) hidden.insert(session.user);
        const auto kept = kept_by(session, *role->second);
        const auto gap = kept.earlier ? old_gap(server, kept, session) : "";
        if (!gap.empty() && ++old <= session_findings_max)
            say_old(session, kept.certain, gap, into);
        if (is_silent(seen, session, kept) && ++silent <= session_findings_max) {
            say_silent(session, into);
        }
    }
    say_hidden({hidden.begin(), hidden.end()}, into);
    if (silent == 0) into.pass("No session of a person has worked without leaving a line.");
    for (const auto& [count, check] : {std::pair{silent, "silent-session"}, {old, "session"}}) {
        if (count <= session_findings_max) continue;
        into.add(check, verdict::blind, "There are more such sessions, which are not listed.");
    }
}

}  // namespace tallyfs::audit
