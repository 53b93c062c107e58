#include "fuse/renderings.hpp"

namespace tallyfs::fuse {

namespace {

/// Two years of days in three formats and ten files for each of 1,000 services, so that a second
/// backup renders nothing. About 5 MB.
constexpr std::size_t sizes_max = 20'000;
/// What an entry takes besides its bytes and its key: the nodes of a list and of a map.
constexpr std::size_t entry_bytes = 256;

}  // namespace

renderings::renderings(std::size_t bytes_max) : bytes_(bytes_max), sizes_(sizes_max) {}

rendering renderings::find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const rendering* found = bytes_.find(key);
    return found != nullptr ? *found : nullptr;
}

std::optional<std::uint64_t> renderings::size_of(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t* found = sizes_.find(key);
    return found != nullptr ? std::optional(*found) : std::nullopt;
}

rendering renderings::make(const std::string& key, const tree::text_file& text) {
    auto made = std::make_shared<const std::string>(text.render());
    const std::lock_guard lock(mutex_);
    bytes_.add(key, made, made->size() + key.size() + entry_bytes);
    sizes_.add(key, made->size(), 1);
    return made;
}

void renderings::drop(const std::string& key) {
    const std::lock_guard lock(mutex_);
    bytes_.erase(key);
    sizes_.erase(key);
}

std::size_t renderings::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_.weight();
}

}  // namespace tallyfs::fuse
