// What stat() shows, and for how long the kernel may believe it: docs/fuse.md, "Attributes".
// Protocol: struct fuse_entry_param of libfuse.
#pragma once

#include "fuse/inode.hpp"
#include "fuse/low_level.hpp"

namespace tallyfs::fuse {

struct context;

[[nodiscard]] struct stat status_of(const context& served, const inode& node);
[[nodiscard]] double attribute_seconds(const inode& node) noexcept;
[[nodiscard]] double entry_seconds(const inode& node) noexcept;
[[nodiscard]] fuse_entry_param entry_parameters(const context& served, const inode& node);

/// When the file behind a log was last written; `otherwise` if that cannot be known.
[[nodiscard]] wall_time changed_on_disk(const log_content& log, wall_time otherwise) noexcept;

}  // namespace tallyfs::fuse
