// Which entries are in the stream already: asked by those ways of reading that can bring one twice.
// Keys: include/tallyfs/audit/event_maker.hpp.
#pragma once

#include "trail/store.hpp"

#include <tallyfs/base/clock.hpp>

#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <unordered_set>

namespace tallyfs::trail {

/// Not thread-safe. Bounded: a few hours of events, and the last entries that were dropped.
class known_keys {
  public:
    known_keys(const store& from, std::string cluster)
        : from_(from), cluster_(std::move(cluster)) {}

    /// Whether an entry of this key and time was kept or dropped before. Reads the hour's events
    /// from the stream the first time that it comes up.
    [[nodiscard]] bool contains(std::string_view key, wall_time logged);
    /// An entry that is kept from now on.
    void keep(std::string_view key, wall_time logged);
    /// One that is noise.
    void drop(std::string_view key);

  private:
    static constexpr std::size_t hours_max = 3;
    static constexpr std::size_t keys_of_hour_max = 2'000'000;
    static constexpr std::size_t dropped_max = 100'000;
    struct hour {
        wall_time begins{};
        std::unordered_set<std::uint64_t> keys;
    };
    [[nodiscard]] const hour* hour_of(wall_time logged);

    const store& from_;
    const std::string cluster_;
    std::list<hour> hours_;  ///< the one used last comes first
    std::unordered_set<std::uint64_t> dropped_;
    std::deque<std::uint64_t> dropped_order_;
};

}  // namespace tallyfs::trail
