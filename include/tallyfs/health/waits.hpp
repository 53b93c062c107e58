// What sessions waited for in the last minutes, from looks once a second. Pure.
// Shape: wait_profile in include/tallyfs/health/sample.hpp.
#pragma once

#include <tallyfs/health/sample.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <tuple>

namespace tallyfs::health {

/// An active session at the moment of a look.
struct waiting_session {
    std::string database;
    std::string type;  ///< "" works on a processor, as far as the server tells
    std::string event;
};

/// Bounded in memory: looks are added up in slots of 10 seconds. One thread at a time.
class wait_window {
  public:
    static constexpr std::chrono::seconds slot_length{10};
    static constexpr std::size_t slots_max = 60;  ///< 10 minutes
    /// Combinations of database, type and event in a slot; the rest is "(other)".
    static constexpr std::size_t shares_max = 300;

    /// One look, which stands for `length` of time (until the next one).
    void add(std::chrono::steady_clock::time_point at, std::chrono::milliseconds length,
             std::span<const waiting_session> active);
    [[nodiscard]] wait_profile profile(std::chrono::steady_clock::time_point now) const;

  private:
    using key = std::tuple<std::string, std::string, std::string>;  ///< database, type, event
    struct slot {
        std::chrono::steady_clock::time_point begin;
        std::chrono::milliseconds covered{};
        std::int64_t looks = 0;
        std::map<key, std::int64_t> sessions;
    };
    std::deque<slot> slots_;
};

}  // namespace tallyfs::health
