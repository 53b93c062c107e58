// Budgets: how much a principal, service or model may use in a day, at once and in a minute.
// Format: docs/policies.md, "Budgets".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/day.hpp>
#include <tallyfs/policy/glob.hpp>
#include <tallyfs/policy/text_error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::policy {

/// Every call is compared with each of them.
inline constexpr std::size_t budgets_max = 200;
/// At this part of a day's limit a person is told, once a day.
inline constexpr int warn_percent = 80;
/// What a caller is told to wait where only the end of another call can help: nobody knows when.
inline constexpr std::chrono::seconds retry_after_busy{5};

enum class measure : std::uint8_t {
    tokens_per_day,
    seconds_per_day,
    calls_at_once,
    calls_a_minute
};
/// As in the text of a budget: "tokens_per_day".
[[nodiscard]] std::string_view to_string(measure value) noexcept;

/// Whose calls, and how much. What matches shares the budget.
struct budget {
    std::string name;
    std::optional<principal_pattern> principal;
    std::optional<glob> service;  ///< a label: a caller can choose another one
    std::optional<model_pattern> model;
    std::optional<std::int64_t> tokens_per_day;           ///< prompt and output tokens
    std::optional<std::chrono::seconds> seconds_per_day;  ///< record::busy()
    std::optional<std::int64_t> calls_at_once;
    std::optional<std::int64_t> calls_per_minute;  ///< as many at once after a quiet minute
};

/// One line of text; `name` is its file's. At least one limit.
[[nodiscard]] parsed<budget> parse_budget(std::string_view name, std::string_view text);

/// Who calls what; the texts are used during the call only.
struct budget_facts {
    std::string_view principal;
    std::string_view service;
    std::string_view model;
};

/// Now, as the caller knows it.
struct budget_moment {
    steady_time now;
    day today;                                  ///< in the day zone
    std::chrono::seconds until_tomorrow{3600};  ///< until it turns: what a refused caller is told
};

struct usage {
    std::int64_t tokens = 0;
    std::chrono::microseconds busy{};
};

/// Of one limit; seconds and calls as whole numbers.
struct budget_level {
    std::string budget;
    policy::measure measure = measure::tokens_per_day;
    std::int64_t used = 0;
    std::int64_t limit = 0;  ///< raised where it was raised for today
};

struct refusal {
    budget_level level;
    std::chrono::seconds retry_after{};  ///< at least one
    /// `budget "night" is used up: 200000 of 200000 tokens_per_day`
    [[nodiscard]] std::string reason() const;
};

/// What an admitted call holds; to be given back once, by finish().
class budget_ticket {
  public:
    budget_ticket() = default;
    budget_ticket(budget_ticket&&) noexcept = default;
    budget_ticket& operator=(budget_ticket&&) noexcept = default;

  private:
    friend class budget_book;
    std::vector<std::uint64_t> budgets_;  ///< ids: of those that matched when it was admitted
};

struct admission {
    std::optional<refusal> refused;  ///< admitted if not set
    budget_ticket ticket;
    std::vector<budget_level> warnings;  ///< reached 80 % since; each once a day
};

/// What is added to the limits of one day. The last one given for a budget that day counts.
struct budget_raise {
    int percent = 100;  ///< 150 makes one and a half
    std::int64_t more_tokens = 0;
    std::chrono::seconds more_seconds{};
};
inline constexpr int raise_percent_max = 10'000;

/// How a budget stands today, for its file.
struct budget_state {
    std::string name;
    day today;
    usage used;
    std::int64_t calls_open = 0;
    std::int64_t refused_today = 0;
    std::optional<budget_raise> raised;
    std::vector<budget_level> levels;  ///< one for each limit
};

/// Counts what is used. Memory is bounded by the number of budgets and of open calls. Not
/// synchronised: one strand or one mutex of the owner's.
///
/// Admission looks at what finished calls used: calls that were admitted before a day's limit was
/// reached go on, and may take it beyond by as much as they use. calls_at_once bounds how many
/// those are.
class budget_book {
  public:
    budget_book() = default;
    /// At most budgets_max, names unique; else the error says which.
    [[nodiscard]] static parsed<budget_book> build(std::vector<budget> budgets);
    /// Other budgets from now on. What a budget of the same name has counted stays with it.
    [[nodiscard]] parsed<void> replace(std::vector<budget> budgets);

    /// Asks every budget that matches; counts the call in all of them, or in none. `ticket` must
    /// come back through finish(), also for a call that failed.
    [[nodiscard]] admission admit(const budget_facts& facts, const budget_moment& moment);
    /// The call has ended. It counts for the day in which it ended, as its line does. Returns new
    /// warnings.
    [[nodiscard]] std::vector<budget_level> finish(budget_ticket ticket, const usage& used,
                                                   const budget_moment& moment);
    /// At start, from the ledger: what calls of these names have used today. Gives no warnings:
    /// what was beyond 80 % before the start has been told.
    void seed(const budget_facts& facts, const usage& used, day today);
    /// For `today` only. False if there is no such budget, the day is over, or the raise is out of
    /// its bounds (percent 100 to raise_percent_max, amounts from 0).
    [[nodiscard]] bool raise(std::string_view name, const budget_raise& more, day today);
    /// Sums begin anew. A day before the current one changes nothing: days never go back.
    void turn_to(day today);

    [[nodiscard]] std::vector<budget_state> state() const;
    [[nodiscard]] day today() const noexcept { return today_; }

  private:
    struct account;
    struct counters {
        std::uint64_t id = 0;
        usage used;
        std::int64_t calls_open = 0;
        std::int64_t refused_today = 0;
        steady_time next_call;  ///< when the bucket is full again, one call's share earlier
        std::optional<budget_raise> raised;
        bool warned_tokens = false;
        bool warned_seconds = false;
    };
    struct entry {
        policy::budget budget;
        counters count;
    };

    [[nodiscard]] static std::int64_t token_limit(const entry& e);
    [[nodiscard]] static std::int64_t second_limit(const entry& e);
    [[nodiscard]] static std::optional<refusal> refuses(const entry& e,
                                                        const budget_moment& moment);
    static void collect_warnings(entry& e, std::vector<budget_level>& out);

    std::vector<entry> entries_;
    std::uint64_t next_id_ = 1;
    day today_;
};

}  // namespace tallyfs::policy
