// How long a thread computed: what else the machine does is not in it.
// Source: clock_gettime(2), CLOCK_THREAD_CPUTIME_ID.
#pragma once

#include "support/time_factor.hpp"

#include <chrono>
#include <ctime>

namespace tallyfs::test {

inline std::chrono::nanoseconds processor_time() {
    ::timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace tallyfs::test
