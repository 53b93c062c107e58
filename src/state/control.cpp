#include <tallyfs/state/control.hpp>

#include <cerrno>

namespace tallyfs::state {

namespace {

error_code errno_code(int number) {
    return {number, boost::system::generic_category()};
}

}  // namespace

void control::refuse(const tree::user& by, int number, const std::string& reason,
                     const tree::answer& answer) {
    parts_.errors.note(by.uid, reason);
    parts_.changed();
    answer(errno_code(number));
}

void control::set(const tree::user& by, std::string name, std::string entry, std::string text,
                  tree::answer answer) {
    const bool posted = parts_.desk.post(
        [this, by, name = std::move(name), entry = std::move(entry), text = std::move(text),
         answer] { carry_out(by, parts_.settings.propose(name, entry, text), answer); });
    if (!posted) answer(errno_code(EAGAIN));
}

void control::remove(const tree::user& by, std::string name, std::string entry,
                     tree::answer answer) {
    const bool posted =
        parts_.desk.post([this, by, name = std::move(name), entry = std::move(entry), answer] {
            carry_out(by, parts_.settings.propose_removal(name, entry), answer);
        });
    if (!posted) answer(errno_code(EAGAIN));
}

void control::carry_out(const tree::user& by, const settings::proposal& wanted,
                        const tree::answer& answer) {
    const auto actor = parts_.operator_of(by);
    if (!actor) {
        return refuse(by, EACCES,
                      "control/" + wanted.key + ": uid " + std::to_string(by.uid) +
                          " may not change settings; that takes the role operator",
                      answer);
    }
    if (!wanted.reason.empty()) {
        auto reason = "control/" + wanted.key + ": " + wanted.reason;
        if (wanted.definition != nullptr && !wanted.removal) {
            reason += ". Allowed: " + wanted.definition->allowed;
        }
        return refuse(by, EINVAL, reason, answer);
    }
    if (wanted.changes) {
        const auto changed = parts_.settings.change(wanted, *actor, parts_.actions);
        if (!changed) {
            return refuse(
                by, changed.error().value(),
                "control/" + wanted.key +
                    " stays as it was, because it cannot be recorded: " + changed.error().message(),
                answer);
        }
    }
    parts_.errors.clear(by.uid);
    parts_.changed();
    answer({});
}

}  // namespace tallyfs::state
