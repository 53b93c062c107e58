#include "audit/event_texts.hpp"
#include "audit/line_watch.hpp"
#include "audit/logged_statements.hpp"

#include <tallyfs/audit/event_maker.hpp>
#include <tallyfs/audit/pgaudit_record.hpp>
#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/base/text.hpp>

#include <utility>

namespace tallyfs::audit {

namespace {

constexpr std::size_t key_digits = 16;
constexpr std::size_t text_bytes_max = record::audit_statement_bytes_max;

/// One byte more than is kept shows that something is left out.
std::string_view bounded(std::string_view text) {
    return clip_utf8(text, text_bytes_max + 1);
}

std::string key_of_parts(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const auto& part : parts) {
        // With its length: no two lists make the same text.
        text += std::to_string(part.size());
        text += ':';
        text += part;
    }
    return sha256_hex(text).substr(0, key_digits);
}

std::string gap_text(const missing_lines& gap, std::string_view session) {
    const auto of = " of session " + std::string(session);
    const auto first = std::to_string(gap.first);
    if (gap.first == gap.last) return "line " + first + of + " is missing";
    return "lines " + first + " to " + std::to_string(gap.last) + of + " are missing";
}

}  // namespace

struct event_maker::implementation {
    implementation(std::string of, session_lines known, std::optional<wall_time> begun_until)
        : cluster(std::move(of)), lines(std::move(known), begun_until) {}

    using giver = std::function<void(record::audit_event& event)>;
    void begin(const log_entry& entry, std::string_view kind);
    void give_gap(const log_entry& entry, const giver& give);
    void give_forged(const log_entry& entry, const giver& give);
    void give_unreadable(const log_entry& entry, const giver& give);
    [[nodiscard]] std::string shown(std::string_view message) const;
    void give_record(const log_entry& entry, const giver& give);
    void give_error(const log_entry& entry, const giver& give);
    void give_settings(const log_entry& entry, std::string_view parameter, const giver& give);
    void fill_statement(const log_entry& entry);

    std::string cluster;
    line_watch lines;
    bool whole = false;
    record::audit_event event;
    pgaudit_record record;
    statement_masker masker;
    logged_statements statements;
};

/// What all kinds have; the memory of the last event is used again.
void event_maker::implementation::begin(const log_entry& entry, std::string_view kind) {
    auto& e = event;
    for (auto* const text :
         {&e.previous, &e.node, &e.account, &e.type, &e.class_name, &e.command, &e.object_type,
          &e.object, &e.statement, &e.parameters, &e.message, &e.expected}) {
        text->clear();
    }
    e.time = {};
    e.number = 0;
    e.rules.clear();
    e.statement_id.reset();
    e.substatement_id.reset();
    e.rows.reset();
    e.kind = kind;
    e.cluster = cluster;
    e.trust = to_string(entry.trust);
    e.logged = entry.logged;
    e.user = bounded(entry.user);
    e.database = bounded(entry.database);
    e.pid.reset();
    if (entry.pid != 0) e.pid = entry.pid;
    e.remote = bounded(entry.remote);
    e.session = bounded(entry.session);
    e.line.reset();
    if (entry.line != 0) e.line = entry.line;
    e.application = bounded(entry.application);
    e.severity = entry.severity;
    e.sqlstate = sqlstate_of(entry);
    e.key = key_of(cluster, entry);
}

void event_maker::implementation::give_gap(const log_entry& entry, const giver& give) {
    const auto gap = lines.see(entry);
    if (!gap) return;
    begin(entry, "gap");
    event.severity.clear();
    event.sqlstate.clear();
    event.message = gap_text(*gap, entry.session);
    event.key = key_of_parts(
        {"gap", cluster, entry.session, std::to_string(gap->first), std::to_string(gap->last)});
    give(event);
}

void event_maker::implementation::give_forged(const log_entry& entry, const giver& give) {
    begin(entry, "forged");
    event.message = "made to look like: " + shown(entry.message);
    give(event);
}

/// Of another version, or of a form that is not known: that it was there must not go unseen.
void event_maker::implementation::give_unreadable(const log_entry& entry, const giver& give) {
    begin(entry, "unreadable");
    event.message = "a record of pgAudit that is not understood: " + shown(entry.message);
    give(event);
}

std::string event_maker::implementation::shown(std::string_view message) const {
    return whole ? std::string(bounded(message)) : tallyfs::masked(message, text_bytes_max);
}

void event_maker::implementation::fill_statement(const log_entry& entry) {
    const auto pid = std::to_string(entry.pid);
    const auto session = entry.session.empty() ? std::string_view(pid) : entry.session;
    if (record.statement_logged_before) {
        event.statement = statements.find(session, record.statement_id, record.substatement_id);
        return;
    }
    if (record.statement.empty()) return;
    event.statement = whole ? std::string(bounded(record.statement))
                            : std::string_view(masker.masked(record.statement));
    statements.keep(session, record.statement_id, record.substatement_id, event.statement);
}

void event_maker::implementation::give_record(const log_entry& entry, const giver& give) {
    begin(entry, "statement");
    event.type = record.by_object ? "object" : "session";
    event.statement_id = record.statement_id;
    event.substatement_id = record.substatement_id;
    event.class_name = record.class_name == "MISC_SET" ? "MISC" : record.class_name;
    event.command = bounded(record.command);
    event.object_type = bounded(record.object_type);
    event.object = bounded(record.object);
    event.rows = record.rows;
    fill_statement(entry);
    if (whole) event.parameters = bounded(record.parameters);
    give(event);
}

void event_maker::implementation::give_error(const log_entry& entry, const giver& give) {
    begin(entry, "error");
    if (whole) {
        event.statement = bounded(entry.statement);
        event.message = bounded(entry.message);
    } else {
        event.statement = masker.masked(entry.statement);
        event.message = masked_message(entry.message, event.sqlstate);
    }
    give(event);
}

void event_maker::implementation::give_settings(const log_entry& entry, std::string_view parameter,
                                                const giver& give) {
    begin(entry, "settings");
    event.object = bounded(parameter);
    event.message = bounded(entry.message);
    give(event);
}

event_maker::event_maker(std::string cluster, session_lines known,
                         std::optional<wall_time> begun_until)
    : implementation_(
          std::make_unique<implementation>(std::move(cluster), std::move(known), begun_until)) {}
event_maker::~event_maker() = default;

void event_maker::keep_whole(bool whole) noexcept {
    implementation_->whole = whole;
}
void event_maker::lines_unknown() noexcept {
    implementation_->lines.lines_unknown();
}
const session_lines& event_maker::sessions() const noexcept {
    return implementation_->lines.sessions();
}
std::optional<wall_time> event_maker::begun_until() const noexcept {
    return implementation_->lines.begun_until();
}

void event_maker::take(const log_entry& entry,
                       const std::function<void(record::audit_event& event)>& give) {
    auto& own = *implementation_;
    // What a forged line of text says of its session and line is as much an invention as the rest.
    if (!entry.forged || entry.trust == trust::structured) own.give_gap(entry, give);
    if (entry.forged) return own.give_forged(entry, give);
    if (is_client_error(entry)) return own.give_error(entry, give);
    if (parse_pgaudit(entry.message, own.record, entry.cut)) return own.give_record(entry, give);
    if (entry.message.starts_with(pgaudit_begins)) return own.give_unreadable(entry, give);
    const auto parameter = changed_parameter(entry.message);
    if (parameter.empty() || entry.severity != "LOG") return;
    // The server itself says so, in the process that reads the configuration.
    const bool by_server =
        entry.user.empty() && (entry.backend_type.empty() || entry.backend_type == "postmaster");
    return by_server ? own.give_settings(entry, parameter, give) : own.give_forged(entry, give);
}

std::string key_of(std::string_view cluster, const log_entry& entry, std::string_view from_id) {
    // A forged line of text could name another entry's session and line.
    const bool told = !entry.forged || entry.trust == trust::structured;
    if (told && !entry.session.empty() && entry.line > 0) {
        return key_of_parts({"line", cluster, entry.session, std::to_string(entry.line)});
    }
    // A message of a log service can hold several entries.
    if (!from_id.empty()) return key_of_parts({"id", cluster, from_id, entry.raw});
    return key_of_parts({"bytes", cluster, entry.raw});
}

}  // namespace tallyfs::audit
