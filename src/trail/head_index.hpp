// Which known contents begin as a file begins: one look-up for each length of a head.
// Meaning: docs/audit.md, "Following files" (copytruncate).
#pragma once

#include "trail/log_head.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyfs::trail {

/// Of contents that are numbered, each under the name that its copies are named after. Made anew
/// for each look: heads grow as files do. Not thread-safe.
class head_index {
  public:
    void add(std::uint64_t content, const std::string& base, const log_head& head) {
        auto& names = bases_[base];
        names.lengths.insert(head.bytes);
        names.contents[{head.bytes, head.digest}].push_back(content);
    }
    /// That it can be what is being copied: the one that has the base itself for its name, or else
    /// the one that was written last.
    void add_original(std::uint64_t content, const std::string& base, bool has_base_as_name,
                      std::int64_t modified_ns) {
        auto& names = bases_[base];
        const std::pair rank(has_base_as_name, modified_ns);
        if (names.original != 0 && rank < names.original_rank) return;
        names.original = content;
        names.original_rank = rank;
    }
    [[nodiscard]] bool has(const std::string& base) const { return bases_.contains(base); }
    /// Those whose whole head is at the beginning of `beginning`.
    [[nodiscard]] std::vector<std::uint64_t> at_beginning(const std::string& base,
                                                          std::string_view beginning) const {
        std::vector<std::uint64_t> found;
        const auto names = bases_.find(base);
        if (names == bases_.end()) return found;
        for (const auto bytes : names->second.lengths) {
            if (bytes > beginning.size()) break;
            const auto head = head_of(beginning.substr(0, bytes));
            const auto same = names->second.contents.find({bytes, head.digest});
            if (same == names->second.contents.end()) continue;
            found.insert(found.end(), same->second.begin(), same->second.end());
        }
        return found;
    }
    /// What is copied now is a copy of it. 0: none.
    [[nodiscard]] std::uint64_t original(const std::string& base) const {
        const auto names = bases_.find(base);
        return names == bases_.end() ? 0 : names->second.original;
    }

  private:
    struct same_base {
        std::set<std::uint64_t> lengths;
        std::map<std::pair<std::uint64_t, std::string>, std::vector<std::uint64_t>> contents;
        std::uint64_t original = 0;
        std::pair<bool, std::int64_t> original_rank;
    };
    std::map<std::string, same_base, std::less<>> bases_;
};

}  // namespace tallyfs::trail
