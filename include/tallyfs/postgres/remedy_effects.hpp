// What a remedy changed: the figures of what it is about before it, an hour and a day after it.
// Format: docs/formats.md, "The effect of a remedy".
#pragma once

#include <tallyfs/health/remedy.hpp>
#include <tallyfs/postgres/board.hpp>
#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/approvals.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace tallyfs::postgres {

class remedy_effects {
  public:
    /// Both outlive it.
    remedy_effects(const board& seen, state::action_log& actions, const clock_source& clock)
        : seen_(seen), actions_(actions), clock_(clock) {}

    /// At start: an action of the past, if it is one of these.
    void replay(const record::action& past);
    /// On the desk, before the remedy of a request is carried out.
    void note(const approval::request& what);
    /// On the desk, once a second; at work once a minute: measures what is due. True if it did.
    bool tick(const state::approvals& requests);

    struct shown {
        std::string json;  ///< an object: "before", "after_hour", "after_day", null until then
        wall_time changed{};
    };
    /// Any thread. nullopt for a request that is none of a remedy, or was not carried out.
    [[nodiscard]] std::optional<shown> find(std::uint32_t number) const;

  private:
    enum moment_of : std::size_t { before, after_hour, after_day, moments };
    struct known {
        std::array<std::string, moments> details;  ///< "" if not yet
        wall_time changed{};
    };

    bool measure(const approval::request& what, moment_of when, wall_time due, wall_time give_up);
    void take(std::uint32_t number, moment_of when, std::string detail, wall_time time);

    const board& seen_;
    state::action_log& actions_;
    const clock_source& clock_;
    steady_time next_{};
    mutable std::mutex mutex_;  ///< the desk alone changes what it guards, and reads without it
    std::map<std::uint32_t, known> known_;
};

}  // namespace tallyfs::postgres
