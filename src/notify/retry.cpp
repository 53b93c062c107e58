#include "notify/retry.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace tallyfs::notify {

std::chrono::milliseconds pause_after(unsigned failures, double random) {
    constexpr unsigned doublings_max = 16;  // far beyond pause_max
    const auto doublings = std::min(failures > 0 ? failures - 1 : 0, doublings_max);
    const auto pause = std::min(pause_min * (1 << doublings), pause_max);
    const auto moved = static_cast<double>(pause.count()) * (0.75 + random / 2);
    return std::clamp(std::chrono::milliseconds(static_cast<std::int64_t>(moved)), pause_min,
                      pause_max);
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, wall_time now) {
    std::int64_t seconds = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, seconds);
    if (!text.empty() && read.ec == std::errc{} && read.ptr == end) {
        return std::clamp<std::chrono::seconds>(std::chrono::seconds(seconds), {}, retry_after_max);
    }
    if (read.ec == std::errc::result_out_of_range) return retry_after_max;
    std::tm parts{};
    const std::string date(text);
    const char* const rest = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (rest == nullptr || *rest != '\0') return std::nullopt;
    const auto when = std::chrono::system_clock::from_time_t(::timegm(&parts));
    const auto left = std::chrono::ceil<std::chrono::seconds>(when - now);
    return std::clamp<std::chrono::seconds>(left, {}, retry_after_max);
}

verdict_on_status judge_status(int status) {
    if (status >= 200 && status < 300) return verdict_on_status::delivered;
    const bool refused = status >= 400 && status < 500 && status != 408 && status != 429;
    return refused ? verdict_on_status::refused : verdict_on_status::again;
}

}  // namespace tallyfs::notify
