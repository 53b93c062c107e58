#include <tallyfs/state/names.hpp>

namespace tallyfs::state {

void bounded_names::know(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (names_.size() < names_max_) names_.emplace(name);
}

bool bounded_names::enter(std::string_view name) {
    std::string own(name);
    const std::lock_guard lock(mutex_);
    if (names_.contains(own)) return true;
    if (names_.size() >= names_max_) return false;
    names_.insert(std::move(own));
    return true;
}

std::string bounded_names::admit(std::string_view name) {
    return std::string(enter(name) ? name : other_name);
}

}  // namespace tallyfs::state
