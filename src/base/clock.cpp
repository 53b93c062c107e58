#include <tallyfs/base/clock.hpp>

#include <array>

namespace tallyfs {

namespace {

class system_clock final : public clock_source {
  public:
    [[nodiscard]] wall_time wall() const noexcept override {
        return std::chrono::time_point_cast<std::chrono::microseconds>(
            std::chrono::system_clock::now());
    }
    [[nodiscard]] steady_time steady() const noexcept override {
        return std::chrono::steady_clock::now();
    }
};

void put_digits(char* end, unsigned value, int digits) {
    for (; digits > 0; --digits) {
        *--end = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

/// Reads exactly `digits` decimal digits at `offset`.
std::optional<unsigned> take_digits(std::string_view text, std::size_t offset, std::size_t digits) {
    if (offset + digits > text.size()) return std::nullopt;
    unsigned value = 0;
    for (const char c : text.substr(offset, digits)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
}

/// "Z", "+01:00" or "-05:30" as the minutes that local time is ahead of UTC.
std::optional<std::chrono::minutes> parse_offset(std::string_view text) {
    if (text == "Z" || text == "z") return std::chrono::minutes(0);
    if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-')) {
        return std::nullopt;
    }
    const auto hours = take_digits(text, 1, 2);
    const auto minutes = take_digits(text, 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const auto offset = std::chrono::minutes(*hours * 60 + *minutes);
    return text[0] == '-' ? -offset : offset;
}

struct fraction {
    std::chrono::microseconds value{};
    std::size_t end = 0;  ///< offset behind the digits
};

/// ".123456789" from `offset`: what is finer than a microsecond is cut off.
std::optional<fraction> parse_fraction(std::string_view text, std::size_t offset) {
    if (offset >= text.size() || text[offset] != '.') return fraction{{}, offset};
    std::size_t at = offset + 1;
    long microseconds = 0;
    std::size_t digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
        if (digits < 6) microseconds = microseconds * 10 + (text[at] - '0');
    }
    if (digits == 0 || digits > 9) return std::nullopt;
    for (; digits < 6; ++digits) microseconds *= 10;
    return fraction{std::chrono::microseconds(microseconds), at};
}

}  // namespace

const clock_source& system_clock_source() noexcept {
    static const system_clock clock;
    return clock;
}

std::array<char, 27> rfc3339_text(wall_time time) noexcept {
    const auto date = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day ymd(date);
    const auto of_day = time - date;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(of_day);
    const auto total = static_cast<unsigned>(seconds.count());
    std::array<char, 27> text{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0', '0', ':',
                              '0', '0', ':', '0', '0', '.', '0', '0', '0', '0', '0', '0', 'Z'};
    char* const begin = text.data();
    put_digits(begin + 4, static_cast<unsigned>(static_cast<int>(ymd.year())), 4);
    put_digits(begin + 7, static_cast<unsigned>(ymd.month()), 2);
    put_digits(begin + 10, static_cast<unsigned>(ymd.day()), 2);
    put_digits(begin + 13, total / 3600, 2);
    put_digits(begin + 16, total / 60 % 60, 2);
    put_digits(begin + 19, total % 60, 2);
    put_digits(begin + 26, static_cast<unsigned>((of_day - seconds).count()), 6);
    return text;
}

std::string to_rfc3339(wall_time time) {
    const auto text = rfc3339_text(time);
    return {text.begin(), text.end()};
}

std::optional<wall_time> parse_rfc3339(std::string_view text) {
    constexpr std::size_t fixed_size = 19;  // 2026-11-20T07:55:04
    if (text.size() < fixed_size + 1) return std::nullopt;
    if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return std::nullopt;
    if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
    const auto year = take_digits(text, 0, 4);
    const auto month = take_digits(text, 5, 2);
    const auto date = take_digits(text, 8, 2);
    const auto hour = take_digits(text, 11, 2);
    const auto minute = take_digits(text, 14, 2);
    const auto second = take_digits(text, 17, 2);
    if (!year || !month || !date || !hour || !minute || !second) return std::nullopt;
    if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    const std::chrono::year_month_day ymd(std::chrono::year(static_cast<int>(*year)),
                                          std::chrono::month(*month), std::chrono::day(*date));
    if (!ymd.ok()) return std::nullopt;
    const auto part = parse_fraction(text, fixed_size);
    if (!part) return std::nullopt;
    const auto offset = parse_offset(text.substr(part->end));
    if (!offset) return std::nullopt;
    const wall_time time = std::chrono::sys_days(ymd) + std::chrono::hours(*hour) +
                           std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
                           part->value - *offset;
    // An offset, or a leap second, can lead out of the years that have four digits.
    constexpr std::chrono::sys_days first{std::chrono::year(0) / 1 / 1};
    constexpr std::chrono::sys_days behind{std::chrono::year(10000) / 1 / 1};
    if (time < first || time >= behind) return std::nullopt;
    return time;
}

}  // namespace tallyfs
