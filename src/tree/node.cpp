#include <tallyfs/tree/node.hpp>

#include <algorithm>

namespace tallyfs::tree {

std::optional<node> directory::find(std::string_view name) const {
    for (auto& entry : list()) {
        if (entry.name == name) return std::move(entry.node);
    }
    return std::nullopt;
}

namespace {

bool before(const std::pair<std::string, fixed_directory::maker>& entry, std::string_view name) {
    return entry.first < name;
}

}  // namespace

fixed_directory& fixed_directory::add(std::string name, maker make) {
    const auto place = std::lower_bound(entries_.begin(), entries_.end(), name, before);
    if (place == entries_.end() || place->first != name) {
        entries_.emplace(place, std::move(name), std::move(make));
    }
    return *this;
}

std::vector<named_node> fixed_directory::list() const {
    std::vector<named_node> nodes;
    nodes.reserve(entries_.size());
    for (const auto& [name, make] : entries_) nodes.push_back({name, make()});
    return nodes;
}

std::optional<node> fixed_directory::find(std::string_view name) const {
    const auto place = std::lower_bound(entries_.begin(), entries_.end(), name, before);
    if (place == entries_.end() || place->first != name) return std::nullopt;
    return place->second();
}

std::optional<node> resolve(const directory& root, std::string_view path) {
    // The root is the caller's: the pointer to it owns nothing.
    std::shared_ptr<const directory> here(std::shared_ptr<void>(), &root);
    std::optional<node> found = node{here, {}};
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string_view name = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        if (name.empty()) continue;
        if (here == nullptr) return std::nullopt;
        found = here->find(name);
        if (!found) return std::nullopt;
        const auto* inner = std::get_if<std::shared_ptr<const directory>>(&found->content);
        here = inner != nullptr ? *inner : nullptr;
    }
    return found;
}

}  // namespace tallyfs::tree
