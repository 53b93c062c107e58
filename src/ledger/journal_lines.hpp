// Lines of the journal as a view has read them: whether they are still there, and their text.
// Format: docs/formats.md, "Segments".
#pragma once

#include <tallyfs/journal/segment.hpp>
#include <tallyfs/ledger/ledger.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace tallyfs::ledger {

/// Whether lines that begin at `begin` are those that come behind `checkpoint`.
[[nodiscard]] bool is_next(const journal::position& checkpoint, const journal::position& begin);

/// Why the journal is not the one that was read up to `checkpoint`: its segment does not exist any
/// more, ends before it, cannot be read, or holds there another line than that of `bytes` bytes
/// which `is_last` knows. "" if the two agree.
[[nodiscard]] std::string find_disagreement(
    const journal::position& checkpoint, std::uint64_t bytes,
    const std::vector<journal::segment_status>& segments,
    const std::function<bool(std::string_view line)>& is_last);

/// The block's text; empty when its segment has been deleted or cut since. Errors: those of
/// reading.
[[nodiscard]] result<std::string> read_block(const place& block,
                                             const std::filesystem::path& directory);

}  // namespace tallyfs::ledger
