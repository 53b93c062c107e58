#include <tallyfs/state/names.hpp>

namespace tallyfs::state {

void bounded_names::know(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (names_.size() < names_max_) names_.emplace(name);
}

std::string bounded_names::admit(std::string_view name) {
    std::string own(name);
    const std::lock_guard lock(mutex_);
    if (names_.contains(own)) return own;
    if (names_.size() >= names_max_) return std::string(other_name);
    names_.insert(own);
    return own;
}

}  // namespace tallyfs::state
