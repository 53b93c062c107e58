#include <tallyfs/state/action_kind.hpp>

namespace tallyfs::state {

approval_kind action_kind() {
    approval_kind kind;
    kind.name = "action";
    kind.meaning =
        "Anything that another program wants a person's word for: it does it itself, "
        "once it is told.";
    kind.parameters = "title=WHAT reason=WHY [evidence=TEXT] and parameters of its own";
    kind.prepare = [](approval::draft& asked) -> std::string {
        asked.plan = "tell the program that asked: yes";
        return "";
    };
    // The word itself is the effect, and it stands in the journal when it is read.
    kind.execute = [](const approval::request&) { return approval_kind::effect{true, "yes"}; };
    kind.probe = [](const approval::request&) { return approval::probe::effect_absent; };
    return kind;
}

}  // namespace tallyfs::state
