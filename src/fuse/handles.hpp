// What an open file or directory reads from, until it is released.
// Protocol: OPEN, RELEASE and fuse_file_info::fh of libfuse.
#pragma once

#include "fuse/answers.hpp"
#include "fuse/renderings.hpp"

#include <shared_mutex>

namespace tallyfs::fuse {

/// One open. Pinned: what it reads does not change, but for a growing log's end.
struct handle {
    std::shared_ptr<inode> node;
    rendering bytes;                              ///< of a rendered file
    std::shared_ptr<const unique_fd> descriptor;  ///< of a log
    std::shared_ptr<const backing_file> backing;  ///< of a closed log that the kernel reads
    std::shared_ptr<const listing> listed;        ///< of a directory

    /// Parts of a text that is not complete yet: tree::text_file::is_part.
    mutable std::mutex parts_mutex;
    mutable std::string parts;
};

/// Any thread.
class handle_table {
  public:
    std::uint64_t add(std::shared_ptr<const handle> opened);
    /// Null for a number that is not open.
    [[nodiscard]] std::shared_ptr<const handle> find(std::uint64_t number) const;
    void remove(std::uint64_t number);
    void clear();
    [[nodiscard]] std::vector<std::shared_ptr<inode>> growing_logs() const;
    [[nodiscard]] std::size_t size() const;

  private:
    mutable std::shared_mutex mutex_;
    std::uint64_t last_ = 0;
    std::unordered_map<std::uint64_t, std::shared_ptr<const handle>> open_;
};

}  // namespace tallyfs::fuse
