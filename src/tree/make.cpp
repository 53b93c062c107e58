#include <tallyfs/tree/make.hpp>

namespace tallyfs::tree {

namespace {

/// The texts change with the program only; a fixed date keeps rsync from sending them again
/// after each start.
constexpr wall_time texts_changed{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

std::uint64_t hash_of(std::string_view bytes) {
    return std::hash<std::string_view>()(bytes);
}

}  // namespace

node readme_node(std::string_view text) {
    return text_node(hash_of(text), texts_changed, [text] { return std::string(text); });
}

node readme_node(const std::shared_ptr<const std::string>& text) {
    return text_node(hash_of(*text), texts_changed, [text] { return *text; });
}

tree::node live_file::node(std::string bytes, wall_time now) {
    const auto version = hash_of(bytes);
    if (version != version_ || changed_ == wall_time{}) {
        version_ = version;
        changed_ = now;
    }
    return text_node(version, changed_, [bytes = std::move(bytes)] { return bytes; });
}

}  // namespace tallyfs::tree
