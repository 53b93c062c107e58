#include <tallyfs/base/log.hpp>
#include <tallyfs/state/approvals.hpp>

namespace tallyfs::state {

void approvals::execute(std::uint32_t number) {
    const auto start = book_.start(number, parts_.clock.wall());
    if (!start || enter(*start).number != 0) return;  // the next tick tries again
    const auto request = book_.find(number)->request;
    const auto* kind = kind_of(request.asked.kind);
    approval_kind::effect effect{false, "this version does not know the kind"};
    if (kind != nullptr) effect = kind->execute(request);
    const auto ended =
        book_.finish(number, effect.done ? approval::ending::ok : approval::ending::failed,
                     effect.result, parts_.clock.wall());
    if (ended && enter(*ended).number == 0) {
        parts_.changed();
        return;
    }
    spdlog::error("request {} was executed, and its end cannot be recorded", number);
}

void approvals::settle() {
    for (const auto number : book_.unfinished()) {
        const auto* entry = book_.find(number);
        const auto* kind = kind_of(entry->request.asked.kind);
        const auto found = kind != nullptr ? kind->probe(entry->request) : approval::probe::unknown;
        const auto events = book_.probed(number, found, parts_.clock.wall());
        if (!events || enter(*events).number != 0) {
            spdlog::error("what became of request {} cannot be recorded", number);
        }
    }
    parts_.changed();
}

void approvals::tick() {
    const auto due = book_.tick(parts_.clock.wall());
    if (!due.events.empty() && enter(due.events).number == 0) parts_.changed();
    for (const auto number : due.ready) execute(number);
}

std::optional<approval::entry> approvals::find(std::uint32_t number) const {
    const std::lock_guard lock(mutex_);
    const auto* entry = book_.find(number);
    return entry != nullptr ? std::optional(*entry) : std::nullopt;
}

std::vector<approval::entry> approvals::list() const {
    const std::lock_guard lock(mutex_);
    std::vector<approval::entry> entries;
    entries.reserve(book_.entries().size());
    for (const auto& [number, entry] : book_.entries()) entries.push_back(entry);
    return entries;
}

std::optional<std::string> approvals::inbox(std::uint32_t uid, std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto place = inbox_.find(std::pair(uid, std::string(name)));
    return place != inbox_.end() ? std::optional(place->second) : std::nullopt;
}

std::uint64_t approvals::changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
}

}  // namespace tallyfs::state
