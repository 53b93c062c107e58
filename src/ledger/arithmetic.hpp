// A hash that tells lines apart, and sums that stay at the limit where they would overflow.
// Source: FNV-1a (draft-eastlake-fnv), overflow built-ins of GCC and Clang.
#pragma once

#include <tallyfs/record/call.hpp>

#include <cstdint>
#include <limits>
#include <string_view>

namespace tallyfs::ledger {

/// Against accidents, not against an adversary.
[[nodiscard]] inline std::uint64_t hash_of(std::string_view text, std::uint64_t seed = 0) {
    std::uint64_t hash = 0xcbf29ce484222325U + seed;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    return hash;
}

/// Counts come from upstream: two absurd ones must not overflow into nonsense.
[[nodiscard]] inline std::int64_t add_saturated(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b > 0 ? std::numeric_limits<std::int64_t>::max()
                 : std::numeric_limits<std::int64_t>::min();
}
[[nodiscard]] inline record::duration add_saturated(record::duration a,
                                                    record::duration b) noexcept {
    return record::duration(add_saturated(std::int64_t{a.count()}, std::int64_t{b.count()}));
}

}  // namespace tallyfs::ledger
