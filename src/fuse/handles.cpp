#include "fuse/handles.hpp"

namespace tallyfs::fuse {

std::uint64_t handle_table::add(std::shared_ptr<const handle> opened) {
    const std::unique_lock lock(mutex_);
    open_.emplace(++last_, std::move(opened));
    return last_;
}

std::shared_ptr<const handle> handle_table::find(std::uint64_t number) const {
    const std::shared_lock lock(mutex_);
    const auto place = open_.find(number);
    return place != open_.end() ? place->second : nullptr;
}

void handle_table::remove(std::uint64_t number) {
    std::shared_ptr<const handle> last;  // outlives the lock: closing a file may take a while
    const std::unique_lock lock(mutex_);
    const auto place = open_.find(number);
    if (place == open_.end()) return;
    last = std::move(place->second);
    open_.erase(place);
}

void handle_table::clear() {
    std::unordered_map<std::uint64_t, std::shared_ptr<const handle>> all;
    const std::unique_lock lock(mutex_);
    all.swap(open_);
}

std::vector<std::shared_ptr<inode>> handle_table::growing_logs() const {
    std::vector<std::shared_ptr<inode>> logs;
    const std::shared_lock lock(mutex_);
    for (const auto& [number, opened] : open_) {
        if (opened->node->growing_log() != nullptr) logs.push_back(opened->node);
    }
    return logs;
}

std::size_t handle_table::size() const {
    const std::shared_lock lock(mutex_);
    return open_.size();
}

}  // namespace tallyfs::fuse
