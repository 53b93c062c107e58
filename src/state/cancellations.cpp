#include <tallyfs/state/cancellations.hpp>

namespace tallyfs::state {

namespace {

/// A call that ended by itself is never taken: what was asked for then is forgotten in time.
constexpr std::size_t requests_max = 1000;

}  // namespace

void cancellations::request(const uuid& id, std::string by) {
    {
        const std::lock_guard lock(mutex_);
        // Ids begin with their time: the first is the oldest call.
        if (wanted_.size() >= requests_max) wanted_.erase(wanted_.begin());
        wanted_[id] = std::move(by);
    }
    ++version_;
}

std::optional<std::string> cancellations::take(const uuid& id) {
    const std::lock_guard lock(mutex_);
    const auto node = wanted_.extract(id);
    return node.empty() ? std::nullopt : std::optional(std::move(node.mapped()));
}

}  // namespace tallyfs::state
