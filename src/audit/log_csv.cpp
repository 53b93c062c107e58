#include "audit/format_reader.hpp"
#include "audit/log_time.hpp"

#include <array>
#include <string>

namespace tallyfs::audit {

namespace {

/// Columns of csvlog that are looked at, and those of its versions: 12 has 23, 13 has 24.
enum column : std::size_t {
    logged_column = 0,
    user_column = 1,
    database_column = 2,
    pid_column = 3,
    remote_column = 4,
    session_column = 5,
    line_column = 6,
    severity_column = 11,
    sqlstate_column = 12,
    message_column = 13,
    detail_column = 14,
    context_column = 18,
    statement_column = 19,
    application_column = 22,
    backend_column = 23,
    column_count = 26,
};

/// The server quotes all texts, also empty ones, and nothing else.
constexpr std::array<bool, column_count> is_text = [] {
    std::array<bool, column_count> text{};
    for (const auto i : {1U, 2U, 4U, 7U, 13U, 14U, 15U, 16U, 18U, 19U, 21U, 22U, 23U})
        text[i] = true;
    return text;
}();

bool is_version(std::size_t columns) {
    return columns == 23 || columns == 24 || columns == column_count;
}

/// One record after the other. It never looks for a place to begin at within a quoted text, not
/// even in one that was cut. Where a crash or a restart puts it into one nevertheless, what a
/// client wrote there can be made to look like a record, but the quotes in it are doubled: its
/// columns hold nothing, or quotes. A server's records all have a text, and one without is none.
class csv_reader final : public format_reader {
  public:
    reading_step next(std::string_view bytes, bool is_end, log_entry& entry) override {
        if (!wrong_) {
            const auto end = scan(bytes, is_end);
            if (end == scanned::more) return {};
            if (end == scanned::whole && fill(bytes.substr(0, at_), entry)) {
                const auto size = at_;
                forget();
                return {reading_step::found::entry, size};
            }
            wrong_ = true;
            at_ = 0;
        }
        // Only the first line is no entry: one may begin with the next.
        const auto line_end = bytes.find('\n', at_);
        if (line_end == bytes.npos) {
            at_ = bytes.size();
            return {};
        }
        forget();
        return {reading_step::found::unreadable, line_end + 1};
    }

    reading_step cut(std::string_view bytes, log_entry& entry) override {
        bool read = !wrong_ && count_ >= message_column;
        if (read && count_ < column_count && state_ != state::begins) {
            auto& open = columns_[count_];
            open.end = bytes.size() - (state_ == state::quote ? 1 : 0);
            see_text(bytes, open);
            ++count_;
        }
        read = read && has_text_ && fill(bytes, entry);
        entry.cut = true;
        const auto rest = wrong_ ? state::broken : state_;
        forget();
        rest_ = rest;
        return {read ? reading_step::found::entry : reading_step::found::unreadable, bytes.size(),
                rest != state::broken};
    }

    passed_bytes pass(std::string_view bytes) override {
        std::size_t at = 0;
        while (at < bytes.size()) {
            if (!pass_some(bytes, at)) continue;
            rest_ = state::broken;
            return {at, true};
        }
        return {at, false};
    }

    void forget() override {
        state_ = state::begins;
        rest_ = state::broken;
        at_ = count_ = 0;
        wrong_ = has_text_ = false;
    }
    [[nodiscard]] bool begins_entry(std::string_view line) override {
        const auto time = log_time_bytes(line);
        return time > 0 && line.substr(time).starts_with(',');
    }
    [[nodiscard]] std::size_t whole_bytes(std::string_view /*bytes*/) const override { return 0; }

  private:
    enum class scanned : std::uint8_t { more, whole, wrong };
    /// `broken`: what was no record, up to the end of its line.
    enum class state : std::uint8_t { begins, plain, quoted, quote, carriage, broken };
    struct span {
        std::size_t begin = 0;
        std::size_t end = 0;
        bool quoted = false;
        bool has_doubled = false;
    };

    scanned scan(std::string_view bytes, bool is_end) {
        while (at_ < bytes.size()) {
            const auto result = step(bytes);
            if (result != scanned::more) return result;
        }
        const bool can_end = state_ == state::plain || state_ == state::quote ||
                             (state_ == state::begins && count_ > 0);
        if (!is_end || !can_end || !is_version(count_ + 1)) return scanned::more;
        if (state_ == state::begins) begin(false);
        return close(bytes, bytes.size() - (state_ == state::quote ? 1 : 0), '\n');
    }

    /// One column, or as much of it as there is.
    scanned step(std::string_view bytes) {
        const char c = bytes[at_];
        switch (state_) {
            case state::begins:
                // Lines that are no record are mostly told by this.
                if (count_ == 0 && (c < '0' || c > '9')) return scanned::wrong;
                if (count_ == column_count) return scanned::wrong;
                begin(c == '"');
                return scanned::more;
            case state::plain: {
                const auto end = bytes.find_first_of(",\n\"", at_);
                at_ = end == bytes.npos ? bytes.size() : end;
                if (end == bytes.npos) return scanned::more;
                if (bytes[end] == '"') return scanned::wrong;
                return close(bytes, at_++, bytes[end]);
            }
            case state::quoted: {
                const auto end = bytes.find('"', at_);
                at_ = end == bytes.npos ? bytes.size() : end + 1;
                if (end != bytes.npos) state_ = state::quote;
                return scanned::more;
            }
            case state::quote:
                ++at_;
                if (c == '"') {
                    columns_[count_].has_doubled = true;
                    state_ = state::quoted;
                    return scanned::more;
                }
                if (c == ',' || c == '\n') return close(bytes, at_ - 2, c);
                if (c != '\r') return scanned::wrong;
                state_ = state::carriage;
                return scanned::more;
            case state::carriage:
                ++at_;
                return c == '\n' ? close(bytes, at_ - 3, c) : scanned::wrong;
            case state::broken:
                break;
        }
        return scanned::wrong;
    }

    /// As step(), of a record whose columns nobody needs. True: it is over.
    bool pass_some(std::string_view bytes, std::size_t& at) {
        const auto go_to = [&](const char* any_of) {
            at = std::min(bytes.find_first_of(any_of, at), bytes.size());
            return at < bytes.size() ? bytes[at++] : '\0';
        };
        switch (rest_) {
            case state::quoted:
                if (go_to("\"") != '\0') rest_ = state::quote;
                return false;
            case state::begins:
                rest_ = bytes[at] == '"' ? state::quoted : state::plain;
                if (rest_ == state::quoted) ++at;
                return false;
            case state::plain: {
                const char c = go_to(",\n\"");
                if (c == ',') rest_ = state::begins;
                if (c == '"') rest_ = state::broken;
                return c == '\n';
            }
            case state::quote:
            case state::carriage: {
                const char c = bytes[at++];
                if (c == '\n') return true;
                const bool quote = rest_ == state::quote;
                rest_ = state::broken;
                if (quote && c == '"') rest_ = state::quoted;
                if (quote && c == ',') rest_ = state::begins;
                if (quote && c == '\r') rest_ = state::carriage;
                return false;
            }
            case state::broken:
                break;
        }
        return go_to("\n") == '\n';
    }

    void begin(bool quoted) {
        if (quoted) ++at_;
        columns_[count_] = {at_, at_, quoted, false};
        state_ = quoted ? state::quoted : state::plain;
    }

    scanned close(std::string_view bytes, std::size_t end, char separator) {
        auto& closed = columns_[count_];
        closed.end = end;
        const bool carriage =
            !closed.quoted && separator == '\n' && end > closed.begin && bytes[end - 1] == '\r';
        if (carriage) --closed.end;
        const bool empty = closed.end == closed.begin;
        if (closed.quoted ? !is_text[count_] : is_text[count_] && !empty) return scanned::wrong;
        if (count_ == 0 && !begins_entry(bytes.substr(0, end + 1))) return scanned::wrong;
        see_text(bytes, closed);
        ++count_;
        state_ = state::begins;
        if (separator == ',') return scanned::more;
        return is_version(count_) && has_text_ ? scanned::whole : scanned::wrong;
    }

    void see_text(std::string_view bytes, const span& column) {
        if (has_text_ || !column.quoted) return;
        const auto text = bytes.substr(column.begin, column.end - column.begin);
        has_text_ = text.find_first_not_of('"') != text.npos;
    }

    [[nodiscard]] std::string_view text(std::string_view record, column which) {
        if (which >= count_) return {};
        const auto& at = columns_[which];
        const auto raw = record.substr(at.begin, at.end - at.begin);
        if (!at.has_doubled) return raw;
        const auto begin = unquoted_.size();
        for (std::size_t i = 0; i < raw.size();) {
            const auto quote = std::min(raw.find('"', i), raw.size());
            unquoted_.append(raw, i, quote + 1 - i);
            i = quote + 2;
        }
        return std::string_view(unquoted_).substr(begin);
    }

    bool fill(std::string_view record, log_entry& entry) {
        unquoted_.clear();
        // Views of it are handed out: it must not move.
        unquoted_.reserve(record.size());
        entry = {};
        entry.trust = trust::structured;
        const auto time = time_.parse(text(record, logged_column));
        if (!time || !take_number(text(record, pid_column), entry.pid)) return false;
        entry.logged = *time;
        if (!take_number(text(record, line_column), entry.line) || entry.line < 0) return false;
        entry.severity = text(record, severity_column);
        if (entry.severity.empty()) return false;
        entry.user = text(record, user_column);
        entry.database = text(record, database_column);
        entry.remote = text(record, remote_column);
        entry.session = text(record, session_column);
        entry.sqlstate = text(record, sqlstate_column);
        entry.message = text(record, message_column);
        entry.detail = text(record, detail_column);
        entry.statement = text(record, statement_column);
        entry.application = text(record, application_column);
        entry.backend_type = text(record, backend_column);
        entry.raw = without_line_end(record);
        entry.forged = is_forged(entry, !text(record, context_column).empty());
        return true;
    }

    state state_ = state::begins;
    std::size_t at_ = 0;  ///< of the record, up to which it is scanned
    std::size_t count_ = 0;
    bool wrong_ = false;          ///< what begins here is no record
    bool has_text_ = false;       ///< a column has one that no client could write into a text
    state rest_ = state::broken;  ///< in which pass() is
    std::array<span, column_count> columns_{};
    std::string unquoted_;
    log_time time_;
};

}  // namespace

std::unique_ptr<format_reader> make_csv_reader() {
    return std::make_unique<csv_reader>();
}

}  // namespace tallyfs::audit
