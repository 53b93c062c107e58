#include <tallyfs/base/day.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/file.hpp>

#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace tallyfs {

namespace {

constexpr std::size_t zone_file_bytes_max = 256;  // longest name in tzdata is about 32
const std::filesystem::path zone_info = "/usr/share/zoneinfo";

std::time_t to_time_t(wall_time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

std::optional<day> day::parse(std::string_view text) {
    if (text.size() != 10) return std::nullopt;
    std::string with_time(text);
    with_time.append("T00:00:00Z");
    const auto midnight = parse_rfc3339(with_time);
    if (!midnight || midnight->time_since_epoch().count() < 0) return std::nullopt;
    return day(std::chrono::floor<std::chrono::days>(*midnight));
}

std::string day::to_string() const {
    return to_rfc3339(wall_time(date_)).substr(0, 10);
}

void zone::use(const std::string& name) {
    const bool relative = !name.empty() && name.front() != '/' && name.front() != ':' &&
                          name.find("..") == std::string::npos;
    std::error_code ignored;
    const bool known = relative && std::filesystem::is_regular_file(zone_info / name, ignored);
    // UTC needs no tzdata, which a minimal container does not have.
    if (!known && name != "UTC") {
        throw startup_error("time zone \"" + name + "\" is unknown: use a name from " +
                                zone_info.string() + " such as Europe/Berlin, or install tzdata",
                            2);
    }
    ::setenv("TZ", name == "UTC" ? "UTC0" : name.c_str(), 1);
    ::tzset();
}

std::string zone::host_name() {
    if (const char* tz = std::getenv("TZ"); tz != nullptr && *tz != '\0') {
        std::string name = tz;
        if (name.front() == ':') name.erase(0, 1);
        std::error_code ignored;
        if (std::filesystem::is_regular_file(zone_info / name, ignored)) return name;
    }
    std::error_code unreadable;
    const auto target = std::filesystem::read_symlink("/etc/localtime", unreadable).string();
    if (const auto at = target.find("zoneinfo/"); !unreadable && at != std::string::npos) {
        return target.substr(at + 9);
    }
    if (auto text = read_file("/etc/timezone", zone_file_bytes_max)) {
        while (!text->empty() && text->back() == '\n') text->pop_back();
        std::error_code ignored;
        if (std::filesystem::is_regular_file(zone_info / *text, ignored)) return *text;
    }
    return "UTC";
}

local_time zone::local(wall_time time) {
    const std::time_t seconds = to_time_t(time);
    std::tm fields{};
    ::localtime_r(&seconds, &fields);
    const std::chrono::year_month_day ymd(
        std::chrono::year(fields.tm_year + 1900),
        std::chrono::month(static_cast<unsigned>(fields.tm_mon) + 1),
        std::chrono::day(static_cast<unsigned>(fields.tm_mday)));
    return {day(std::chrono::sys_days(ymd)), fields.tm_hour, fields.tm_min, fields.tm_sec,
            fields.tm_zone};
}

wall_time zone::start_of(day date) {
    const std::chrono::year_month_day ymd(date.date());
    std::tm fields{};
    fields.tm_year = static_cast<int>(ymd.year()) - 1900;
    fields.tm_mon = static_cast<int>(static_cast<unsigned>(ymd.month())) - 1;
    fields.tm_mday = static_cast<int>(static_cast<unsigned>(ymd.day()));
    fields.tm_isdst = -1;
    const std::time_t start = std::mktime(&fields);
    wall_time result{std::chrono::seconds(start)};
    // Where midnight is skipped, mktime may answer on either side of the gap.
    while (day_of(result) < date) result += std::chrono::minutes(15);
    while (day_of(result - std::chrono::seconds(1)) >= date) result -= std::chrono::minutes(15);
    return result;
}

}  // namespace tallyfs
