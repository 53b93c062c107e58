#include "audit/log_time.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tallyfs::audit {

namespace {

constexpr std::size_t second_bytes = 19;  // 2026-11-20 23:52:09
constexpr std::size_t zone_bytes_max = 8;

struct named_zone {
    std::string_view name;
    int minutes;  ///< that its clocks are ahead of UTC
};
/// Abbreviations that tzdata uses for zones in which servers stand. Some mean several zones: this
/// is what PostgreSQL's own list takes them for.
constexpr std::array<named_zone, 50> named_zones{{
    {"UTC", 0},     {"GMT", 0},     {"Z", 0},      {"UCT", 0},    {"WET", 0},    {"WEST", 60},
    {"BST", 60},    {"CET", 60},    {"CEST", 120}, {"MET", 60},   {"MEST", 120}, {"EET", 120},
    {"EEST", 180},  {"MSK", 180},   {"IDT", 180},  {"SAST", 120}, {"CAT", 120},  {"WAT", 60},
    {"EAT", 180},   {"PKT", 300},   {"IST", 330},  {"WIB", 420},  {"WITA", 480}, {"WIT", 540},
    {"HKT", 480},   {"SGT", 480},   {"AWST", 480}, {"PHT", 480},  {"JST", 540},  {"KST", 540},
    {"ACST", 570},  {"AEST", 600},  {"ACDT", 630}, {"AEDT", 660}, {"NZST", 720}, {"NZDT", 780},
    {"NST", -210},  {"NDT", -150},  {"AST", -240}, {"ADT", -180}, {"EST", -300}, {"EDT", -240},
    {"CST", -360},  {"CDT", -300},  {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420},
    {"AKST", -540}, {"AKDT", -480},
}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int digits(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(at, count)) value = value * 10 + (c - '0');
    return value;
}

bool is_second(std::string_view text) {
    constexpr std::string_view form = "0000-00-00 00:00:00";
    if (text.size() < second_bytes) return false;
    for (std::size_t i = 0; i < second_bytes; ++i) {
        if (form[i] == '0' ? !is_digit(text[i]) : text[i] != form[i]) return false;
    }
    return true;
}

std::optional<std::chrono::sys_seconds> second_of(std::string_view text) {
    const std::chrono::year_month_day date(
        std::chrono::year(digits(text, 0, 4)),
        std::chrono::month(static_cast<unsigned>(digits(text, 5, 2))),
        std::chrono::day(static_cast<unsigned>(digits(text, 8, 2))));
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    const auto second = digits(text, 17, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

/// "UTC", "CET", "+02", "-0330", "<+03>"; what nobody knows is taken for UTC.
std::chrono::minutes zone_of(std::string_view text) {
    if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
    for (const auto& zone : named_zones) {
        if (zone.name == text) return std::chrono::minutes(zone.minutes);
    }
    if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return {};
    const auto figures = text.substr(1);
    const bool has_colon = figures.size() == 5 && figures[2] == ':';
    if (!is_digit(figures[0]) || !is_digit(figures[1])) return {};
    int minutes = digits(figures, 0, 2) * 60;
    const auto rest = figures.substr(has_colon ? 3 : 2);
    if (rest.size() == 2 && is_digit(rest[0]) && is_digit(rest[1])) minutes += digits(rest, 0, 2);
    return std::chrono::minutes(text[0] == '-' ? -minutes : minutes);
}

/// Bytes of ".665" behind a second; 0 if there are none.
std::size_t fraction_bytes(std::string_view text) {
    if (!text.starts_with('.')) return 0;
    std::size_t end = 1;
    while (end < text.size() && end < 7 && is_digit(text[end])) ++end;
    return end > 1 ? end : 0;
}

std::chrono::microseconds fraction_of(std::string_view text) {
    std::int64_t value = 0;
    for (std::size_t i = 1; i <= 6; ++i) {
        value = value * 10 + (i < text.size() ? text[i] - '0' : 0);
    }
    return std::chrono::microseconds(value);
}

bool is_zone_character(char c) {
    return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '+' || c == '-' || c == ':' || c == '<' ||
           c == '>';
}

wall_time year_begins(int year) {
    return wall_time(std::chrono::sys_days(std::chrono::year(year) / 1 / 1));
}

}  // namespace

std::size_t log_time_bytes(std::string_view text) noexcept {
    if (!is_second(text)) return 0;
    std::size_t end = second_bytes + fraction_bytes(text.substr(second_bytes));
    if (end >= text.size() || text[end] != ' ') return 0;
    const std::size_t zone = ++end;
    while (end < text.size() && is_zone_character(text[end])) ++end;
    return end > zone && end - zone <= zone_bytes_max ? end : 0;
}

std::optional<wall_time> log_time::parse(std::string_view text) {
    if (log_time_bytes(text) != text.size() || text.empty()) return std::nullopt;
    if (!text.starts_with(std::string_view(second_.data(), second_.size()))) {
        const auto value = second_of(text);
        if (!value) return std::nullopt;
        value_ = *value;
        std::ranges::copy(text.substr(0, second_bytes), second_.begin());
    }
    const auto behind = text.substr(second_bytes);
    const auto fraction = behind.substr(0, fraction_bytes(behind));
    const auto time =
        wall_time(value_) + fraction_of(fraction) - zone_of(behind.substr(fraction.size() + 1));
    // With a zone it can be of a year that RFC 3339 does not have.
    if (time < year_begins(0) || time >= year_begins(10'000)) return std::nullopt;
    return time;
}

std::optional<wall_time> parse_epoch(std::string_view text) noexcept {
    constexpr std::int64_t seconds_max = 253'402'300'799;  // the end of the year 9999
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || seconds < 0 || seconds > seconds_max) return std::nullopt;
    const auto rest = text.substr(static_cast<std::size_t>(end - text.data()));
    if (fraction_bytes(rest) != rest.size()) return std::nullopt;
    return wall_time(std::chrono::seconds(seconds)) + fraction_of(rest);
}

}  // namespace tallyfs::audit
