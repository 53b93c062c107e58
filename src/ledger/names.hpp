// Names and groups as small numbers: what rows of the ledger hold in their place.
// Format: docs/formats.md, "Ledger", tables names and groups.
#pragma once

#include <tallyfs/ledger/ledger.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tallyfs::ledger {

enum class name_kind : std::uint8_t { service, task, model, endpoint };

using name_id = std::uint32_t;
using group_id = std::uint32_t;

struct group_names {
    name_id service = 0;
    name_id task = 0;
    name_id model = 0;
    name_id endpoint = 0;
};

/// Numbers are given in order of first appearance, so they are the same after a rebuild. Not
/// thread-safe.
class name_table {
  public:
    struct name {
        name_kind kind = name_kind::service;
        std::string text;
    };
    struct size {
        std::size_t names = 0;
        std::size_t groups = 0;
    };

    /// The group of a call; new names and groups are entered.
    [[nodiscard]] group_id enter(const record::call& c);
    [[nodiscard]] group_id enter(const group& of);
    /// As read from the file, in order of their numbers.
    void add_name(name_kind kind, std::string_view text);
    /// False if a number is not one of a name that has been added.
    [[nodiscard]] bool add_group(const group_names& ids);
    /// Forgets what was entered after the table had this size.
    void shrink_to(const size& before);

    [[nodiscard]] name_table::size count() const noexcept {
        return {names_.size(), groups_.size()};
    }
    [[nodiscard]] const name& at(name_id id) const { return names_[id]; }
    [[nodiscard]] const group_names& names_of(group_id id) const { return groups_[id]; }
    [[nodiscard]] group group_of(group_id id) const;
    /// The same into `to`, whose memory is used again.
    void assign_group(group& to, group_id id) const;
    /// The number of a name, if there is such a name.
    [[nodiscard]] std::optional<name_id> find(name_kind kind, std::string_view text) const;
    /// For each group its place when groups are sorted by their names.
    [[nodiscard]] std::vector<std::uint32_t> ranks() const;

  private:
    [[nodiscard]] group_id enter(std::string_view service, std::string_view task,
                                 std::string_view model, std::string_view endpoint);
    [[nodiscard]] name_id enter(name_kind kind, std::string_view text);

    std::vector<name> names_;
    std::vector<group_names> groups_;
    std::unordered_map<std::string, name_id> name_ids_;    ///< by kind and text
    std::unordered_map<std::string, group_id> group_ids_;  ///< by the four texts
    std::string key_;  ///< kept for its memory: one look-up for each line
};

}  // namespace tallyfs::ledger
