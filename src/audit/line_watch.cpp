#include "audit/line_watch.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

namespace tallyfs::audit {

namespace {

/// A session's id is the second of its start, a dot and its process, in hexadecimal digits.
std::optional<wall_time> start_of(std::string_view session) {
    constexpr std::uint64_t seconds_max = 253'402'300'799;  // the end of the year 9999
    std::uint64_t seconds = 0;
    const auto* const end = session.data() + session.size();
    const auto [stop, error] = std::from_chars(session.data(), end, seconds, 16);
    if (error != std::errc() || stop == end || *stop != '.' || seconds > seconds_max)
        return std::nullopt;
    return wall_time(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

}  // namespace

void line_watch::lines_unknown() noexcept {
    sessions_.clear();
    last_ = sessions_.end();
    unknown_ = true;
}

/// In one go a tenth of them, so that a server on which sessions are short costs nothing.
void line_watch::forget_silent() {
    std::vector<wall_time> times;
    times.reserve(sessions_.size());
    for (const auto& [session, seen] : sessions_) times.push_back(seen.logged);
    const auto tenth = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 10);
    std::ranges::nth_element(times, tenth);
    std::size_t left = times.size() / 10 + 1;
    for (auto at = sessions_.begin(); at != sessions_.end() && left > 0;) {
        if (at->second.logged > *tenth) {
            ++at;
            continue;
        }
        at = sessions_.erase(at);
        --left;
    }
    begun_until_ = std::max(begun_until_.value_or(*tenth), *tenth);
    last_ = sessions_.end();
}

std::optional<missing_lines> line_watch::see(const log_entry& entry) {
    if (entry.session.empty() || entry.line <= 0) return std::nullopt;
    if (unknown_) {
        begun_until_ = std::max(begun_until_.value_or(entry.logged), entry.logged);
        unknown_ = false;
    }
    constexpr auto lines_max = std::numeric_limits<std::int64_t>::max();
    const auto last =
        entry.line + std::min(std::max<std::int64_t>(entry.lines, 1) - 1, lines_max - entry.line);
    if (last_ == sessions_.end() || last_->first != entry.session)
        last_ = sessions_.find(entry.session);
    if (last_ == sessions_.end()) {
        if (sessions_.size() >= event_maker::sessions_max) forget_silent();
        const auto start = start_of(entry.session);
        const bool whole = start && !(begun_until_ && *start <= *begun_until_);
        last_ = sessions_.emplace(entry.session, session_line{last, entry.logged}).first;
        if (!whole || entry.line == 1) return std::nullopt;
        return missing_lines{1, entry.line - 1};
    }
    auto& seen = last_->second;
    const auto before = seen.line;
    if (last <= before) return std::nullopt;
    seen = {last, entry.logged};
    if (entry.line <= before + 1) return std::nullopt;
    return missing_lines{before + 1, entry.line - 1};
}

}  // namespace tallyfs::audit
