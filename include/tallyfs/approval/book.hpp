// The book of requests for approval: a state machine that judges commands and keeps events.
// Format: docs/approvals.md, "Rules"; its events: docs/formats.md, "Approvals".
#pragma once

#include <tallyfs/approval/event.hpp>

#include <deque>
#include <map>

namespace tallyfs::approval {

/// Requests that are open at once, of everybody and of one requester: nobody fills the book alone.
inline constexpr std::size_t open_requests_max = 1000;
inline constexpr std::size_t open_requests_each_max = 100;
/// Finished requests that stay known, for approvals/done and for undo.
inline constexpr std::size_t finished_requests_max = 1000;
inline constexpr std::size_t objections_max = 50;      ///< a request
inline constexpr std::size_t objections_each_max = 5;  ///< unanswered ones of one person
inline constexpr std::size_t revisions_max = 20;
inline constexpr std::size_t delegations_max = 10;  ///< a step
/// Starts that a probe may declare to have had no effect; then a person has to say how to go on.
inline constexpr std::size_t starts_max = 3;
inline constexpr std::size_t settlements_max = 20;  ///< a request
inline constexpr std::size_t result_bytes_max = 2048;

enum class state : std::uint8_t {
    pending,
    approved,  ///< waits for the end of the grace time, or to be started
    executing,
    done,
    rejected,
    withdrawn,
    expired,
    failed,
    outcome_unknown,
};
[[nodiscard]] std::string_view to_string(state value) noexcept;
/// Whether nothing can happen to it any more (a finished one can still be undone by another).
[[nodiscard]] bool is_finished(state value) noexcept;

struct step_progress {
    wall_time since{};  ///< when it became the current step
    std::optional<step_decided> decided;
    std::vector<step_delegated> delegated;
    wall_time reminded{};  ///< the last time; epoch: never
    bool escalated = false;
    bool operator==(const step_progress&) const = default;
};
struct objection {
    objection_raised raised;
    std::optional<objection_answered> answered;
    bool operator==(const objection&) const = default;
};

/// Everything about one request, as the events made it.
struct entry {
    approval::request request;
    approval::state state = approval::state::pending;
    std::vector<step_progress> steps;
    std::vector<step_decided> void_decisions;  ///< on evidence or a plan that was replaced
    std::vector<objection> objections;
    std::vector<outcome_settled> settlements;
    std::uint32_t revisions = 0;
    std::uint32_t starts = 0;  ///< since the last time that a person said to go on
    wall_time execute_at{};    ///< not before; means something once it is approved
    std::optional<wall_time> started;
    std::optional<wall_time> ended;  ///< of execution, or of the request
    std::string result;              ///< of execution, or why its outcome is not known
    std::optional<request_withdrawn> withdrawn;
    std::uint32_t undone_by = 0;  ///< the executed request that took this one back
    wall_time changed{};

    bool operator==(const entry&) const = default;
    /// The first step without a decision, from 1; 0 if there is none.
    [[nodiscard]] std::uint32_t current_step() const noexcept;
    [[nodiscard]] std::size_t open_objections() const noexcept;
    /// A pending request expires then; an approved one that nobody started, so long after
    /// execute_at.
    [[nodiscard]] wall_time expires_at() const noexcept;
};

/// What a command is judged by besides the book.
struct context {
    const approval::people& people;
    wall_time now;
};

struct opening {
    std::uint32_t number = 0;
    bool existing = false;  ///< the same request was open already: no event
    approval::events events;
};
/// What the time has brought about.
struct due {
    approval::events events;           ///< expiry, reminders, escalation
    std::vector<std::uint32_t> ready;  ///< approved, grace over: to be started
};
/// What the probe of a kind found after a start without an end.
enum class probe : std::uint8_t { effect_there, effect_absent, unknown };

/// Commands are const: they answer with events, or with a refusal that changed nothing. The caller
/// appends the events to the journal, syncs them, and then applies each. One thread.
class book {
  public:
    [[nodiscard]] const entry* find(std::uint32_t number) const noexcept;
    /// All that are known, by number.
    [[nodiscard]] const std::map<std::uint32_t, entry>& entries() const noexcept {
        return entries_;
    }
    /// Started without an end: to be probed once all events are replayed.
    [[nodiscard]] std::vector<std::uint32_t> unfinished() const;

    /// `rule` is the chain that chains::find() gives. Refusals: bad_command, too_large, too_many,
    /// nobody_decides.
    [[nodiscard]] outcome<opening> open(draft asked, const identity& by, const chain& rule,
                                        const context& at) const;
    /// A request that executes the `undo` text of one that is done.
    [[nodiscard]] outcome<opening> undo(std::uint32_t number, std::string_view reason,
                                        const identity& by, const chain& rule,
                                        const context& at) const;
    /// "approve", "approve CODE", "reject: REASON", "delegate NAME: REASON"; step from 1.
    [[nodiscard]] outcome<events> decide(std::uint32_t number, std::uint32_t step,
                                         std::string_view text, const identity& by,
                                         const context& at) const;
    /// An objection by anyone who may read the request, or "answer N: TEXT".
    [[nodiscard]] outcome<events> object(std::uint32_t number, std::string_view text,
                                         const identity& by, const context& at) const;
    /// "withdraw" or "withdraw: REASON"; after an unknown outcome "done: REASON", "retry: REASON".
    [[nodiscard]] outcome<events> command(std::uint32_t number, std::string_view text,
                                          const identity& by, const context& at) const;
    /// New evidence and plan, from the requester or the daemon. The same ones: no event.
    [[nodiscard]] outcome<events> revise(std::uint32_t number, std::string evidence,
                                         std::string plan, const identity& by,
                                         const context& at) const;

    [[nodiscard]] due tick(wall_time now) const;
    /// Before the effect. Refusals: not_pending (also before the grace time is over), expired.
    [[nodiscard]] outcome<events> start(std::uint32_t number, wall_time now) const;
    [[nodiscard]] outcome<events> finish(std::uint32_t number, ending how, std::string_view result,
                                         wall_time now) const;
    /// The effect may or may not have happened, and nobody can tell.
    [[nodiscard]] outcome<events> lose(std::uint32_t number, std::string_view why,
                                       wall_time now) const;
    [[nodiscard]] outcome<events> probed(std::uint32_t number, probe found, wall_time now) const;

    /// The ways in which a resolved person may decide the current step now; none: may not.
    [[nodiscard]] std::vector<capacity> capacities(const entry& e, std::string_view name,
                                                   const context& at) const;

    /// Takes an event in. Errors: approval_errc::bad_event, unknown_number; the book is unchanged.
    [[nodiscard]] result<void> apply(const event& e);

    bool operator==(const book&) const = default;

  private:
    friend class applier;
    [[nodiscard]] outcome<opening> open_checked(draft asked, const identity& by, const chain& rule,
                                                std::uint32_t undo_of, const context& at) const;

    std::map<std::uint32_t, entry> entries_;
    std::deque<std::uint32_t> finished_;  ///< oldest first
    std::uint32_t last_number_ = 0;
};

}  // namespace tallyfs::approval
