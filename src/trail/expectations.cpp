#include "trail/expectations.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/base/readable.hpp>

#include <algorithm>
#include <cerrno>

namespace tallyfs::trail {

namespace {

constexpr std::string_view announced_event = "expected.announced";
/// A log can be read so much later than it was written.
constexpr std::chrono::hours kept_after_end{30 * 24};
constexpr std::size_t list_max = 10'000;
constexpr std::size_t inbox_max = 1'000;

/// The words of an announcement, from the parameters of a request.
std::string words_of(const approval::parameters& all) {
    std::string text;
    for (const auto& [name, value] : all) text += name + "=" + value + "\n";
    return text;
}

std::string sentence_of(const audit::expected_work& work) {
    const auto time = [](wall_time at) {
        return zone::day_of(at).to_string() + " " + clock_text(at);
    };
    return work.ticket + ": " + work.user + " on " + work.cluster +
           (work.database.empty() ? "" : "/" + work.database) + ", " + time(work.from) + " to " +
           time(work.until);
}

}  // namespace

expectations::expectations(parts with)
    : parts_(std::move(with)), list_(std::make_shared<std::vector<audit::expected_work>>()) {}

void expectations::take(const record::action& announced) {
    audit::expected_work work;
    if (!audit::parse_expected_json(announced.detail, work)) return;
    work.number = announced.number;
    work.by = announced.actor.by;
    auto next = std::make_shared<std::vector<audit::expected_work>>();
    const std::lock_guard lock(mutex_);
    for (const auto& one : *list_) {
        if (one.until + kept_after_end > announced.time) next->push_back(one);
    }
    if (next->size() >= list_max) {
        next->erase(std::ranges::min_element(*next, {}, &audit::expected_work::until));
    }
    next->push_back(std::move(work));
    list_ = std::move(next);
    ++changes_;
}

void expectations::replay(const record::action& past) {
    if (past.event == announced_event) take(past);
}

bool expectations::enter(audit::expected_work work, const record::actor& by,
                         const std::string& request) {
    if (!request.empty()) work.ticket += " (request " + request + ")";
    const auto recorded =
        parts_.actions.record(std::string(announced_event), work.ticket, by, audit::to_json(work));
    if (!recorded) return false;
    take(*recorded);
    parts_.changed();
    return true;
}

bool expectations::announce_own(audit::expected_work work) {
    return enter(std::move(work), {}, "");
}

state::approval_kind expectations::kind() {
    state::approval_kind made;
    made.name = "expected-work";
    made.meaning = "Announce work on a database, which then pages nobody.";
    made.parameters = "user=jd cluster=orders-cl for=2h ticket=DB-123";
    made.prepare = [this](approval::draft& asked) -> std::string {
        auto parsed = audit::parse_expected_work(words_of(asked.parameters), parts_.clock.wall());
        if (!parsed.problem.empty()) return parsed.problem;
        // From now on it says when, and not for how long.
        asked.parameters.erase("for");
        asked.parameters["from"] = to_rfc3339(parsed.work.from);
        asked.parameters["until"] = to_rfc3339(parsed.work.until);
        asked.title = "Expect work of " + parsed.work.user + " on " + parsed.work.cluster;
        asked.plan = "expect " + sentence_of(parsed.work);
        return "";
    };
    made.execute = [this](const approval::request& what) -> state::approval_kind::effect {
        // As it was asked for; but what was done before somebody has approved it was not expected.
        auto parsed = audit::parse_expected_work(words_of(what.asked.parameters), what.created);
        if (!parsed.problem.empty()) return {false, parsed.problem};
        const auto now = parts_.clock.wall();
        if (parsed.work.until <= now) return {false, "until= is over"};
        parsed.work.from = std::max(parsed.work.from, now);
        if (!enter(parsed.work, {}, approval::number_text(what.number))) {
            return {false, "it cannot be recorded"};
        }
        return {true, "announced"};
    };
    made.probe = [this](const approval::request& what) {
        const auto mark = "(request " + approval::number_text(what.number) + ")";
        const auto all = list();
        const bool there =
            std::ranges::any_of(*all, [&](const auto& one) { return one.ticket.ends_with(mark); });
        return there ? approval::probe::effect_there : approval::probe::effect_absent;
    };
    return made;
}

void expectations::announce(const tree::user& by, std::string name, std::string text,
                            tree::answer answer) {
    const bool posted =
        parts_.desk.post([this, by, name = std::move(name), text = std::move(text), answer] {
            const auto failure = carry_out(by, name, text);
            if (failure.number != 0) {
                parts_.errors.note(by.uid, failure);
                remember(by.uid, name, "refused: " + failure.sentence + "\n");
            }
            parts_.changed();
            answer(failure.number != 0 ? failure.code() : error_code());
        });
    if (!posted) answer(error_code(EAGAIN, boost::system::generic_category()));
}

state::command_failure expectations::carry_out(const tree::user& by, const std::string& name,
                                               const std::string& text) {
    const auto place = "audit/expected/new/" + name + ": ";
    const auto who = parts_.auditor_of(by);
    if (!who) {
        return {EACCES, place + "uid " + std::to_string(by.uid) +
                            " may not announce work; that takes the role auditor or operator"};
    }
    auto parsed = audit::parse_expected_work(text, parts_.clock.wall());
    if (!parsed.problem.empty()) return {EINVAL, place + parsed.problem};
    if (parts_.needs_approval) {
        return {EPERM, place +
                           "nobody announces work alone here: ask in approvals/new with "
                           "kind=expected-work and the same words"};
    }
    if (!enter(parsed.work, *who, "")) {
        return {EIO, place + "it cannot be recorded, so it is not expected"};
    }
    remember(by.uid, name, "expected: " + sentence_of(parsed.work) + "\n");
    return {};
}

void expectations::remember(std::uint32_t uid, const std::string& name, std::string text) {
    const std::lock_guard lock(mutex_);
    if (inbox_.size() >= inbox_max) inbox_.clear();
    inbox_[{uid, name}] = std::move(text);
    ++changes_;
}

std::optional<std::string> expectations::inbox(std::uint32_t uid, std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto place = inbox_.find(std::pair(uid, std::string(name)));
    return place != inbox_.end() ? std::optional(place->second) : std::nullopt;
}

expectations::shared_list expectations::list() const {
    const std::lock_guard lock(mutex_);
    return list_;
}

std::uint64_t expectations::changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
}

}  // namespace tallyfs::trail
