#include <tallyfs/state/canceller.hpp>

#include <cerrno>

namespace tallyfs::state {

command_failure canceller::carry_out(const tree::user& by, std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    if (text.ends_with(".json")) text.remove_suffix(5);
    const auto actor = parts_.operator_of(by);
    if (!actor) {
        return {EACCES, "calls/inflight: uid " + std::to_string(by.uid) +
                            " may not cancel calls; that takes the role operator"};
    }
    const auto id = uuid::parse(text);
    if (!id) return {EINVAL, "calls/inflight/cancel takes the id of a call, as `ls` shows it"};
    if (!parts_.is_running(*id)) return {ENOENT, "no call " + id->to_string() + " is in flight"};
    const auto recorded = parts_.actions.record("call.cancelled", id->to_string(), *actor, "{}");
    if (!recorded) {
        return {recorded.error().value(),
                "the call goes on, because nothing can be recorded: " + recorded.error().message()};
    }
    parts_.wanted.request(*id, actor->by);
    return {};
}

void canceller::cancel(const tree::user& by, std::string text, tree::answer answer) {
    const bool posted = parts_.desk.post([this, by, text = std::move(text), answer] {
        const auto failure = carry_out(by, text);
        parts_.errors.note(by.uid, failure);
        parts_.changed();
        answer(failure.code());
    });
    if (!posted) answer(error_code(EAGAIN, boost::system::generic_category()));
}

}  // namespace tallyfs::state
