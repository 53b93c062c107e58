#include "fuse/inode_table.hpp"

#include "fuse/low_level.hpp"

namespace tallyfs::fuse {

namespace {

/// Keys are swept when so many have been added since the last time: seldom enough to cost
/// nothing, often enough to keep the table small.
constexpr std::size_t keys_between_sweeps = 1024;

std::shared_ptr<inode> make_root(std::shared_ptr<const tree::directory> directory) {
    auto root = std::make_shared<inode>(FUSE_ROOT_ID, "/", "/", "", nullptr);
    root->content.emplace<directory_content>(std::move(directory));
    return root;
}

}  // namespace

inode_table::inode_table(std::shared_ptr<const tree::directory> root)
    : next_number_(FUSE_ROOT_ID + 1),
      drop_at_keys_(keys_between_sweeps),
      root_(make_root(std::move(root))) {}

std::shared_ptr<inode> inode_table::find(std::uint64_t number) const {
    if (number == FUSE_ROOT_ID) return root_;
    const std::lock_guard lock(mutex_);
    const auto place = held_.find(number);
    return place != held_.end() ? place->second : nullptr;
}

std::shared_ptr<inode> inode_table::find_key(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto place = by_key_.find(key);
    return place != by_key_.end() ? place->second.lock() : nullptr;
}

std::shared_ptr<inode> inode_table::intern(const std::shared_ptr<inode>& parent,
                                           std::string_view name, const std::string& key,
                                           const std::function<void(inode&)>& fill) {
    if (auto known = find_key(key)) return known;
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        number = next_number_++;
    }
    auto made =
        std::make_shared<inode>(number, key, path_below(*parent, name), std::string(name), parent);
    fill(*made);
    const std::lock_guard lock(mutex_);
    auto& place = by_key_[key];
    if (auto known = place.lock()) return known;
    place = made;
    drop_unused_keys();
    return made;
}

void inode_table::remember(const std::shared_ptr<inode>& node) {
    if (node->number == FUSE_ROOT_ID) return;
    const std::lock_guard lock(mutex_);
    if (node->lookups++ == 0) held_[node->number] = node;
}

void inode_table::forget(std::uint64_t number, std::uint64_t count) {
    std::shared_ptr<inode> last;  // outlives the lock: its end may take a while
    const std::lock_guard lock(mutex_);
    const auto place = held_.find(number);
    if (place == held_.end()) return;
    place->second->lookups -= std::min(count, place->second->lookups);
    if (place->second->lookups > 0) return;
    last = std::move(place->second);
    held_.erase(place);
}

std::size_t inode_table::held() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
}

std::size_t inode_table::keys() const {
    const std::lock_guard lock(mutex_);
    return by_key_.size();
}

void inode_table::drop_unused_keys() {
    if (by_key_.size() < drop_at_keys_) return;
    std::erase_if(by_key_, [](const auto& entry) { return entry.second.expired(); });
    drop_at_keys_ = 2 * by_key_.size() + keys_between_sweeps;
}

std::string path_below(const inode& parent, std::string_view name) {
    std::string path = parent.parent == nullptr ? std::string() : parent.path;
    path += '/';
    path += name;
    return path;
}

namespace {

struct key_suffix {
    std::string operator()(const std::shared_ptr<const tree::directory>&) const { return "d"; }
    std::string operator()(const tree::text_file& text) const {
        return "t" + std::to_string(text.version);
    }
    std::string operator()(const tree::log_file& log) const {
        return (log.closed ? "c" : "o") + log.path.native();
    }
    std::string operator()(const tree::link& link) const { return "l" + link.target; }
    std::string operator()(const tree::personal&) const { return "p"; }  // never an inode itself
};

}  // namespace

std::string key_of(std::string path, const tree::content& content) {
    path += '\0';  // in no name
    path += std::visit(key_suffix{}, content);
    return path;
}

}  // namespace tallyfs::fuse
