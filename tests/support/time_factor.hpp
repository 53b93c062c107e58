// How much longer a test may take than it says, because a sanitized program does.
// Macros: GCC, "Common Predefined Macros".
#pragma once

namespace tallyfs::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int time_factor = 6;
#else
inline constexpr int time_factor = 1;
#endif

}  // namespace tallyfs::test
