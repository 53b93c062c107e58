#include "journal/recent_ids.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/limits.hpp>

#include <algorithm>
#include <fcntl.h>

namespace tallyfs::journal {

namespace {

constexpr std::uint64_t block_bytes = std::uint64_t{4} << 20;
/// About half a million calls; reading them takes a quarter of a second.
constexpr std::uint64_t read_bytes_max = std::uint64_t{256} << 20;
constexpr std::size_t time_bytes = 27;
constexpr std::size_t id_bytes = 36;

/// The text behind `"name":"` in our own lines, which begin with v, time and id: the first
/// occurrence is the field, because a quote inside a value is escaped.
std::string_view field(std::string_view line, std::string_view key, std::size_t bytes) {
    const auto at = line.find(key);
    if (at == std::string_view::npos || line.size() - at - key.size() < bytes) return {};
    return line.substr(at + key.size(), bytes);
}

wall_time time_of(std::string_view line) {
    return parse_rfc3339(field(line, "\"time\":\"", time_bytes)).value_or(wall_time{});
}

/// Takes the ids of the lines in `text` and returns the time of the first of them.
wall_time take_lines(std::string_view text, recent_lines& into) {
    wall_time first{};
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) break;
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        into.ids.emplace(field(line, "\"id\":\"", id_bytes));
        const wall_time time = time_of(line);
        if (first == wall_time{}) first = time;
        into.newest = std::max(into.newest, time);
    }
    return first;
}

}  // namespace

result<recent_lines> read_recent_lines(const stream& calls, wall_time since) {
    recent_lines recent;
    const auto segments = calls.segments();
    std::uint64_t bytes_read = 0;
    wall_time oldest = wall_time::max();
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        std::uint64_t end = segment->bytes;
        if (end == 0) continue;
        auto file = open_file(segment->path, O_RDONLY);
        if (!file) return file.error();
        while (end > 0) {
            const bool enough = bytes_read >= block_bytes && oldest < since;
            if (enough || bytes_read >= read_bytes_max) return recent;
            const std::uint64_t begin = end - std::min(end, block_bytes);
            auto block = read_at(file->get(), begin, static_cast<std::size_t>(end - begin));
            if (!block) return block.error();
            std::string_view text = *block;
            // A line that begins in the block before is read whole with that one.
            const auto first_line = begin == 0 ? 0 : text.find('\n') + 1;
            oldest = take_lines(text.substr(first_line), recent);
            bytes_read += text.size();
            end = begin + first_line;
            if (first_line == text.size()) break;  // one endless line: not ours
        }
    }
    return recent;
}

}  // namespace tallyfs::journal
