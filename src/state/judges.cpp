#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/state/settings.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::state {

namespace {

std::string listed(const std::vector<std::string>& values) {
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) text += i + 1 == values.size() ? " or " : ", ";
        text += values[i];
    }
    return text;
}

}  // namespace

std::function<judged_value(std::string_view)> one_of(std::vector<std::string> values) {
    return [values = std::move(values)](std::string_view text) -> judged_value {
        const auto wanted = to_lower(text);
        if (std::ranges::find(values, wanted) != values.end()) return {wanted, ""};
        return {"", "is not " + listed(values) + did_you_mean(wanted, values)};
    };
}

std::function<judged_value(std::string_view)> on_or_off() {
    return [](std::string_view text) -> judged_value {
        const auto wanted = to_lower(text);
        for (const auto* yes : {"on", "yes", "true", "1"}) {
            if (wanted == yes) return {"on", ""};
        }
        for (const auto* no : {"off", "no", "false", "0"}) {
            if (wanted == no) return {"off", ""};
        }
        return {"", "is neither on nor off"};
    };
}

std::function<judged_value(std::string_view)> whole_number(std::int64_t min, std::int64_t max) {
    return [min, max](std::string_view text) -> judged_value {
        std::int64_t number = 0;
        const auto* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        if (read.ec != std::errc{} || read.ptr != end || number < min || number > max) {
            return {"", "is no whole number from " + std::to_string(min) + " to " +
                            std::to_string(max)};
        }
        return {std::to_string(number), ""};
    };
}

}  // namespace tallyfs::state
