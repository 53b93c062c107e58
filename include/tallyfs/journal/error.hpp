// What can go wrong with a journal beyond the operating system's own errors.
// Format: docs/formats.md, "Segments".
#pragma once

#include <tallyfs/base/error.hpp>

namespace tallyfs::journal {

enum class journal_errc {
    /// A position is not at a line's end of its segment, or lies behind its last line: the journal
    /// is not the one that the position was taken from, or lost its end in a power cut that a
    /// view survived. Whoever holds the position starts again from the oldest line.
    position_unknown = 1,
};
[[nodiscard]] error_code make_error_code(journal_errc e) noexcept;

}  // namespace tallyfs::journal
