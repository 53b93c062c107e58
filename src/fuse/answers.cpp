#include "fuse/answers.hpp"

namespace tallyfs::fuse {

namespace {

/// More names than a `find` over the whole tree meets within one moment.
constexpr std::size_t names_max = 20'000;
constexpr std::size_t listings_max = 1'000;

std::string key_of_name(const inode& directory, std::string_view name) {
    std::string key = std::to_string(directory.number);
    key += '/';
    key += name;
    return key;
}

}  // namespace

std::optional<std::shared_ptr<inode>> answers::find(std::uint64_t moment, const inode& directory,
                                                    std::string_view name) const {
    const std::lock_guard lock(mutex_);
    if (moment != moment_) return std::nullopt;
    const auto place = nodes_.find(key_of_name(directory, name));
    return place != nodes_.end() ? std::optional(place->second) : std::nullopt;
}

std::shared_ptr<const listing> answers::find_listing(std::uint64_t moment,
                                                     const inode& directory) const {
    const std::lock_guard lock(mutex_);
    if (moment != moment_) return nullptr;
    const auto place = listings_.find(directory.number);
    return place != listings_.end() ? place->second : nullptr;
}

void answers::add(std::uint64_t moment, const inode& directory, std::string_view name,
                  std::shared_ptr<inode> node) {
    const std::lock_guard lock(mutex_);
    if (!turn_to(moment) || nodes_.size() >= names_max) return;
    nodes_[key_of_name(directory, name)] = std::move(node);
}

void answers::add(std::uint64_t moment, std::shared_ptr<const listing> listed) {
    const std::lock_guard lock(mutex_);
    if (!turn_to(moment)) return;
    for (const auto& entry : listed->entries) {
        if (nodes_.size() >= names_max) break;
        if (entry.node == nullptr) continue;  // another one for each user
        nodes_[key_of_name(*listed->directory, entry.name)] = entry.node;
    }
    if (listings_.size() < listings_max) listings_[listed->directory->number] = listed;
}

bool answers::turn_to(std::uint64_t moment) {
    if (moment < moment_) return false;
    if (moment > moment_) {
        nodes_.clear();
        listings_.clear();
        moment_ = moment;
    }
    return true;
}

}  // namespace tallyfs::fuse
