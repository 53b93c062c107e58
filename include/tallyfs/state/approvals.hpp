// Requests for approval in force: opened, decided, executed, each recorded before it counts.
// Rules: docs/approvals.md. The judging is done by approval::book; here is what surrounds it.
#pragma once

#include <tallyfs/approval/book.hpp>
#include <tallyfs/approval/views.hpp>
#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/desk.hpp>
#include <tallyfs/tree/node.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tallyfs::state {

/// Something that can be asked for. A module makes one and hands it over at start; everything in
/// it runs on the desk.
struct approval_kind {
    std::string name;                  ///< "cloud-model"
    std::string meaning;               ///< one sentence
    std::string parameters;            ///< for people: "model=NAME principal=uid:1000 [days=30]"
    std::string plan_suffix = ".txt";  ///< of the files plan and undo: ".sql"
    /// Completes what was asked for: title, plan, undo. Returns why it cannot be, or "".
    std::function<std::string(approval::draft&)> prepare;
    struct effect {
        bool done = false;     ///< false: it failed, and nothing of it remains
        std::string result;    ///< for the record
        bool unknown = false;  ///< nobody can tell whether it is done
    };
    /// Does it. Called once for each recorded start.
    std::function<effect(const approval::request&)> execute;
    /// Whether the effect of a start that has no recorded end is there.
    std::function<approval::probe(const approval::request&)> probe;

    // In place of these two, for what takes longer than the desk can be held up. Each returns at
    // once. What it is given is called once, on any thread, while `approvals` lives; or never, if
    // the daemon ends before: then the next start probes.
    using ended = std::function<void(effect)>;
    std::function<void(const approval::request&, ended)> begin = nullptr;
    using found = std::function<void(approval::probe)>;
    std::function<void(const approval::request&, found)> begin_probe = nullptr;
};

class approvals {
  public:
    struct parts {
        const approval::people& people;
        const approval::chains& chains;
        std::vector<approval_kind> kinds;
        action_log& actions;
        state::desk& desk;
        last_errors& errors;
        const clock_source& clock;
        std::function<void()> changed;  ///< called after each change, on the desk
        /// Why a request with this callback is refused, or "". Null: every one is taken.
        std::function<std::string(std::string_view callback)> callback_problem = nullptr;
    };
    /// Everything that is referenced outlives it.
    explicit approvals(parts given) : parts_(std::move(given)) {}

    /// At start: an action of the past, if it is one of approvals.
    void replay(const record::action& past);
    /// After the replay, on the desk: asks the probes of what was started and not finished.
    void settle();
    /// Once a second, on the desk: expiry, reminders, execution of what is due.
    void tick();

    // What users write; any thread. A refusal is in the user's last_error.
    /// approvals/new/<name>: the answer is what inbox() shows under this name.
    void open(const tree::user& by, std::string name, std::string text, tree::answer answer);
    void decide(const tree::user& by, std::uint32_t number, std::uint32_t step, std::string text,
                tree::answer answer);
    void object(const tree::user& by, std::uint32_t number, std::string text, tree::answer answer);
    /// withdraw, done, retry
    void command(const tree::user& by, std::uint32_t number, std::string text, tree::answer answer);
    void undo(const tree::user& by, std::uint32_t number, std::string text, tree::answer answer);

    // The same for people who are known in another way than by a uid; any thread. `done` is called
    // once, on the desk, or at once with EAGAIN.
    using reply = std::function<void(const command_failure& failure, std::uint32_t number)>;
    void open_as(approval::identity who, std::string text, reply done);
    void decide_as(approval::identity who, std::uint32_t number, std::uint32_t step,
                   std::string text, reply done);

    /// On the desk: a request that a policy opens. The same one again is the one that is open.
    [[nodiscard]] std::pair<const approval::entry*, std::string> open_for_policy(
        approval::draft asked, const std::string& principal);

    // What is shown; any thread.
    [[nodiscard]] std::optional<approval::entry> find(std::uint32_t number) const;
    /// All that are known, by number.
    [[nodiscard]] std::vector<approval::entry> list() const;
    /// What became of a file that this user made in approvals/new.
    [[nodiscard]] std::optional<std::string> inbox(std::uint32_t uid, std::string_view name) const;
    [[nodiscard]] std::uint64_t changes() const;
    [[nodiscard]] const std::vector<approval_kind>& kinds() const noexcept { return parts_.kinds; }
    [[nodiscard]] const approval::people& people() const noexcept { return parts_.people; }

  private:
    [[nodiscard]] approval::context now() const { return {parts_.people, parts_.clock.wall()}; }
    [[nodiscard]] const approval_kind* kind_of(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> kind_names() const;
    [[nodiscard]] command_failure enter(const approval::events& events);
    [[nodiscard]] command_failure open_draft(approval::draft asked, const approval::identity& by,
                                             const approval::entry*& opened);
    void execute(std::uint32_t number);
    void enter_end(std::uint32_t number, const approval_kind::effect& effect);
    void enter_probe(std::uint32_t number, approval::probe found);
    /// Any thread: `end` is carried out on the desk.
    void hand_in(std::function<void()> end);
    void take_ended();
    /// What a person wrote: a draft, or a decision.
    [[nodiscard]] command_failure open_text(std::string_view text, const approval::identity& by,
                                            const approval::entry*& opened);
    [[nodiscard]] command_failure enter_outcome(const approval::outcome<approval::events>& events);
    void remember(std::uint32_t uid, const std::string& name, std::string text);
    using work = std::function<command_failure(const approval::identity&)>;
    void post(const tree::user& by, tree::answer answer, work command);
    void run(approval::identity who, work command,
             std::function<void(const command_failure&)> done);

    const parts parts_;
    mutable std::mutex mutex_;  ///< the desk alone changes what it guards, and reads without it
    approval::book book_;
    std::uint64_t changes_ = 1;
    std::mutex ended_mutex_;
    /// What ended on other threads: at most one for each start, so the desk can be full.
    std::vector<std::function<void()>> ended_;
    std::map<std::pair<std::uint32_t, std::string>, std::string, std::less<>> inbox_;
};

}  // namespace tallyfs::state
