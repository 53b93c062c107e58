#include <tallyfs/base/log.hpp>
#include <tallyfs/state/approvals.hpp>

namespace tallyfs::state {

void approvals::execute(std::uint32_t number) {
    const auto start = book_.start(number, parts_.clock.wall());
    if (!start || enter(*start).number != 0) return;  // the next tick tries again
    const auto request = book_.find(number)->request;
    const auto* kind = kind_of(request.asked.kind);
    if (kind == nullptr) return enter_end(number, {false, "this version does not know the kind"});
    if (!kind->begin) return enter_end(number, kind->execute(request));
    kind->begin(request, [this, number](approval_kind::effect effect) {
        hand_in([this, number, effect = std::move(effect)] { enter_end(number, effect); });
    });
    parts_.changed();  // it is shown as executing until then
}

void approvals::enter_end(std::uint32_t number, const approval_kind::effect& effect) {
    const auto now = parts_.clock.wall();
    const auto how = effect.done ? approval::ending::ok : approval::ending::failed;
    const auto ended = effect.unknown ? book_.lose(number, effect.result, now)
                                      : book_.finish(number, how, effect.result, now);
    if (ended && enter(*ended).number == 0) return parts_.changed();
    spdlog::error("request {} was executed, and its end cannot be recorded", number);
}

void approvals::hand_in(std::function<void()> end) {
    {
        const std::lock_guard lock(ended_mutex_);
        ended_.push_back(std::move(end));
    }
    // Where too many commands wait, the next tick takes it.
    static_cast<void>(parts_.desk.post([this] { take_ended(); }));
}

void approvals::take_ended() {
    std::vector<std::function<void()>> ended;
    {
        const std::lock_guard lock(ended_mutex_);
        ended.swap(ended_);
    }
    for (const auto& end : ended) end();
}

void approvals::settle() {
    for (const auto number : book_.unfinished()) {
        const auto* entry = book_.find(number);
        const auto* kind = kind_of(entry->request.asked.kind);
        if (kind != nullptr && kind->begin_probe) {
            kind->begin_probe(entry->request, [this, number](approval::probe found) {
                hand_in([this, number, found] { enter_probe(number, found); });
            });
        } else {
            enter_probe(number,
                        kind != nullptr ? kind->probe(entry->request) : approval::probe::unknown);
        }
    }
}

void approvals::enter_probe(std::uint32_t number, approval::probe found) {
    const auto events = book_.probed(number, found, parts_.clock.wall());
    if (events && enter(*events).number == 0) return parts_.changed();
    spdlog::error("what became of request {} cannot be recorded", number);
}

void approvals::tick() {
    take_ended();
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
