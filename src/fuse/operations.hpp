// The requests of the kernel, one function each. Where each may wait: docs/fuse.md, "Parking".
// Protocol: https://libfuse.github.io/doxygen/structfuse__lowlevel__ops.html.
#pragma once

#include "fuse/context.hpp"

namespace tallyfs::fuse {

/// The table that libfuse calls. Every function catches what is thrown below it.
[[nodiscard]] const fuse_lowlevel_ops& operations() noexcept;

// look_up.cpp: the view thread answers unless the answer is known for this moment.
void look_up(context& served, fuse_req_t request, fuse_ino_t parent, const char* name);
void get_attributes(context& served, fuse_req_t request, fuse_ino_t number, fuse_file_info* file);
void read_link(context& served, fuse_req_t request, fuse_ino_t number);
void forget(context& served, fuse_req_t request, fuse_ino_t number, std::uint64_t count);
void forget_many(context& served, fuse_req_t request, std::size_t count, fuse_forget_data* list);

// open_read.cpp
void open(context& served, fuse_req_t request, fuse_ino_t number, fuse_file_info* file);
void read(context& served, fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset,
          fuse_file_info* file);
void release(context& served, fuse_req_t request, fuse_ino_t number, fuse_file_info* file);

// commands.cpp: what changes something is done by who owns it, and answered when it is done.
void write(context& served, fuse_req_t request, fuse_ino_t number, const char* bytes,
           std::size_t size, off_t offset, fuse_file_info* file);
void flush(context& served, fuse_req_t request, fuse_ino_t number, fuse_file_info* file);
void create(context& served, fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode,
            fuse_file_info* file);
void unlink(context& served, fuse_req_t request, fuse_ino_t parent, const char* name);
void set_attributes(context& served, fuse_req_t request, fuse_ino_t number, struct stat* wanted,
                    int which, fuse_file_info* file);

// directories.cpp
void open_directory(context& served, fuse_req_t request, fuse_ino_t number, fuse_file_info* file);
void read_directory(context& served, fuse_req_t request, fuse_ino_t number, std::size_t size,
                    off_t offset, fuse_file_info* file);
void read_directory_plus(context& served, fuse_req_t request, fuse_ino_t number, std::size_t size,
                         off_t offset, fuse_file_info* file);

/// On the view thread: the inode of a node that was found as `name` in `parent`. A rendering
/// whose size is not known is rendered here, so that its size is exact before anyone sees it.
[[nodiscard]] std::shared_ptr<inode> inode_of_node(context& served,
                                                   const std::shared_ptr<inode>& parent,
                                                   std::string_view name, const tree::node& node);
/// What of the node has to be rendered apart before inode_of_node() is called; nothing for most.
[[nodiscard]] std::optional<slow_text> slow_text_of(context& served, const inode& parent,
                                                    std::string_view name, const tree::node& node);
/// On the view thread: the directory of an inode; null if it is none.
[[nodiscard]] const tree::directory* directory_of(const inode& node) noexcept;

}  // namespace tallyfs::fuse
