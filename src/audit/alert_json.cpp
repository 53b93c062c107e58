#include "audit/alert_json.hpp"

#include "audit/words.hpp"

#include <tallyfs/record/action.hpp>

#include <nlohmann/json.hpp>

#include <limits>

namespace tallyfs::audit {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t reason_bytes_min = 3;
constexpr std::size_t reason_bytes_max = 500;
/// Longer than what windows keep: it is read back what older versions have written.
constexpr std::size_t text_bytes_max = 1'024;
constexpr std::size_t entries_max = 100;
constexpr std::int64_t count_max = std::numeric_limits<std::int64_t>::max() / 1'024;

std::string dumped(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json identity(const alert_id& id) {
    return {{"id", id.to_string()},
            {"title", title_of(id.rule)},
            {"rule", to_string(id.rule)},
            {"cluster", id.cluster},
            {"user", id.user},
            {"window", to_rfc3339(id.window)}};
}

json counts(const tally& of) {
    return {{"events", of.events},
            {"statements", of.statements},
            {"rows", of.rows},
            {"expected", of.expected},
            {"believable", of.believable},
            {"first_number", of.first_number},
            {"last_number", of.last_number},
            {"first_logged", to_rfc3339(of.first_logged)},
            {"last_logged", to_rfc3339(of.last_logged)},
            {"sessions", of.sessions},
            {"objects", of.objects},
            {"tickets", of.tickets},
            {"text", of.text},
            {"over", of.over},
            {"reopened", of.reopened}};
}

/// Fields of an object that was read; what does not fit makes it false for good.
class field_reader {
  public:
    explicit field_reader(const json& of) : of_(of), fits_(of.is_object()) {}
    [[nodiscard]] bool fits() const noexcept { return fits_; }

    void read(const char* name, std::string& into) {
        if (const auto* value = find(name); value != nullptr && value->is_string()) {
            into = value->get_ref<const std::string&>();
            fits_ = fits_ && into.size() <= text_bytes_max;
        } else {
            fits_ = false;
        }
    }
    void read(const char* name, bool& into) {
        const auto* value = find(name);
        fits_ = fits_ && value != nullptr && value->is_boolean();
        if (fits_) into = value->get<bool>();
    }
    /// Counts are added up, which must not overflow; the most of something is not.
    void read(const char* name, std::int64_t& into, std::int64_t most = count_max) {
        const auto* value = find(name);
        fits_ = fits_ && value != nullptr && value->is_number_unsigned() &&
                value->get<std::uint64_t>() <= static_cast<std::uint64_t>(most);
        if (fits_) into = value->get<std::int64_t>();
    }
    void read(const char* name, std::uint64_t& into) {
        const auto* value = find(name);
        fits_ = fits_ && value != nullptr && value->is_number_unsigned();
        if (fits_) into = value->get<std::uint64_t>();
    }
    void read(const char* name, wall_time& into) {
        std::string text;
        read(name, text);
        const auto time = parse_rfc3339(text);
        fits_ = fits_ && time.has_value();
        if (time) into = *time;
    }
    void read(const char* name, std::set<std::string>& into) {
        const auto* value = find(name);
        fits_ = fits_ && value != nullptr && value->is_array() && value->size() <= entries_max;
        for (std::size_t i = 0; fits_ && i < value->size(); ++i) {
            const auto& one = (*value)[i];
            fits_ = one.is_string() && one.get_ref<const std::string&>().size() <= text_bytes_max;
            if (fits_) into.insert(one.get<std::string>());
        }
    }
    const json* find(const char* name) {
        if (!fits_) return nullptr;
        const auto found = of_.find(name);
        return found == of_.end() ? nullptr : &*found;
    }

  private:
    const json& of_;
    bool fits_;
};

bool is_sound(const tally& of) {
    return of.events > 0 && of.expected <= of.events && of.believable <= of.events &&
           of.statements <= of.events && of.first_number <= of.last_number &&
           of.id.window == window_of(of.id.window);
}

bool read_counts(const json* from, tally& into) {
    if (from == nullptr) return false;
    field_reader fields(*from);
    fields.read("events", into.events);
    fields.read("statements", into.statements);
    fields.read("rows", into.rows, std::numeric_limits<std::int64_t>::max());
    fields.read("expected", into.expected);
    fields.read("believable", into.believable);
    fields.read("first_number", into.first_number);
    fields.read("last_number", into.last_number);
    fields.read("first_logged", into.first_logged);
    fields.read("last_logged", into.last_logged);
    fields.read("sessions", into.sessions);
    fields.read("objects", into.objects);
    fields.read("tickets", into.tickets);
    fields.read("text", into.text);
    fields.read("over", into.over);
    fields.read("reopened", into.reopened);
    return fields.fits();
}

}  // namespace

std::string count_detail(const alert& after, const recorded_count& of) {
    auto made = identity(of.counted.id);
    made["events"] = after.tally.events;
    made["statements"] = after.tally.statements;
    made["rows"] = after.tally.rows;
    made["expected"] = after.expected;
    made["text"] = after.tally.text;
    made["pages"] = of.pages;
    made["paging"] = to_string(of.paging);
    made["reopens"] = of.reopens;
    made["counted"] = counts(of.counted);
    return dumped(made);
}

std::optional<recorded_count> parse_count_detail(std::string_view text) {
    if (text.size() > record::action_detail_bytes_max) return std::nullopt;
    const auto read = json::parse(text, nullptr, false);
    recorded_count made;
    auto& id = made.counted.id;
    std::string rule_name;
    std::string paging_name;
    field_reader fields(read);
    fields.read("rule", rule_name);
    fields.read("cluster", id.cluster);
    fields.read("user", id.user);
    fields.read("window", id.window);
    fields.read("pages", made.pages);
    fields.read("paging", paging_name);
    fields.read("reopens", made.reopens);
    const bool whole = read_counts(fields.find("counted"), made.counted) && fields.fits() &&
                       parse_rule(rule_name, id.rule) && parse_paging(paging_name, made.paging) &&
                       is_sound(made.counted);
    if (!whole) return std::nullopt;
    return made;
}

std::string word_detail(const alert& of, std::string_view reason) {
    auto made = identity(of.tally.id);
    if (!reason.empty()) made["reason"] = reason;
    return dumped(made);
}

std::optional<std::string> parse_reason(std::string_view text) {
    if (text.size() > record::action_detail_bytes_max) return std::nullopt;
    const auto read = json::parse(text, nullptr, false);
    std::string made;
    field_reader fields(read);
    fields.read("reason", made);
    if (!fields.fits() || !problem_of_reason(made).empty()) return std::nullopt;
    return made;
}

std::string problem_of_reason(std::string_view reason) {
    if (reason.size() < reason_bytes_min)
        return "a reason is missing: write close: and why, such as close: planned clean-up, DB-123";
    if (reason.size() > reason_bytes_max) return "the reason is longer than 500 bytes: shorten it";
    if (!is_readable_line(reason))
        return "the reason is one line of UTF-8 without characters that cannot be seen";
    return {};
}

std::string to_json(const alert& of) {
    const auto or_null = [](const std::string& text) {
        return text.empty() ? json(nullptr) : json(text);
    };
    json made{{"number", of.number}};
    made.update(identity(of.tally.id));
    made["state"] = to_string(of.state);
    made["expected"] = of.expected;
    made["paged"] = of.paged;
    made["opened"] = to_rfc3339(of.opened);
    made["changed"] = to_rfc3339(of.changed);
    made["by"] = or_null(of.by);
    made["reason"] = or_null(of.reason);
    auto counted = counts(of.tally);
    // The alert's own `expected` says whether all were.
    counted["expected_events"] = of.tally.expected;
    counted.erase("expected");
    // Whether its window has passed is recorded only where something was counted after that.
    counted.erase("over");
    made.update(counted);
    return made.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace tallyfs::audit
