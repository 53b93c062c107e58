#include <tallyfs/state/segments_directory.hpp>

namespace tallyfs::state {

std::vector<tree::named_node> segments_directory::list() const {
    std::vector<tree::named_node> entries;
    for (const auto& segment : lines_.segments()) {
        entries.push_back({segment.id.file_name(), node_of(segment)});
    }
    std::ranges::sort(entries, {}, &tree::named_node::name);
    return entries;
}

std::optional<tree::node> segments_directory::find(std::string_view name) const {
    const auto id = journal::segment_id::parse(name);
    if (!id) return std::nullopt;
    const auto segment = lines_.segment_from(*id);
    if (!segment || segment->id != *id) return std::nullopt;
    return node_of(*segment);
}

tree::node segments_directory::node_of(const journal::segment_status& segment) const {
    if (segment.closed) {
        return {tree::log_file{segment.path, [bytes = segment.bytes] { return bytes; }, true},
                segment.changed};
    }
    const auto bytes = [&lines = lines_, id = segment.id] {
        const auto end = lines.end();
        if (end.segment == id) return end.offset;
        const auto closed = lines.segment_from(id);  // since the look-up
        return closed && closed->id == id ? closed->bytes : std::uint64_t{0};
    };
    return {tree::log_file{segment.path, bytes, false}, segment.changed};
}

}  // namespace tallyfs::state
