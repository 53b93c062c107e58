// How long a thread computed: what else the machine does is not in it.
// Source: clock_gettime(2), CLOCK_THREAD_CPUTIME_ID.
#pragma once

#include <chrono>
#include <ctime>

namespace tallyfs::test {

/// A sanitized program takes several times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int time_factor = 6;
#else
inline constexpr int time_factor = 1;
#endif

inline std::chrono::nanoseconds processor_time() {
    ::timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace tallyfs::test
