// The one table from what goes wrong in here to the errno that a program sees.
// Values: errno(3).
#pragma once

#include <tallyfs/base/error.hpp>

namespace tallyfs::fuse {

/// For a failure to read a file of the journal: nothing of the inside is shown but that.
[[nodiscard]] int errno_of(const error_code& error) noexcept;
/// For a command that was refused or failed: what tree::answer was called with.
[[nodiscard]] int errno_of_command(const error_code& error) noexcept;
/// Within a catch block: logs the exception with what was being done, and says what to answer.
[[nodiscard]] int error_of_exception(const char* doing) noexcept;

}  // namespace tallyfs::fuse
