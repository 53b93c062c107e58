#include <tallyfs/audit/rules.hpp>
#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace tallyfs::audit {

namespace {

constexpr std::size_t text_bytes_max = 512;
constexpr std::size_t spans_max = 21;  // three a day
constexpr std::uint16_t day_minutes = 24 * 60;
constexpr std::array<std::string_view, 7> day_names{"Mon", "Tue", "Wed", "Thu",
                                                    "Fri", "Sat", "Sun"};
constexpr std::string_view form = "write it as Mon-Fri 08:00-18:00, Sat 09:00-12:00 Europe/Berlin";

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::optional<unsigned> day_of(std::string_view name) {
    for (unsigned i = 0; i < day_names.size(); ++i)
        if (equal_ignoring_case(name, day_names[i])) return i;
    return std::nullopt;
}

/// "Mon", "Mon-Fri", "Sat-Tue"; 0 for what is none.
std::uint8_t days_of(std::string_view text) {
    const auto dash = text.find('-');
    const auto first = day_of(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : day_of(text.substr(dash + 1));
    if (!first || !last) return 0;
    unsigned days = 1U << *first;
    for (auto at = *first; at != *last;) days |= 1U << (at = (at + 1) % 7);
    return static_cast<std::uint8_t>(days);
}

/// "08:00", and "24:00" for the end of a day.
std::optional<std::uint16_t> minutes_of(std::string_view text) {
    const bool digits = text.size() == 5 && text[2] == ':' &&
                        std::ranges::all_of(text, [](char c) { return c >= '0' && c <= ':'; });
    if (!digits) return std::nullopt;
    unsigned hour = 0;
    unsigned minute = 0;
    const auto* const begin = text.data();
    const bool read = std::from_chars(begin, begin + 2, hour).ptr == begin + 2 &&
                      std::from_chars(begin + 3, begin + 5, minute).ptr == begin + 5;
    const auto all = hour * 60 + minute;
    if (!read || minute > 59 || all > day_minutes) return std::nullopt;
    return static_cast<std::uint16_t>(all);
}

struct read_span {
    std::uint8_t days = 0;
    std::uint16_t from = 0;
    std::uint16_t until = 0;
    std::string problem;
};

read_span read(std::string_view text) {
    read_span made;
    const auto shown = "\"" + std::string(clip_utf8(text, 40)) + "\"";
    const auto blank = std::min(text.find_first_of(" \t"), text.size());
    made.days = days_of(text.substr(0, blank));
    if (made.days == 0) {
        made.problem =
            shown + " does not begin with days such as Mon-Fri or Sat; " + std::string(form);
        return made;
    }
    const auto times = trimmed(text.substr(blank));
    const auto dash = times.find('-');
    const auto from = minutes_of(times.substr(0, dash));
    const auto until =
        dash == std::string_view::npos ? std::nullopt : minutes_of(times.substr(dash + 1));
    if (!from || !until || *from == day_minutes) {
        made.problem =
            shown + " has no times such as 08:00-18:00 behind its days; " + std::string(form);
    } else if (*from == *until) {
        made.problem = shown + " begins when it ends: a whole day is 00:00-24:00";
    } else {
        made.from = *from;
        made.until = *until;
    }
    return made;
}

std::string problem_of_zone(const std::string& name) {
    if (name.empty() || minutes_of(name.substr(0, 5)))
        return "the time zone is missing at the end; " + std::string(form);
    return "there is no time zone " + std::string(clip_utf8(name, 64)) +
           did_you_mean(name, named_zone::names()) + "; names are those of tzdata";
}

}  // namespace

business_hours::parsed business_hours::parse(std::string_view text) {
    parsed made;
    text = trimmed(text);
    if (equal_ignoring_case(text, made.hours.text_)) return made;
    const auto fail = [](std::string why) { return parsed{{}, std::move(why)}; };
    if (text.empty()) return fail("it is empty: " + std::string(form) + ", or always");
    if (text.size() > text_bytes_max || !is_utf8(text))
        return fail("it is longer than 512 bytes, or not UTF-8");
    const auto blank = text.find_last_of(" \t");
    const std::string zone(blank == std::string_view::npos ? text : text.substr(blank + 1));
    auto found = named_zone::find(zone);
    if (!found) return fail(problem_of_zone(zone));
    if (blank == std::string_view::npos)
        return fail("days and times are missing before the zone; " + std::string(form));
    auto rest = text.substr(0, blank);
    made.hours.text_.clear();
    for (bool more = true; more;) {
        const auto comma = rest.find(',');
        more = comma != std::string_view::npos;
        const auto part = trimmed(rest.substr(0, comma));
        auto one = read(part);
        if (!one.problem.empty()) return fail(std::move(one.problem));
        if (made.hours.spans_.size() == spans_max) return fail("it has more than 21 spans");
        made.hours.spans_.push_back({one.days, one.from, one.until});
        made.hours.text_.append(made.hours.text_.empty() ? "" : ", ").append(part);
        if (more) rest.remove_prefix(comma + 1);
    }
    made.hours.text_.append(" ").append(zone);
    made.hours.zone_ = std::make_shared<const named_zone>(std::move(*found));
    return made;
}

bool business_hours::contains(wall_time at) const {
    if (!zone_) return true;
    using namespace std::chrono;
    const auto local = floor<seconds>(at) + zone_->offset_at(at);
    const auto date = floor<days>(local);
    const auto minute = static_cast<std::uint16_t>(floor<minutes>(local - date).count());
    const auto today = 1U << (weekday(date).iso_encoding() - 1);
    const auto yesterday = 1U << (weekday(date - days(1)).iso_encoding() - 1);
    return std::ranges::any_of(spans_, [&](const span& one) {
        if (one.from < one.until)
            return (one.days & today) != 0 && minute >= one.from && minute < one.until;
        return ((one.days & today) != 0 && minute >= one.from) ||
               ((one.days & yesterday) != 0 && minute < one.until);
    });
}

}  // namespace tallyfs::audit
