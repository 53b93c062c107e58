#include <tallyfs/base/named_zone.hpp>

#include <algorithm>

namespace tallyfs {

namespace {

constexpr std::int64_t hour = 3'600;
constexpr std::int64_t hours_max = 167;  // RFC 8536, 3.3.1: a change up to a week away
constexpr std::int64_t two_in_the_morning = 2 * hour;

/// Takes a rule apart from the front; what does not fit makes it false for good.
class rule_reader {
  public:
    explicit rule_reader(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool is_whole() const noexcept { return fits_ && rest_.empty(); }
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] bool next_is(char c) const noexcept { return rest_.starts_with(c); }

    bool take(char c) {
        if (!next_is(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void need(char c) { fits_ = take(c) && fits_; }

    /// "CET", or "<-03>".
    void name() {
        std::size_t length = 0;
        if (take('<')) {
            length = rest_.find('>');
            fits_ = fits_ && length != std::string_view::npos;
            rest_.remove_prefix(std::min(length, rest_.size()));
            need('>');
            return;
        }
        while (length < rest_.size() && is_letter(rest_[length])) ++length;
        fits_ = fits_ && length >= 3;
        rest_.remove_prefix(length);
    }

    /// "2", "-1:30", "+02:00:00", in seconds.
    std::int64_t time() {
        const bool negative = take('-');
        if (!negative) take('+');
        std::int64_t seconds = number(0, hours_max) * hour;
        if (take(':')) {
            seconds += number(0, 59) * 60;
            if (take(':')) seconds += number(0, 59);
        }
        return negative ? -seconds : seconds;
    }

    std::int64_t number(std::int64_t least, std::int64_t most) {
        std::int64_t value = 0;
        std::size_t digits = 0;
        for (; digits < rest_.size() && digits < 4 && is_digit(rest_[digits]); ++digits)
            value = value * 10 + (rest_[digits] - '0');
        rest_.remove_prefix(digits);
        fits_ = fits_ && digits > 0 && value >= least && value <= most;
        return fits_ ? value : least;
    }

    yearly_change change() {
        yearly_change made;
        if (take('M')) {
            made.how = yearly_change::kind::weekday_of_month;
            made.month = static_cast<int>(number(1, 12));
            need('.');
            made.week = static_cast<int>(number(1, 5));
            need('.');
            made.weekday = static_cast<int>(number(0, 6));
        } else if (take('J')) {
            made.how = yearly_change::kind::day_without_leap;
            made.day = static_cast<int>(number(1, 365));
        } else {
            made.how = yearly_change::kind::day;
            made.day = static_cast<int>(number(0, 365));
        }
        made.second = take('/') ? time() : two_in_the_morning;
        return made;
    }

  private:
    static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
    static bool is_letter(char c) noexcept {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    std::string_view rest_;
    bool fits_ = true;
};

/// Seconds since 1970 of the change in a year, as the clock on the wall shows it before.
std::int64_t local_moment(const yearly_change& change, std::chrono::year year) {
    using namespace std::chrono;
    sys_days date = year / January / 1;
    switch (change.how) {
        case yearly_change::kind::weekday_of_month: {
            const auto of = year / month(static_cast<unsigned>(change.month));
            const weekday wanted(static_cast<unsigned>(change.weekday));
            date = change.week == 5 ? sys_days(of / wanted[last])
                                    : sys_days(of / wanted[static_cast<unsigned>(change.week)]);
            break;
        }
        case yearly_change::kind::day_without_leap:
            date += days(change.day - 1 + (year.is_leap() && change.day >= 60 ? 1 : 0));
            break;
        case yearly_change::kind::day:
            date += days(change.day);
            break;
    }
    return duration_cast<seconds>(date.time_since_epoch()).count() + change.second;
}

}  // namespace

std::optional<zone_rule> parse_zone_rule(std::string_view text) {
    zone_rule made;
    rule_reader read(text);
    read.name();
    made.standard = -read.time();  // POSIX counts to the west
    if (!read.at_end()) {
        read.name();
        const bool told = !read.at_end() && !read.next_is(',');
        made.daylight = told ? -read.time() : made.standard + hour;
        read.need(',');
        made.begins = read.change();
        read.need(',');
        made.ends = read.change();
    }
    if (!read.is_whole()) return std::nullopt;
    return made;
}

std::int64_t offset_by(const zone_rule& rule, std::int64_t seconds) noexcept {
    if (!rule.daylight) return rule.standard;
    using namespace std::chrono;
    const sys_seconds local{std::chrono::seconds(seconds + rule.standard)};
    const auto year = year_month_day(floor<days>(local)).year();
    const auto begins = local_moment(rule.begins, year) - rule.standard;
    const auto ends = local_moment(rule.ends, year) - *rule.daylight;
    // South of the equator daylight saving time lasts over the turn of the year.
    const bool daylight =
        begins < ends ? seconds >= begins && seconds < ends : seconds >= begins || seconds < ends;
    return daylight ? *rule.daylight : rule.standard;
}

}  // namespace tallyfs
