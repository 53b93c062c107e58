#include "policy/words.hpp"

#include <tallyfs/base/nearest.hpp>
#include <tallyfs/policy/rules.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::policy {

namespace {

constexpr std::array<std::string_view, 3> verbs{"allow", "deny", "ask"};
constexpr std::array<std::string_view, 11> keys{"principal", "service", "model",   "endpoint",
                                                "cloud",     "leaves",  "pattern", "prompt_bytes",
                                                "time",      "days",    "wait"};
constexpr std::array<std::string_view, 2> answers{"yes", "no"};
constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu",
                                                    "fri", "sat", "sun"};
constexpr int minutes_of_hour = 60;
constexpr int minutes_of_day = 24 * minutes_of_hour;

using failure = std::optional<text_error>;

failure read_yes_no(const word& value, std::optional<bool>& into) {
    if (value.text != "yes" && value.text != "no") {
        return error_at(value, in_quotes(value.text) + " is neither yes nor no",
                        tallyfs::nearest(value.text, answers));
    }
    into = value.text == "yes";
    return {};
}

/// "08:00", and "24:00" where a window may end.
std::optional<int> read_minute(std::string_view text, bool is_end) {
    const auto digit = [&](std::size_t at) { return text[at] - '0'; };
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    for (const std::size_t at : {0U, 1U, 3U, 4U}) {
        if (text[at] < '0' || text[at] > '9') return std::nullopt;
    }
    const int hour = digit(0) * 10 + digit(1);
    const int minute = digit(3) * 10 + digit(4);
    const int total = hour * minutes_of_hour + minute;
    if (minute >= minutes_of_hour || total > minutes_of_day) return std::nullopt;
    if (total == minutes_of_day && !is_end) return std::nullopt;
    return total;
}

failure read_time(const word& value, std::optional<time_window>& into) {
    const auto dash = value.text.find('-');
    const auto from = read_minute(value.text.substr(0, dash), false);
    const auto to = dash == std::string_view::npos ? std::optional<int>()
                                                   : read_minute(value.text.substr(dash + 1), true);
    if (!from || !to) {
        return error_at(value, in_quotes(value.text) + " is no time like 08:00-18:00");
    }
    if (*from == *to) {
        return error_at(
            value, in_quotes(value.text) + " begins when it ends, leave it out for the whole day");
    }
    into = time_window{.from = *from, .to = *to};
    return {};
}

failure read_day(const word& name, std::size_t& into) {
    const auto* const found = std::ranges::find(day_names, name.text);
    if (found == day_names.end()) {
        return error_at(name,
                        in_quotes(name.text) + " is no day of mon, tue, wed, thu, fri, sat, sun",
                        tallyfs::nearest(name.text, day_names));
    }
    into = static_cast<std::size_t>(found - day_names.begin());
    return {};
}

/// "mon-fri,sun"; a range may go over the end of the week.
failure read_days(const word& value, std::uint8_t& into) {
    into = 0;
    for (std::size_t at = 0; at <= value.text.size();) {
        const auto comma = std::min(value.text.find(',', at), value.text.size());
        const auto range = value.text.substr(at, comma - at);
        const auto dash = range.find('-');
        std::size_t first = 0;
        if (auto wrong = read_day({range.substr(0, dash), value.column + at}, first)) return wrong;
        std::size_t last = first;
        if (dash != std::string_view::npos) {
            const word name{range.substr(dash + 1), value.column + at + dash + 1};
            if (auto wrong = read_day(name, last)) return wrong;
        }
        for (std::size_t day = first;; day = (day + 1) % day_names.size()) {
            into = static_cast<std::uint8_t>(into | 1U << day);
            if (day == last) break;
        }
        at = comma + 1;
    }
    return {};
}

failure read_prompt_bytes(const condition& read, rule& into) {
    const auto bytes = read_amount(read.value.text);
    if (!bytes) return error_at(read.value, in_quotes(read.value.text) + " is no number of bytes");
    const bool above = read.comparison.front() == '>';
    if (read.comparison == "=") {
        return error_at(read.key, "prompt_bytes is compared with >, >=, < or <=");
    }
    auto& bound = above ? into.prompt_bytes_min : into.prompt_bytes_max;
    if (bound) return error_at(read.key, "a second bound of prompt_bytes in the same direction");
    const bool inclusive = read.comparison.size() == 2;
    bound = *bytes + (inclusive ? 0 : above ? 1 : -1);
    if (into.prompt_bytes_min.value_or(0) > into.prompt_bytes_max.value_or(amount_max + 1)) {
        return error_at(read.key, "no prompt is of such a size");
    }
    return {};
}

failure read_wait(const condition& read, rule& into) {
    if (into.action != verb::ask) {
        return error_at(read.key, "wait is for ask only: nothing else waits for a person");
    }
    const auto seconds = read_amount(read.value.text);
    if (!seconds || *seconds > hold_max.count()) {
        return error_at(read.value, in_quotes(read.value.text) + " is no number of seconds up to " +
                                        std::to_string(hold_max.count()));
    }
    into.hold = std::chrono::seconds(*seconds);
    return {};
}

failure read_into(const condition& read, rule& into) {
    const auto& key = read.key.text;
    if (key == "prompt_bytes") return read_prompt_bytes(read, into);
    if (read.comparison != "=") {
        return error_at(read.key, std::string(key) + " takes =, only prompt_bytes is compared");
    }
    if (key == "principal") into.principal.emplace(read.value.text);
    if (key == "service") into.service.emplace(read.value.text);
    if (key == "model") into.model.emplace(read.value.text);
    if (key == "endpoint") into.endpoint.emplace(read.value.text);
    if (key == "pattern") into.pattern = read.value.text;
    if (key == "cloud") return read_yes_no(read.value, into.cloud);
    if (key == "leaves") return read_yes_no(read.value, into.leaves);
    if (key == "time") return read_time(read.value, into.time);
    if (key == "days") return read_days(read.value, into.days);
    if (key == "wait") return read_wait(read, into);
    return {};
}

void add_warnings(rule& r) {
    if (r.action == verb::allow && r.service) {
        r.warnings.emplace_back(
            "the caller chooses its service: this allow holds only for labels that the "
            "configuration trusts; use principal= to name who calls");
    }
    if (r.cloud == true && r.leaves == false) {
        r.warnings.emplace_back("a cloud model always leaves the house: this never matches");
    }
}

}  // namespace

std::string_view to_string(verb value) noexcept {
    return verbs[static_cast<std::size_t>(value)];
}

parsed<rule> parse_rule(std::string_view text) {
    const auto words = split_line(text);
    if (!words) return words.error();
    const word& first = words->front();
    const auto* const action = std::ranges::find(verbs, first.text);
    if (action == verbs.end()) {
        return error_at(
            first, "a policy begins with allow, deny or ask, not with " + in_quotes(first.text),
            tallyfs::nearest(first.text, verbs));
    }
    rule read;
    read.action = static_cast<verb>(action - verbs.begin());
    std::vector<std::string_view> seen;
    for (const word& w : std::span(*words).subspan(1)) {
        const auto next = read_condition(w, keys);
        if (!next) return next.error();
        const auto key = next->key.text;
        if (key != "prompt_bytes" && std::ranges::find(seen, key) != seen.end()) {
            return error_at(w, std::string(key) + " stands here twice, write two policies");
        }
        seen.push_back(key);
        if (auto wrong = read_into(*next, read)) return *wrong;
    }
    add_warnings(read);
    return read;
}

}  // namespace tallyfs::policy
