#include "postgres/history_place.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/postgres/history.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::postgres {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t rows_shown = 5;

/// What is known of a minute in which nothing happened.
health::activity quiet_at(wall_time minute) {
    health::activity made;
    made.minute = minute;
    made.counters.emplace().covered_seconds = 60;
    made.active.emplace();
    made.waiting_sessions = 0;
    made.longest_wait_seconds = 0;
    return made;
}

template <class Use>
void for_each_minute(std::string_view file, Use use) {
    for (auto end = file.find('\n'); end != file.npos; end = file.find('\n')) {
        if (auto minute = health::parse_activity(file.substr(0, end))) use(std::move(*minute));
        file.remove_prefix(end + 1);
    }
}

void find_minute(std::string_view file, wall_time wanted, health::past_minute& found) {
    std::optional<health::activity> nearest;
    for_each_minute(file, [&](health::activity one) {
        const auto away = [&](const health::activity& a) {
            return a.minute > wanted ? a.minute - wanted : wanted - a.minute;
        };
        const std::chrono::minutes quiet_before(one.quiet_minutes_before);
        if (one.minute > wanted && one.minute - quiet_before <= wanted) {
            nearest = quiet_at(wanted);
            found.quiet = true;
        } else if (away(one) <= history::near_minutes && (!nearest || away(one) < away(*nearest))) {
            nearest = std::move(one);
        }
    });
    found.figures = std::move(nearest);
}

std::optional<int> two_digits(std::string_view text, std::size_t at) {
    int value = 0;
    if (text.size() < at + 2) return std::nullopt;
    const auto read = std::from_chars(text.data() + at, text.data() + at + 2, value);
    if (read.ec != std::errc{} || read.ptr != text.data() + at + 2) return std::nullopt;
    return value;
}

}  // namespace

health::past_minute history::read_minute(const health::cluster_id& server,
                                         const std::string& database, wall_time time) {
    const auto at = place_of(server, database);
    const auto minute = std::chrono::floor<std::chrono::minutes>(time);
    const auto date = zone::day_of(minute);
    health::past_minute found;
    const auto read = [&](history_kind kind) {
        auto text = read_history(at->path({date, kind}));
        if (!text) {
            spdlog::warn("cannot read {}: {}", at->path({date, kind}).string(),
                         text.error().message());
        }
        return text ? std::move(*text) : std::string();
    };
    find_minute(read(history_kind::activity), minute, found);
    const bool exact = found.figures && found.figures->minute == minute;
    if (auto unwritten = at->find(minute); !exact && (unwritten.quiet || unwritten.figures)) {
        found.quiet = unwritten.quiet;
        found.figures = unwritten.figures ? std::move(unwritten.figures) : quiet_at(minute);
    }
    found.tables = health::parse_tables_day(read(history_kind::tables));
    found.statements = health::parse_statements_day(read(history_kind::queries));
    // Those of tables that are gone come last in the file, whatever changed in them.
    std::ranges::stable_sort(found.tables, std::greater{}, &health::table_day::changed_today);
    if (found.tables.size() > rows_shown) found.tables.resize(rows_shown);
    if (found.statements.size() > rows_shown) found.statements.resize(rows_shown);
    return found;
}

std::optional<wall_time> parse_minute(std::string_view text) {
    constexpr std::size_t without_seconds = 16;  // 2026-11-20T13:28
    constexpr std::size_t with_seconds = 19;
    if (text.size() < without_seconds || text[10] != 'T' || text[13] != ':') return std::nullopt;
    const auto date = day::parse(text.substr(0, 10));
    const auto hour = two_digits(text, 11);
    const auto minute = two_digits(text, 14);
    if (!date || !hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    const bool seconds = text.size() >= with_seconds && text[without_seconds] == ':';
    if (seconds && two_digits(text, 17).value_or(60) > 59) return std::nullopt;
    const auto behind = text.substr(seconds ? with_seconds : without_seconds);
    if (!behind.empty()) {
        const auto whole =
            std::string(text.substr(0, without_seconds)) + ":00" + std::string(behind);
        const auto time = parse_rfc3339(whole);
        return time ? std::optional(std::chrono::floor<std::chrono::minutes>(*time)) : std::nullopt;
    }
    const auto shows = [](wall_time time) {
        const auto local = zone::local(time);
        return std::chrono::minutes(local.hour * 60 + local.minute);
    };
    const auto wanted = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
    const auto start = zone::start_of(*date);
    auto time = start + wanted - shows(start);
    // Where the clocks were set since midnight.
    if (zone::day_of(time) == *date) time += wanted - shows(time);
    if (zone::day_of(time) != *date || shows(time) != wanted) return std::nullopt;
    return time;
}

}  // namespace tallyfs::postgres
