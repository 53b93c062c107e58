// Which inode a number or a key stands for, and how often the kernel holds it.
// Protocol: LOOKUP and FORGET, https://libfuse.github.io/doxygen/structfuse__lowlevel__ops.html.
#pragma once

#include "fuse/inode.hpp"

#include <span>
#include <unordered_map>

namespace tallyfs::fuse {

/// Any thread.
class inode_table {
  public:
    explicit inode_table(std::shared_ptr<const tree::directory> root);

    [[nodiscard]] const std::shared_ptr<inode>& root() const noexcept { return root_; }
    /// Null for a number that the kernel does not hold.
    [[nodiscard]] std::shared_ptr<inode> find(std::uint64_t number) const;
    /// The inode of this key if anyone still has it; null otherwise.
    [[nodiscard]] std::shared_ptr<inode> find_key(const std::string& key) const;
    /// The inode of this key; if there is none, a new one, which `fill` completes before anyone
    /// else sees it.
    [[nodiscard]] std::shared_ptr<inode> intern(const std::shared_ptr<inode>& parent,
                                                std::string_view name, const std::string& key,
                                                const std::function<void(inode&)>& fill);

    /// The kernel is about to be told of this inode once more.
    void remember(const std::shared_ptr<inode>& node);
    /// The kernel lets go of it, `count` times.
    void forget(std::uint64_t number, std::uint64_t count);
    /// How many inodes the kernel holds, and how many keys are stored.
    [[nodiscard]] std::size_t held() const;
    [[nodiscard]] std::size_t keys() const;

  private:
    void drop_unused_keys();

    mutable std::mutex mutex_;
    std::uint64_t next_number_;
    std::size_t drop_at_keys_;
    std::unordered_map<std::uint64_t, std::shared_ptr<inode>> held_;
    std::unordered_map<std::string, std::weak_ptr<inode>> by_key_;
    const std::shared_ptr<inode> root_;
};

/// "/usage" and "today.txt" make "/usage/today.txt".
[[nodiscard]] std::string path_below(const inode& parent, std::string_view name);
/// What tells the inodes of one path apart: see docs/fuse.md, "Numbers".
[[nodiscard]] std::string key_of(std::string path, const tree::content& content);

}  // namespace tallyfs::fuse
