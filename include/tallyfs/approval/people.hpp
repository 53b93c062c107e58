// Who is who: people, their roles, managers, deputies and delegations, as configured once.
// Format: docs/approvals.md, "People".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::approval {

/// How it is known who someone is. `daemon` and `policy` are no people: they may open requests.
enum class known_by : std::uint8_t { uid, token, sso, chat, daemon, policy };
[[nodiscard]] std::string_view to_string(known_by value) noexcept;
[[nodiscard]] std::optional<known_by> parse_known_by(std::string_view text) noexcept;

/// Who does something, as the caller knows it: the uid that the kernel reports, or the person to
/// whom a token, a sign-on or a chat id belongs. Never what a text claims.
struct identity {
    std::string person;  ///< ignored where `how` is uid; a principal's name where it is policy
    std::optional<std::uint32_t> uid;
    known_by how = known_by::uid;

    bool operator==(const identity&) const = default;
};

/// One stands for another for a while: `from` <= now < `until`.
struct delegation {
    std::string to;
    wall_time from{};
    wall_time until{};
    std::string reason;

    bool operator==(const delegation&) const = default;
};

struct person {
    std::string name;
    std::optional<std::uint32_t> uid;
    std::string unix_user;
    std::vector<std::string> groups;
    std::string chat;  ///< id in the company's chat; empty: none
    std::string email;
    std::string manager;  ///< name of a person; empty: none
    std::vector<std::string> roles;
    std::vector<std::string> deputies;    ///< people who may always decide for this one
    std::vector<delegation> delegations;  ///< people who may do so for a while

    bool operator==(const person&) const = default;
};

/// Why somebody may decide a step.
enum class way : std::uint8_t {
    own,         ///< holds the role
    deputy,      ///< of one who holds it
    delegation,  ///< from one who holds it, for a while
    handed,      ///< this step was handed over, with a reason
    escalation,  ///< manager of one who holds it and did not answer in time
};
[[nodiscard]] std::string_view to_string(way value) noexcept;

/// One of the ways in which a person can decide.
struct capacity {
    approval::way way = approval::way::own;
    std::string for_whom;  ///< for whom they stand; empty in their own right
    std::string through;   ///< who handed the step over, or did not answer in time; else empty

    bool operator==(const capacity&) const = default;
};

/// The role that means the requester's own manager; nobody can be given it.
inline constexpr std::string_view manager_role = "manager";

/// The configured people. Immutable; any thread.
class people {
  public:
    people() = default;
    explicit people(std::vector<person> list) : list_(std::move(list)) {}

    [[nodiscard]] const std::vector<person>& list() const noexcept { return list_; }
    [[nodiscard]] const person* by_name(std::string_view name) const noexcept;
    [[nodiscard]] const person* by_uid(std::uint32_t uid) const noexcept;
    [[nodiscard]] const person* by_chat(std::string_view chat) const noexcept;

    /// The same identity with the name under which it is recorded: the configured person, or
    /// "uid:1234" for a uid that is nobody's.
    [[nodiscard]] identity resolve(identity who) const;
    /// The person behind a resolved identity; null for a nobody, the daemon and policies.
    [[nodiscard]] const person* person_of(const identity& resolved) const noexcept;

    /// Who has `role` in their own right, for a request of `requester` (a resolved name).
    [[nodiscard]] std::vector<const person*> holders(std::string_view role,
                                                     std::string_view requester) const;
    /// Every way in which `name` has `role` at a time; the own right comes first. A deputy's
    /// deputy has none.
    [[nodiscard]] std::vector<capacity> capacities(std::string_view name, std::string_view role,
                                                   wall_time at, std::string_view requester) const;
    [[nodiscard]] bool holds(std::string_view name, std::string_view role, wall_time at,
                             std::string_view requester) const {
        return !capacities(name, role, at, requester).empty();
    }

  private:
    std::vector<person> list_;
};

}  // namespace tallyfs::approval
