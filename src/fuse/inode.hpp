// What the kernel holds by number: one object for each directory, rendering, log and link that
// it knows. Which numbers mean what: docs/fuse.md, "Numbers".
#pragma once

#include <tallyfs/base/file.hpp>
#include <tallyfs/tree/node.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

namespace tallyfs::fuse {

class backing_file;

struct directory_content {
    std::shared_ptr<const tree::directory> directory;  ///< read and set on the view thread only
};

/// One rendering. Never changes: another version is another inode.
struct text_content {
    std::uint64_t version = 0;
    std::uint64_t bytes = 0;
    tree::write_command write = nullptr;  ///< null: read only
    bool (*is_part)(std::string_view text) = nullptr;
};

struct link_content {
    std::string target;
};

struct log_content {
    explicit log_content(const tree::log_file& file)
        : path(file.path), bytes(file.bytes), closed(file.closed) {}

    const std::filesystem::path path;
    const std::function<std::uint64_t()> bytes;
    const bool closed;
    /// The size that the kernel may be told. Moved by the publisher only, forwards only.
    std::atomic<std::uint64_t> published{0};

    /// How the file is open now: every open of an inode must be of the same kind.
    std::mutex open_mutex;
    std::weak_ptr<const unique_fd> open_descriptor;
    std::weak_ptr<const backing_file> open_backing;
};

/// Shared by the table, the open files and the answers under way. Immutable but for what says
/// otherwise.
struct inode {
    inode(std::uint64_t nodeid, std::string versioned_path, std::string whole_path,
          std::string last_name, std::shared_ptr<inode> above)
        : number(nodeid),
          key(std::move(versioned_path)),
          path(std::move(whole_path)),
          name(std::move(last_name)),
          parent(std::move(above)) {}

    const std::uint64_t number;  ///< the kernel's nodeid: never used for anything else again
    const std::string key;       ///< path and what tells its versions apart
    const std::string path;      ///< "/usage/today.txt"
    const std::string name;
    const std::shared_ptr<inode> parent;  ///< null for the root
    std::variant<std::monostate, directory_content, text_content, log_content, link_content>
        content;
    std::atomic<wall_time> changed{};
    tree::access access{};
    std::uint64_t lookups = 0;  ///< the kernel's references: guarded by inode_table

    [[nodiscard]] const text_content* writable() const noexcept {
        const auto* text = std::get_if<text_content>(&content);
        return text != nullptr && text->write != nullptr ? text : nullptr;
    }
    [[nodiscard]] const log_content* growing_log() const noexcept {
        const auto* log = std::get_if<log_content>(&content);
        return log != nullptr && !log->closed ? log : nullptr;
    }
};

}  // namespace tallyfs::fuse
