#include "audit/words.hpp"

#include <tallyfs/audit/expected_work.hpp>
#include <tallyfs/base/day.hpp>
#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/base/wildcard.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace tallyfs::audit {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t name_bytes_max = 255;
constexpr std::size_t ticket_bytes_min = 2;
constexpr std::size_t ticket_bytes_max = 48;  // as an alert shows it
constexpr std::chrono::minutes longest = 14 * 24h;
constexpr std::chrono::minutes past_max{5};  // to write it down takes some time
constexpr std::string_view example = "user=jd cluster=orders-cl for=2h ticket=DB-123";
constexpr std::array<std::string_view, 7> keys{"user",  "cluster", "database", "from",
                                               "until", "for",     "ticket"};

/// "90m", "2h", "1d".
std::optional<std::chrono::minutes> duration_of(std::string_view text) {
    if (text.size() < 2 || text.size() > 6) return std::nullopt;
    const char unit = text.back();
    text.remove_suffix(1);
    int count = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, count);
    if (read.ec != std::errc{} || read.ptr != end || count <= 0) return std::nullopt;
    if (unit == 'm') return std::chrono::minutes(count);
    if (unit == 'h') return std::chrono::hours(count);
    if (unit == 'd') return std::chrono::hours(24) * count;
    return std::nullopt;
}

struct read_time {
    std::optional<wall_time> time;
    std::string problem;
};

/// "2026-11-22T20:00" by the clocks of the day's zone, of which there is none where they go
/// forward, and where they go back the first of two; or with an offset.
read_time time_of(std::string_view key, std::string_view text) {
    if (const auto time = parse_rfc3339(text)) return {time, {}};
    constexpr std::size_t minutes_size = 16;
    constexpr std::size_t seconds_size = 19;
    std::string whole(text);
    if (whole.size() == minutes_size) whole += ":00";
    const auto as_utc = whole.size() == seconds_size ? parse_rfc3339(whole + "Z") : std::nullopt;
    if (!as_utc) {
        return {std::nullopt, std::string(key) +
                                  "= is a time such as 2026-11-22T20:00 (in the zone of days) or "
                                  "2026-11-22T20:00:00+01:00"};
    }
    const auto shows = [&](wall_time time) {
        const auto local = zone::local(time);
        return wall_time(local.date.date()) + std::chrono::hours(local.hour) +
               std::chrono::minutes(local.minute) + std::chrono::seconds(local.second);
    };
    // Before and after a change that is near the clocks differ from UTC by these.
    std::optional<wall_time> made;
    for (const auto near : {*as_utc - 24h, *as_utc + 24h}) {
        const auto candidate = *as_utc - (shows(near) - near);
        if (shows(candidate) == *as_utc && (!made || candidate < *made)) made = candidate;
    }
    if (made) return {made, {}};
    return {std::nullopt,
            std::string(key) + "=" + std::string(text) + " does not exist: clocks go forward then"};
}

std::string problem_of_value(const key_value& word) {
    const auto& [key, value] = word;
    if (key == "ticket") {
        if (value.size() < ticket_bytes_min || value.size() > ticket_bytes_max)
            return "ticket= has 2 to 48 bytes: write the number of the ticket, such as DB-123";
        return {};
    }
    if (value.size() > name_bytes_max) return key + "= is longer than 255 bytes";
    if (is_pattern(value) && (key == "user" || key == "cluster" || key == "database"))
        return key + "= is one name without *: announce the others apart";
    return {};
}

/// What was written, before it is known to be whole.
struct written {
    expected_work work;
    std::optional<wall_time> from;
    std::optional<wall_time> until;
    std::optional<std::chrono::minutes> length;
};

std::string take(const key_value& word, written& into) {
    const auto& [key, value] = word;
    if (std::ranges::find(keys, key) == keys.end())
        return "there is no " + std::string(clip_utf8(key, 60)) +
               "=: user, cluster, database, from, until, for and ticket are known" +
               did_you_mean(key, keys);
    if (auto wrong = problem_of_value(word); !wrong.empty()) return wrong;
    if (key == "user") into.work.user = value;
    if (key == "cluster") into.work.cluster = value;
    if (key == "database") into.work.database = value;
    if (key == "ticket") into.work.ticket = value;
    if (key == "for") {
        into.length = duration_of(value);
        if (!into.length) return "for= is a number and m, h or d: for=90m, for=2h, for=1d";
    }
    if (key == "from" || key == "until") {
        auto read = time_of(key, value);
        if (!read.time) return std::move(read.problem);
        (key == "from" ? into.from : into.until) = read.time;
    }
    return {};
}

std::string problem_of(const written& of, wall_time now) {
    const auto missing = [](std::string_view what, std::string_view why) {
        return std::string(what) + "= is missing: " + std::string(why) + "; write words such as " +
               std::string(example);
    };
    if (of.work.user.empty()) return missing("user", "who will work");
    if (of.work.cluster.empty()) return missing("cluster", "on which server");
    if (of.work.ticket.empty()) return missing("ticket", "what it is part of");
    if (!of.until && !of.length) return missing("for", "how long it takes, or until= when");
    if (of.until && of.length) return "for= and until= say the same thing: write one of them";
    if (of.from && *of.from < now - past_max)
        return "from= is over: what was done is not expected any more; without from= it begins now";
    if (of.work.until <= of.work.from) return "until= is not after it begins";
    if (of.work.until <= now) return "until= is over";
    if (of.work.until - of.work.from > longest)
        return "it takes longer than 14 days: announce the rest when it is nearer";
    return {};
}

}  // namespace

parsed_expected_work parse_expected_work(std::string_view text, wall_time now) {
    const auto words = parse_words(text, example);
    if (!words.problem.empty()) return {{}, words.problem};
    written made;
    for (const auto& word : words.words)
        if (auto wrong = take(word, made); !wrong.empty()) return {{}, std::move(wrong)};
    made.work.from = made.from.value_or(now);
    if (made.until) made.work.until = *made.until;
    if (made.length) made.work.until = made.work.from + *made.length;
    if (auto wrong = problem_of(made, now); !wrong.empty()) return {{}, std::move(wrong)};
    return {std::move(made.work), {}};
}

}  // namespace tallyfs::audit
