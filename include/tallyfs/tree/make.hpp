// Small makers of tree nodes that the directories share.
// Meaning of version and changed: include/tallyfs/tree/node.hpp.
#pragma once

#include <tallyfs/tree/node.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tallyfs::tree {

/// A hash of what makes up a version: stable within a run of the daemon.
template <class... Parts>
[[nodiscard]] std::uint64_t version_of(const Parts&... parts) {
    std::uint64_t hash = 14695981039346656037u;  // FNV-1a, over words
    const auto mix = [&hash](std::uint64_t word) { hash = (hash ^ word) * 1099511628211u; };
    (mix(static_cast<std::uint64_t>(parts)), ...);
    return hash;
}

[[nodiscard]] inline node text_node(std::uint64_t version, wall_time changed,
                                    std::function<std::string()> render) {
    return {text_file{version, std::move(render)}, changed};
}
[[nodiscard]] inline node directory_node(std::shared_ptr<const directory> directory,
                                         wall_time changed) {
    return {std::move(directory), changed};
}
[[nodiscard]] inline node link_node(std::string target, wall_time changed) {
    return {link{std::move(target)}, changed};
}
/// A text that comes with the program.
[[nodiscard]] node readme_node(std::string_view text);
[[nodiscard]] node readme_node(const std::shared_ptr<const std::string>& text);

/// A file whose bytes are cheap to make: they are made at each look-up, and it counts as changed
/// when they differ from the last ones.
class live_file {
  public:
    [[nodiscard]] tree::node node(std::string bytes, wall_time now);

  private:
    std::uint64_t version_ = 0;
    wall_time changed_{};
};

}  // namespace tallyfs::tree
