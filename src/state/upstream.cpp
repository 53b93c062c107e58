#include <tallyfs/state/upstream.hpp>

#include <utility>

namespace tallyfs::state {

void upstream_board::publish(std::shared_ptr<const upstream_status> status) {
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
}

std::shared_ptr<const upstream_status> upstream_board::current() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

}  // namespace tallyfs::state
