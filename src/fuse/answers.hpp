// What the view thread answered, for as long as it is right: until the next moment of the views.
// Rule: include/tallyfs/tree/view_thread.hpp, moment().
#pragma once

#include "fuse/inode.hpp"

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tallyfs::fuse {

/// A directory as it was when it was opened.
struct listing {
    struct entry {
        std::string name;
        std::shared_ptr<inode> node;  ///< null: another one for each user
    };
    std::shared_ptr<inode> directory;
    std::vector<entry> entries;
};

/// Any thread.
class answers {
  public:
    /// The inode of a name, null for a name that does not exist, nothing if it is not known.
    [[nodiscard]] std::optional<std::shared_ptr<inode>> find(std::uint64_t moment,
                                                             const inode& directory,
                                                             std::string_view name) const;
    [[nodiscard]] std::shared_ptr<const listing> find_listing(std::uint64_t moment,
                                                              const inode& directory) const;
    /// `moment` is what the views said before they were asked: what they answered is right from
    /// then on, whereas a moment read afterwards may count something that they had not seen.
    void add(std::uint64_t moment, const inode& directory, std::string_view name,
             std::shared_ptr<inode> node);
    void add(std::uint64_t moment, std::shared_ptr<const listing> listed);

  private:
    [[nodiscard]] bool turn_to(std::uint64_t moment);

    mutable std::mutex mutex_;
    std::uint64_t moment_ = 0;
    std::unordered_map<std::string, std::shared_ptr<inode>> nodes_;
    std::unordered_map<std::uint64_t, std::shared_ptr<const listing>> listings_;
};

}  // namespace tallyfs::fuse
