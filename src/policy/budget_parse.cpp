#include "policy/words.hpp"

#include <tallyfs/policy/budget.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::policy {

namespace {

constexpr std::array<std::string_view, 7> keys{
    "principal",       "service",       "model",           "tokens_per_day",
    "seconds_per_day", "calls_at_once", "calls_per_minute"};
constexpr std::array<std::string_view, 4> measures{"tokens_per_day", "seconds_per_day",
                                                   "calls_at_once", "calls_per_minute"};
/// A call a nanosecond is what the clock can tell apart.
constexpr std::int64_t calls_per_minute_max = 1'000'000'000;

void set_limit(std::string_view key, std::int64_t amount, budget& into) {
    if (key == "tokens_per_day") into.tokens_per_day = amount;
    if (key == "seconds_per_day") into.seconds_per_day = std::chrono::seconds(amount);
    if (key == "calls_at_once") into.calls_at_once = amount;
    if (key == "calls_per_minute") into.calls_per_minute = amount;
}

std::optional<text_error> read_into(const condition& read, budget& into) {
    const auto& [key, comparison, value] = read;
    if (comparison != "=") return error_at(key, std::string(key.text) + " takes =");
    if (key.text == "principal") into.principal.emplace(value.text);
    if (key.text == "service") into.service.emplace(value.text);
    if (key.text == "model") into.model.emplace(value.text);
    if (std::ranges::find(measures, key.text) == measures.end()) return {};
    const auto amount = read_amount(value.text);
    if (!amount) return error_at(value, in_quotes(value.text) + " is no whole number");
    if (key.text == "calls_per_minute" && (*amount == 0 || *amount > calls_per_minute_max)) {
        return error_at(value, in_quotes(value.text) + " is no rate, use calls_at_once=0 for none");
    }
    set_limit(key.text, *amount, into);
    return {};
}

}  // namespace

std::string_view to_string(measure value) noexcept {
    return measures[static_cast<std::size_t>(value)];
}

parsed<budget> parse_budget(std::string_view name, std::string_view text) {
    const auto failed = [&](text_error error) {
        error.name = name;
        return error;
    };
    if (!is_plain_name(name)) return failed(error_at({}, "no name for a budget"));
    const auto words = split_line(text);
    if (!words) return failed(words.error());
    budget read;
    read.name = name;
    std::vector<std::string_view> seen;
    for (const word& w : *words) {
        const auto next = read_condition(w, keys);
        if (!next) return failed(next.error());
        if (std::ranges::find(seen, next->key.text) != seen.end()) {
            return failed(error_at(w, std::string(next->key.text) + " stands here twice"));
        }
        seen.push_back(next->key.text);
        if (auto wrong = read_into(*next, read)) return failed(*wrong);
    }
    if (!read.tokens_per_day && !read.seconds_per_day && !read.calls_at_once &&
        !read.calls_per_minute) {
        return failed(error_at({},
                               "no limit: add tokens_per_day=, seconds_per_day=, "
                               "calls_at_once= or calls_per_minute="));
    }
    return read;
}

}  // namespace tallyfs::policy
