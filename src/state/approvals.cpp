#include <tallyfs/base/log.hpp>
#include <tallyfs/state/approvals.hpp>

#include <algorithm>
#include <cerrno>

namespace tallyfs::state {

namespace {

constexpr std::string_view event_prefix = "approval.";
/// Answers in approvals/new that are remembered, of all users.
constexpr std::size_t inbox_max = 1000;

int errno_of(const error_code& reason) {
    using approval::approval_errc;
    switch (static_cast<approval_errc>(reason.value())) {
        case approval_errc::not_allowed:
        case approval_errc::own_request:
        case approval_errc::person_used:
        case approval_errc::not_known_by:
        case approval_errc::nobody_decides:
            return EACCES;
        case approval_errc::already_decided:
        case approval_errc::not_pending:
        case approval_errc::expired:
        case approval_errc::objections_open:
            return EPERM;
        case approval_errc::too_large:
            return EMSGSIZE;
        case approval_errc::too_many:
            return ENOSPC;
        case approval_errc::unknown_number:
            return ENOENT;
        default:
            return EINVAL;
    }
}

command_failure failure_of(const approval::refusal& why) {
    return {errno_of(why.code), why.sentence};
}

/// Who an event is of, for the action around it.
struct actor_of_event {
    static record::actor made(const approval::identity& who) {
        return {who.person, std::string(to_string(who.how)), who.uid};
    }
    record::actor operator()(const approval::request_opened& e) const {
        return made(e.request.requester);
    }
    template <class Event>
    record::actor operator()(const Event& e) const {
        if constexpr (requires { e.who; }) {
            return made(e.who);
        } else {
            return {};
        }
    }
};

}  // namespace

void approvals::replay(const record::action& past) {
    if (!past.event.starts_with(event_prefix)) return;
    const auto event = approval::parse_event(past.detail);
    if (!event) {
        spdlog::error("action {} of request {} cannot be read: {}", past.number, past.subject,
                      event.error().message());
        return;
    }
    if (const auto applied = book_.apply(*event); !applied) {
        spdlog::error("action {} of request {} does not follow: {}", past.number, past.subject,
                      applied.error().message());
    }
}

/// Records each event and takes it in. One that cannot be recorded has not happened.
command_failure approvals::enter(const approval::events& events) {
    for (const auto& event : events) {
        const auto recorded =
            parts_.actions.record(std::string(event_prefix) + std::string(name_of(event)),
                                  approval::number_text(number_of(event)),
                                  std::visit(actor_of_event{}, event), event_text(event));
        if (!recorded) {
            return {recorded.error().value(),
                    "nothing was decided, because it cannot be recorded: " +
                        recorded.error().message()};
        }
        const std::lock_guard lock(mutex_);
        if (const auto applied = book_.apply(event); !applied) {
            throw std::logic_error("an event of approvals does not apply: " + event_text(event));
        }
        ++changes_;
    }
    return {};
}

const approval_kind* approvals::kind_of(std::string_view name) const {
    const auto place = std::ranges::find(parts_.kinds, name, &approval_kind::name);
    return place != parts_.kinds.end() ? &*place : nullptr;
}

std::vector<std::string> approvals::kind_names() const {
    std::vector<std::string> names;
    for (const auto& kind : parts_.kinds) names.push_back(kind.name);
    return names;
}

command_failure approvals::open_draft(approval::draft asked, const approval::identity& by,
                                      const approval::entry*& opened) {
    const auto* kind = kind_of(asked.kind);
    if (kind == nullptr) return {EINVAL, "there is no kind \"" + asked.kind + "\""};
    if (parts_.callback_problem) {
        if (auto reason = parts_.callback_problem(asked.callback); !reason.empty())
            return {EINVAL, std::move(reason)};
    }
    if (auto reason = kind->prepare(asked); !reason.empty()) return {EINVAL, std::move(reason)};
    const auto& chain = parts_.chains.find(asked.kind, asked.environment);
    const auto made = book_.open(std::move(asked), by, chain, now());
    if (!made) return failure_of(made.error());
    if (auto failure = enter(made->events); failure.number != 0) return failure;
    opened = book_.find(made->number);
    return {};
}

std::pair<const approval::entry*, std::string> approvals::open_for_policy(
    approval::draft asked, const std::string& principal) {
    const approval::entry* opened = nullptr;
    const auto failure =
        open_draft(std::move(asked), {principal, std::nullopt, approval::known_by::policy}, opened);
    if (failure.number == 0) parts_.changed();
    return {opened, failure.sentence};
}

command_failure approvals::open_text(std::string_view text, const approval::identity& by,
                                     const approval::entry*& opened) {
    const auto names = kind_names();
    auto asked = approval::parse_draft(text, names);
    return asked ? open_draft(std::move(*asked), by, opened) : failure_of(asked.error());
}

command_failure approvals::enter_outcome(const approval::outcome<approval::events>& events) {
    return events ? enter(*events) : failure_of(events.error());
}

void approvals::run(approval::identity who, work command,
                    std::function<void(const command_failure&)> done) {
    const bool posted =
        parts_.desk.post([this, who = std::move(who), done, command = std::move(command)] {
            const auto failure = command(who);
            // What the last approval allows has been done (or begun, where it takes long) when
            // the writer gets the answer.
            if (failure.number == 0) tick();
            parts_.changed();
            done(failure);
        });
    if (!posted) done({EAGAIN, "too many commands wait: try again in a moment"});
}

void approvals::post(const tree::user& by, tree::answer answer, work command) {
    run({"", by.uid, approval::known_by::uid}, std::move(command),
        [this, by, answer = std::move(answer)](const command_failure& failure) {
            parts_.errors.note(by.uid, failure);
            parts_.changed();
            answer(failure.code());
        });
}

void approvals::open_as(approval::identity who, std::string text, reply done) {
    const auto number = std::make_shared<std::uint32_t>(0);
    run(
        std::move(who),
        [this, text = std::move(text), number](const approval::identity& by) -> command_failure {
            const approval::entry* opened = nullptr;
            auto failure = open_text(text, by, opened);
            if (opened != nullptr) *number = opened->request.number;
            return failure;
        },
        [number, done = std::move(done)](const command_failure& failure) {
            done(failure, *number);
        });
}

void approvals::decide_as(approval::identity who, std::uint32_t number, std::uint32_t step,
                          std::string text, reply done) {
    run(
        std::move(who),
        [this, number, step, text = std::move(text)](const approval::identity& by) {
            return enter_outcome(book_.decide(number, step, text, by, now()));
        },
        [number, done = std::move(done)](const command_failure& failure) {
            done(failure, number);
        });
}

void approvals::remember(std::uint32_t uid, const std::string& name, std::string text) {
    const std::lock_guard lock(mutex_);
    if (inbox_.size() >= inbox_max && !inbox_.contains(std::pair(uid, name))) inbox_.clear();
    inbox_[{uid, name}] = std::move(text);
    ++changes_;
}

void approvals::open(const tree::user& by, std::string name, std::string text,
                     tree::answer answer) {
    post(by, std::move(answer),
         [this, uid = by.uid, name = std::move(name),
          text = std::move(text)](const approval::identity& who) -> command_failure {
             const approval::entry* opened = nullptr;
             const auto failure = open_text(text, who, opened);
             if (failure.number != 0) {
                 remember(uid, name, "refused: " + failure.sentence + "\n");
             } else {
                 remember(uid, name, "approvals/pending/" + directory_name(opened->request) + "\n");
             }
             return failure;
         });
}

void approvals::decide(const tree::user& by, std::uint32_t number, std::uint32_t step,
                       std::string text, tree::answer answer) {
    post(by, std::move(answer),
         [this, number, step, text = std::move(text)](const approval::identity& who) {
             return enter_outcome(book_.decide(number, step, text, who, now()));
         });
}

void approvals::object(const tree::user& by, std::uint32_t number, std::string text,
                       tree::answer answer) {
    post(by, std::move(answer),
         [this, number, text = std::move(text)](const approval::identity& who) {
             return enter_outcome(book_.object(number, text, who, now()));
         });
}

void approvals::command(const tree::user& by, std::uint32_t number, std::string text,
                        tree::answer answer) {
    post(by, std::move(answer),
         [this, number, text = std::move(text)](const approval::identity& who) {
             return enter_outcome(book_.command(number, text, who, now()));
         });
}

void approvals::undo(const tree::user& by, std::uint32_t number, std::string text,
                     tree::answer answer) {
    post(by, std::move(answer),
         [this, number, text = std::move(text)](const approval::identity& who) -> command_failure {
             const auto* done = book_.find(number);
             if (done == nullptr) return {ENOENT, "there is no such request"};
             const auto& asked = done->request.asked;
             const auto& chain = parts_.chains.find(asked.kind, asked.environment);
             const auto made = book_.undo(number, text, who, chain, now());
             return made ? enter(made->events) : failure_of(made.error());
         });
}

}  // namespace tallyfs::state
