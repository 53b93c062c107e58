#include <tallyfs/audit/pgaudit_record.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace tallyfs::audit {

namespace {

constexpr std::string_view not_logged = "<not logged>";
constexpr std::string_view logged_before = "<previously logged>";
constexpr std::string_view no_parameters = "<none>";
constexpr std::string_view unknown_command = "???";
/// What makes pgAudit quote a field.
constexpr std::string_view quoted_for = ",\"\r\n";

constexpr std::array<std::string_view, 7> classes{"READ", "WRITE", "FUNCTION", "ROLE",
                                                  "DDL",  "MISC",  "MISC_SET"};

class field_reader {
  public:
    field_reader(std::string_view message, bool cut, std::string& unquoted)
        : rest_(message), cut_(cut), unquoted_(unquoted) {}

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool at_end() const { return !has_more_; }

    /// One field without its comma; "" after the last one, which is wrong.
    std::string_view take() {
        if (!has_more_) good_ = false;
        if (!good_) return {};
        if (rest_.starts_with('"')) return take_quoted();
        const auto end = std::min(rest_.find(','), rest_.size());
        const auto text = rest_.substr(0, end);
        if (text.find_first_of(quoted_for) != text.npos) good_ = false;
        rest_.remove_prefix(end);
        end_field();
        return text;
    }

    std::int64_t take_number(std::int64_t least) {
        const auto text = take();
        std::int64_t value = 0;
        const auto* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        const bool plain = !text.empty() && text[0] != '-' && (text[0] != '0' || text.size() == 1);
        if (error != std::errc() || stop != end || value < least || !plain) good_ = false;
        return value;
    }

  private:
    std::string_view take_quoted() {
        std::size_t end = 1;
        bool has_doubled = false;
        for (;; end += 2) {
            end = rest_.find('"', end);
            if (end == rest_.npos) break;
            if (end + 1 >= rest_.size() || rest_[end + 1] != '"') break;
            has_doubled = true;
        }
        if (end == rest_.npos && !cut_) good_ = false;
        if (!good_) return {};
        const auto raw = rest_.substr(1, end == rest_.npos ? end : end - 1);
        const bool needed = raw.find_first_of(quoted_for) != raw.npos;
        if (!needed && !cut_) good_ = false;
        rest_.remove_prefix(std::min(end == rest_.npos ? end : end + 1, rest_.size()));
        end_field();
        return has_doubled ? without_doubled(raw) : raw;
    }

    std::string_view without_doubled(std::string_view raw) {
        const auto begin = unquoted_.size();
        while (!raw.empty()) {
            const auto quote = std::min(raw.find('"'), raw.size() - 1);
            unquoted_ += raw.substr(0, quote + 1);
            raw.remove_prefix(std::min(raw[quote] == '"' ? quote + 2 : quote + 1, raw.size()));
        }
        return std::string_view(unquoted_).substr(begin);
    }

    void end_field() {
        has_more_ = rest_.starts_with(',');
        if (!has_more_ && !rest_.empty()) good_ = false;
        if (has_more_) rest_.remove_prefix(1);
    }

    std::string_view rest_;
    bool cut_;
    std::string& unquoted_;
    bool good_ = true;
    bool has_more_ = true;
};

bool take_type(std::string_view type, pgaudit_record& into) {
    into.by_object = type == "OBJECT";
    return into.by_object || type == "SESSION";
}

std::string_view without(std::string_view sentinel, std::string_view text) {
    return text == sentinel ? std::string_view() : text;
}

}  // namespace

bool parse_pgaudit(std::string_view message, pgaudit_record& into, bool cut) {
    if (!message.starts_with(pgaudit_begins)) return false;
    message.remove_prefix(pgaudit_begins.size());
    into.text.clear();
    // Views of it are handed out: it must not move.
    into.text.reserve(message.size());
    field_reader fields(message, cut, into.text);
    if (!take_type(fields.take(), into)) return false;
    into.statement_id = fields.take_number(1);
    into.substatement_id = fields.take_number(1);
    into.class_name = fields.take();
    if (std::ranges::find(classes, into.class_name) == classes.end()) return false;
    into.command = without(unknown_command, fields.take());
    into.object_type = fields.take();
    into.object = fields.take();
    into.statement = fields.take();
    into.parameters = {};
    into.rows.reset();
    if (!fields.good()) return false;
    if (!fields.at_end()) {
        into.parameters = fields.take();
        if (!fields.at_end()) into.rows = fields.take_number(0);
    } else if (!cut) {
        return false;
    }
    if (!cut && (!fields.good() || !fields.at_end())) return false;
    into.statement_logged_before = into.statement == logged_before;
    into.statement = without(not_logged, without(logged_before, into.statement));
    into.parameters =
        without(not_logged, without(logged_before, without(no_parameters, into.parameters)));
    return true;
}

}  // namespace tallyfs::audit
