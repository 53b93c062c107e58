#include "audit/format_reader.hpp"
#include "audit/json_members.hpp"
#include "audit/log_time.hpp"

#include <array>
#include <string>

namespace tallyfs::audit {

namespace {

/// The members that are looked at, in the order in which the server writes them.
enum member : std::size_t {
    timestamp,
    user,
    dbname,
    pid,
    remote_host,
    remote_port,
    session_id,
    line_num,
    error_severity,
    state_code,
    message,
    detail,
    context,
    statement,
    application_name,
    backend_type,
    member_count,
};
constexpr std::array<std::string_view, member_count> names{
    "timestamp",  "user",      "dbname",           "pid",         "remote_host", "remote_port",
    "session_id", "line_num",  "error_severity",   "state_code",  "message",     "detail",
    "context",    "statement", "application_name", "backend_type"};

/// One object a line, without nesting. Members that are not known are passed over.
class json_reader final : public format_reader {
  public:
    reading_step next(std::string_view bytes, bool is_end, log_entry& entry) override {
        const auto line_end = bytes.find('\n', searched_);
        const bool has_end = line_end != bytes.npos;
        searched_ = has_end ? 0 : bytes.size();
        if (!has_end && !is_end) return {};
        const auto size = has_end ? line_end + 1 : bytes.size();
        const bool read = take(without_line_end(bytes.substr(0, size)), false, entry);
        if (!read && !has_end) return {};
        searched_ = 0;
        return {read ? reading_step::found::entry : reading_step::found::unreadable, size};
    }
    reading_step cut(std::string_view bytes, log_entry& entry) override {
        const bool read = take(bytes, true, entry);
        entry.cut = true;
        searched_ = 0;
        return {read ? reading_step::found::entry : reading_step::found::unreadable, bytes.size()};
    }
    void forget() override { searched_ = 0; }
    [[nodiscard]] bool begins_entry(std::string_view line) override {
        return line.starts_with("{\"timestamp\"");
    }
    [[nodiscard]] std::size_t whole_bytes(std::string_view /*bytes*/) const override { return 0; }

  private:
    struct value {
        std::string_view raw;  ///< between its quotes, or the number
        bool has_escapes = false;
        bool is_there = false;
    };

    bool take(std::string_view line, bool cut, log_entry& entry) {
        values_ = {};
        json_members members(line, cut);
        std::size_t expected = 0;
        for (json_member found; members.next(found);) {
            // They come in order, so the next name is mostly the next one that is looked at.
            std::size_t which = expected;
            while (which < member_count && names[which] != found.name) ++which;
            for (std::size_t i = 0; which == member_count && i < expected; ++i) {
                if (names[i] == found.name) which = i;
            }
            if (which == member_count) continue;
            // A server names nothing twice.
            if (values_[which].is_there) return false;
            if (which != pid && which != line_num && which != remote_port && !found.is_text)
                return false;
            values_[which] = {found.value, found.has_escapes, true};
            expected = which + 1;
        }
        return members.good() && fill(line, entry);
    }

    /// False: its escapes are none.
    bool text(member which, std::string_view& into) {
        const auto& at = values_[which];
        into = at.raw;
        if (!at.has_escapes) return true;
        const auto begin = decoded_.size();
        if (!append_unescaped(decoded_, at.raw)) return false;
        into = std::string_view(decoded_).substr(begin);
        return true;
    }

    bool fill(std::string_view line, log_entry& entry) {
        decoded_.clear();
        // Views of it are handed out: it must not move. Escapes are longer than what they stand
        // for, and an address is joined from its two members.
        decoded_.reserve(2 * line.size());
        entry = {};
        entry.trust = trust::structured;
        const auto time = time_.parse(values_[timestamp].raw);
        if (!time || !take_number(values_[pid].raw, entry.pid)) return false;
        entry.logged = *time;
        if (values_[line_num].is_there && !take_number(values_[line_num].raw, entry.line))
            return false;
        std::string_view context_text;
        const bool whole =
            text(user, entry.user) && text(dbname, entry.database) &&
            text(session_id, entry.session) && text(error_severity, entry.severity) &&
            text(state_code, entry.sqlstate) && text(message, entry.message) &&
            text(detail, entry.detail) && text(context, context_text) &&
            text(statement, entry.statement) && text(application_name, entry.application) &&
            text(backend_type, entry.backend_type) && text(remote_host, entry.remote);
        if (!whole || entry.severity.empty() || entry.line < 0) return false;
        if (values_[remote_port].is_there) {
            const auto begin = decoded_.size();
            decoded_ += entry.remote;
            decoded_ += ':';
            decoded_ += values_[remote_port].raw;
            entry.remote = std::string_view(decoded_).substr(begin);
        }
        entry.raw = line;
        entry.forged = is_forged(entry, !context_text.empty());
        return true;
    }

    std::size_t searched_ = 0;  ///< up to where there is no end of a line
    std::array<value, member_count> values_{};
    std::string decoded_;
    log_time time_;
};

}  // namespace

std::unique_ptr<format_reader> make_json_reader() {
    return std::make_unique<json_reader>();
}

}  // namespace tallyfs::audit
