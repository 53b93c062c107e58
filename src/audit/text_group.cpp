#include "audit/text_group.hpp"

#include "audit/format_reader.hpp"

#include <algorithm>
#include <array>

namespace tallyfs::audit {

namespace {

constexpr std::string_view unknown_name = "[unknown]";

/// The same text in bytes that have moved.
std::string_view moved(std::string_view text, const char* from, const char* to) {
    return text.empty() ? text : std::string_view(to + (text.data() - from), text.size());
}

prefix_fields moved(const prefix_fields& fields, const char* from, const char* to) {
    prefix_fields there = fields;
    for (const auto member :
         {&prefix_fields::time, &prefix_fields::epoch, &prefix_fields::user,
          &prefix_fields::database, &prefix_fields::pid, &prefix_fields::remote,
          &prefix_fields::session, &prefix_fields::line, &prefix_fields::sqlstate,
          &prefix_fields::application, &prefix_fields::backend_type, &prefix_fields::severity}) {
        there.*member = moved(fields.*member, from, to);
    }
    return there;
}

std::string_view known(std::string_view name) {
    return name == unknown_name ? std::string_view() : name;
}

/// With log_error_verbosity=verbose an SQLSTATE stands before the message: "42501: ".
std::string_view take_sqlstate(std::string_view& message) {
    constexpr std::size_t sqlstate_bytes = 5;
    const auto is_part = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    const auto code = message.substr(0, sqlstate_bytes);
    if (message.size() < sqlstate_bytes + 2 || !std::ranges::all_of(code, is_part)) return {};
    if (message.substr(sqlstate_bytes, 2) != ": ") return {};
    // "AUDIT: " is none: classes that do not begin with a digit are these.
    const auto kind = code.substr(0, 2);
    const bool is_class = (code[0] >= '0' && code[0] <= '9') || kind == "F0" || kind == "HV" ||
                          kind == "P0" || kind == "XX";
    if (!is_class) return {};
    message.remove_prefix(sqlstate_bytes + 2);
    return code;
}

std::string_view without_line_ends(std::string_view text) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

}  // namespace

bool is_attached(std::string_view severity) noexcept {
    constexpr std::array<std::string_view, 7> all{"DETAIL",   "HINT",      "QUERY",    "CONTEXT",
                                                  "LOCATION", "BACKTRACE", "STATEMENT"};
    return std::ranges::find(all, severity) != all.end();
}

bool has_severity(std::string_view line) noexcept {
    for (auto end = line.find(severity_end); end != line.npos;
         end = line.find(severity_end, end + 1)) {
        auto begin = end;
        while (begin > 0 && line[begin - 1] >= 'A' && line[begin - 1] <= 'Z') --begin;
        if (is_severity(line.substr(begin, end - begin))) return true;
    }
    return false;
}

void text_group::begin(std::string_view line, const prefix_fields& fields, std::size_t offset,
                       bool forged) {
    parts_.clear();
    parts_.push_back({0, offset + fields.message, offset + line.size(), false});
    fields_ = fields;
    base_ = line.data();
    offset_ = offset;
    pid_ = fields.pid.empty() ? fields.session : fields.pid;
    forged_ = forged;
}

bool text_group::takes(const prefix_fields& fields) const {
    return !parts_.empty() && !forged_ &&
           pid_ == (fields.pid.empty() ? fields.session : fields.pid);
}

void text_group::attach(std::string_view line, const prefix_fields& fields, std::size_t offset) {
    parts_.push_back(
        {fields.severity.front(), offset + fields.message, offset + line.size(), false});
}

void text_group::go_on(std::size_t end, bool has_text) {
    if (!has_text) return;
    parts_.back().end = end;
    parts_.back().goes_on = true;
}

std::string_view text_group::text(const part& of, std::string_view bytes,
                                  text_context& context) const {
    auto rest = bytes.substr(of.message, of.end - of.message);
    if (!of.goes_on) return rest;
    const auto begin = context.text.size();
    for (bool first = true; !rest.empty(); first = false) {
        const auto end = std::min(rest.find('\n'), rest.size());
        auto line = without_line_end(rest.substr(0, std::min(end + 1, rest.size())));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!first) {
            if (!line.starts_with('\t')) continue;
            line.remove_prefix(1);
            context.text += '\n';
        }
        context.text += line;
    }
    return std::string_view(context.text).substr(begin);
}

bool text_group::fill_prefix(const prefix_fields& fields, text_context& context,
                             log_entry& entry) const {
    const auto time =
        fields.epoch.empty() ? context.time.parse(fields.time) : parse_epoch(fields.epoch);
    if (!time) return false;
    entry.logged = *time;
    if (!fields.pid.empty()) {
        if (!take_number(fields.pid, entry.pid)) return false;
    } else if (const auto dot = fields.session.find('.'); dot != fields.session.npos) {
        const auto digits = fields.session.substr(dot + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), entry.pid, 16);
    }
    if (!fields.line.empty() && !take_number(fields.line, entry.line)) return false;
    entry.session = fields.session;
    entry.sqlstate = fields.sqlstate;
    entry.severity = fields.severity;
    entry.user = known(fields.user);
    entry.database = known(fields.database);
    entry.application = known(fields.application);
    entry.backend_type = fields.backend_type;
    entry.remote = fields.remote;
    const auto port = fields.remote.rfind('(');
    if (port != fields.remote.npos && fields.remote.ends_with(')')) {
        // "127.0.0.1(37478)", as the other formats have it.
        const auto begin = context.text.size();
        context.text += fields.remote.substr(0, port);
        context.text += ':';
        context.text += fields.remote.substr(port + 1, fields.remote.size() - port - 2);
        entry.remote = std::string_view(context.text).substr(begin);
    }
    return true;
}

void text_group::fill_users(std::string_view pid, bool has_context, text_context& context,
                            log_entry& entry) const {
    if (context.names_user || forged_) return;
    const auto key = entry.session.empty() ? pid : entry.session;
    if (entry.severity == "LOG" && !has_context) context.users.see(key, entry.message);
    const auto* const names = context.users.find(key);
    if (names == nullptr) return;
    entry.user = names->user;
    if (entry.database.empty()) entry.database = names->database;
}

bool text_group::fill(std::string_view bytes, text_context& context, log_entry& entry) const {
    context.text.clear();
    // Views of it are handed out: it must not move.
    context.text.reserve(bytes.size());
    entry = {};
    const auto fields = moved(fields_, base_, bytes.data() + offset_);
    if (!fill_prefix(fields, context, entry)) return false;
    bool has_context = false;
    for (const auto& each : parts_) {
        if (each.kind == 0) entry.message = text(each, bytes, context);
        if (each.kind == 'D') entry.detail = text(each, bytes, context);
        if (each.kind == 'S') entry.statement = text(each, bytes, context);
        has_context = has_context || each.kind == 'C';
    }
    if (!context.names_sqlstate) entry.sqlstate = take_sqlstate(entry.message);
    entry.lines = static_cast<std::int64_t>(parts_.size());
    entry.trust = context.trust;
    entry.raw = without_line_ends(bytes);
    fill_users(fields.pid, has_context, context, entry);
    entry.forged = forged_ || audit::is_forged(entry, has_context);
    if (!entry.forged) {
        context.last_logged = entry.logged;
        context.last_pid = entry.pid;
    }
    return true;
}

void text_group::fill_stray(std::string_view line, text_context& context, log_entry& entry) {
    entry = {};
    entry.logged = context.last_logged;
    entry.pid = context.last_pid;
    entry.trust = context.trust;
    entry.message = line;
    entry.raw = line;
    entry.forged = true;
}

}  // namespace tallyfs::audit
