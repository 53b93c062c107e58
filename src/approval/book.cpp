#include "approval/authority.hpp"

#include <tallyfs/approval/book.hpp>

#include <algorithm>

namespace tallyfs::approval {

bool is_finished(state value) noexcept {
    switch (value) {
        case state::pending:
        case state::approved:
        case state::executing:
        case state::outcome_unknown:
            return false;
        case state::done:
        case state::rejected:
        case state::withdrawn:
        case state::expired:
        case state::failed:
            break;
    }
    return true;
}

std::uint32_t entry::current_step() const noexcept {
    const auto open = std::ranges::find_if(steps, [](const auto& s) { return !s.decided; });
    return open == steps.end() ? 0 : static_cast<std::uint32_t>(open - steps.begin() + 1);
}

std::size_t entry::open_objections() const noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(objections, [](const objection& o) { return !o.answered; }));
}

wall_time entry::expires_at() const noexcept {
    const bool approved = execute_at != wall_time{};
    return (approved ? execute_at : request.created) + request.chain.expires_seconds;
}

const entry* book::find(std::uint32_t number) const noexcept {
    const auto found = entries_.find(number);
    return found == entries_.end() ? nullptr : &found->second;
}

std::vector<std::uint32_t> book::unfinished() const {
    std::vector<std::uint32_t> numbers;
    for (const auto& [number, e] : entries_) {
        if (e.state == state::executing) numbers.push_back(number);
    }
    return numbers;
}

std::vector<capacity> book::capacities(const entry& e, std::string_view name,
                                       const context& at) const {
    const auto current = e.state == state::pending ? e.current_step() : 0;
    if (current == 0) return {};
    return ways_to_decide(e, current, name, at);
}

}  // namespace tallyfs::approval
