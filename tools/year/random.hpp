// Numbers that are the same on every machine for the same seed, and cheap to begin anew.
// Source: SplitMix64, Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014.
#pragma once

#include <cstdint>

namespace tallyfs::year {

/// A number from a number: equal in, equal out, and no pattern in between.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t value) noexcept {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9U;
    value = (value ^ value >> 27) * 0x94d049bb133111ebU;
    return value ^ value >> 31;
}

class randomness {
  public:
    explicit constexpr randomness(std::uint64_t seed) noexcept : state_(seed) {}

    constexpr std::uint64_t next() noexcept {
        const auto value = mixed(state_);
        state_ += 0x9e3779b97f4a7c15U;
        return value;
    }
    /// 0 to limit - 1; slightly uneven, which nobody sees with limits far below 2^64.
    constexpr std::uint32_t below(std::uint32_t limit) noexcept {
        return static_cast<std::uint32_t>(next() % limit);
    }
    constexpr bool once_in(std::uint32_t count) noexcept { return below(count) == 0; }

  private:
    std::uint64_t state_;
};

}  // namespace tallyfs::year
