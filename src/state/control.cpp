#include <tallyfs/state/control.hpp>

#include <cerrno>

namespace tallyfs::state {

namespace {

error_code errno_code(int number) {
    return {number, boost::system::generic_category()};
}

}  // namespace

void control::set(const tree::user& by, std::string name, std::string entry, std::string text,
                  tree::answer answer) {
    const bool posted = parts_.desk.post(
        [this, by, name = std::move(name), entry = std::move(entry), text = std::move(text),
         answer] { settle(by, parts_.settings.propose(name, entry, text), answer); });
    if (!posted) answer(errno_code(EAGAIN));
}

void control::remove(const tree::user& by, std::string name, std::string entry,
                     tree::answer answer) {
    const bool posted =
        parts_.desk.post([this, by, name = std::move(name), entry = std::move(entry), answer] {
            settle(by, parts_.settings.propose_removal(name, entry), answer);
        });
    if (!posted) answer(errno_code(EAGAIN));
}

void control::settle(const tree::user& by, const settings::proposal& wanted,
                     const tree::answer& answer) {
    const auto failure = carry_out(by, wanted);
    parts_.errors.note(by.uid, failure);
    parts_.changed();
    answer(failure.code());
}

command_failure control::carry_out(const tree::user& by, const settings::proposal& wanted) {
    const auto file = "control/" + wanted.key;
    const auto actor = parts_.operator_of(by);
    if (!actor) {
        return {EACCES, file + ": uid " + std::to_string(by.uid) +
                            " may not change settings; that takes the role operator"};
    }
    if (wanted.definition != nullptr && !wanted.definition->by_request.empty()) {
        return {EACCES,
                file + ": this takes a request here. Write to approvals/new/mine, a line each: " +
                    wanted.definition->by_request};
    }
    if (!wanted.reason.empty()) {
        const bool tells = wanted.definition != nullptr && !wanted.removal;
        return {EINVAL, file + ": " + wanted.reason +
                            (tells ? ". Allowed: " + wanted.definition->allowed : "")};
    }
    if (!wanted.changes) return {};
    const auto changed = parts_.settings.change(wanted, *actor, parts_.actions);
    if (changed) return {};
    return {changed.error().value(),
            file + " stays as it was, because it cannot be recorded: " + changed.error().message()};
}

}  // namespace tallyfs::state
