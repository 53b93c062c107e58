#include "ledger/journal_lines.hpp"
#include "ledger/queries.hpp"

namespace tallyfs::ledger {

namespace {

/// The line of `id` in a block's text. Lines are written with the id in lower case; that it
/// stands where an id stands, and not in a name that a caller chose, only reading tells.
std::optional<std::pair<std::size_t, std::size_t>> find_in(std::string_view text, const uuid& id) {
    const std::string digits = id.to_string();
    for (std::size_t at = text.find(digits); at != std::string_view::npos;
         at = text.find(digits, at + 1)) {
        const auto before = text.rfind('\n', at);
        const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
        const auto newline = text.find('\n', at);
        if (newline == std::string_view::npos) break;
        const auto line = text.substr(begin, newline + 1 - begin);
        const auto parsed = record::parse_call(line);
        if (parsed && parsed->id == id) return std::pair(begin, line.size());
    }
    return std::nullopt;
}

/// An id is ordered by its call's start and lines by their call's end, so that blocks overlap.
std::vector<place> candidate_blocks(database& owner, const standing& now, const uuid& id) {
    const auto prefix = id_prefix(id);
    statement read(owner,
                   "SELECT part, offset, bytes FROM blocks "
                   "WHERE day=?1 AND min_id<=?2 AND max_id>=?2 ORDER BY part, offset");
    std::vector<place> blocks;
    for (const auto& [date, known] : now.days) {
        if (!known.ids.holds(prefix)) continue;
        read.bind(date.number(), prefix);
        while (read.step()) {
            blocks.push_back({{date, read.integer_as<unsigned>(0)},
                              read.integer_as<std::uint64_t>(1),
                              read.integer_as<std::uint64_t>(2)});
        }
    }
    return blocks;
}

}  // namespace

result<std::optional<place>> find_line(database& owner, const standing& now, const uuid& id,
                                       const std::filesystem::path& directory) {
    const auto blocks = candidate_blocks(owner, now, id);
    if (const auto failure = owner.take_failure()) return failure;
    for (const auto& block : blocks) {
        const auto text = read_block(block, directory);
        if (!text) return text.error();
        if (const auto line = find_in(*text, id)) {
            return std::optional(place{block.segment, block.offset + line->first, line->second});
        }
    }
    return std::optional<place>();
}

}  // namespace tallyfs::ledger
