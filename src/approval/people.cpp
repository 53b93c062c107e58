#include "approval/wording.hpp"

#include <tallyfs/approval/people.hpp>
#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::approval {

namespace {

/// Of a person or a principal: that of a label (base/limits.hpp).
constexpr std::size_t name_bytes_max = limits::label_bytes_max;

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

template <class Matches>
const person* first(const std::vector<person>& list, Matches matches) {
    const auto found = std::ranges::find_if(list, matches);
    return found == list.end() ? nullptr : &*found;
}

/// 1000 of "uid:1000", the principal of a call from this machine.
std::optional<std::uint32_t> uid_of_principal(std::string_view principal) {
    constexpr std::string_view prefix = "uid:";
    if (!principal.starts_with(prefix)) return std::nullopt;
    principal.remove_prefix(prefix.size());
    std::uint32_t uid = 0;
    const char* const last = principal.data() + principal.size();
    const auto [end, error] = std::from_chars(principal.data(), last, uid);
    if (error != std::errc() || end != last) return std::nullopt;
    return uid;
}

}  // namespace

const person* people::by_name(std::string_view name) const noexcept {
    return first(list_, [&](const person& p) { return !name.empty() && p.name == name; });
}

const person* people::by_uid(std::uint32_t uid) const noexcept {
    return first(list_, [&](const person& p) { return p.uid == uid; });
}

const person* people::by_chat(std::string_view chat) const noexcept {
    return first(list_, [&](const person& p) { return !chat.empty() && p.chat == chat; });
}

identity people::resolve(identity who) const {
    if (who.how == known_by::policy && !who.uid) who.uid = uid_of_principal(who.person);
    const person* const known = who.uid ? by_uid(*who.uid) : nullptr;
    switch (who.how) {
        case known_by::uid:
            // A name is a claim; the uid is what the kernel says.
            who.person = known != nullptr ? known->name
                         : who.uid        ? "uid:" + std::to_string(*who.uid)
                                          : std::string("nobody");
            break;
        case known_by::policy:
            // A person's refused call is that person's request, also where a policy asks.
            if (known != nullptr) who.person = known->name;
            if (who.person.empty()) {
                who.person = who.uid ? "uid:" + std::to_string(*who.uid) : std::string("policy");
            }
            break;
        case known_by::daemon:
            if (who.person.empty()) who.person = "daemon";
            break;
        case known_by::token:
        case known_by::sso:
        case known_by::chat:
            // The prefix keeps a stranger's name apart from every person's and principal's.
            if (by_name(who.person) == nullptr) {
                who.person = std::string(to_string(who.how)) + ":" + who.person;
            }
            break;
    }
    // A principal or a sign-on can hold anything: it is stored and shown on one line.
    who.person = clip_utf8(cleaned(clip_utf8(who.person, name_bytes_max)), name_bytes_max);
    std::ranges::replace(who.person, '\n', ' ');
    return who;
}

const person* people::person_of(const identity& resolved) const noexcept {
    const bool machine = resolved.how == known_by::daemon || resolved.how == known_by::policy;
    return machine ? nullptr : by_name(resolved.person);
}

std::vector<const person*> people::holders(std::string_view role,
                                           std::string_view requester) const {
    std::vector<const person*> found;
    if (role == manager_role) {
        const person* const asking = by_name(requester);
        const person* const manager = asking == nullptr ? nullptr : by_name(asking->manager);
        if (manager != nullptr) found.push_back(manager);
        return found;
    }
    for (const auto& p : list_) {
        if (contains(p.roles, role)) found.push_back(&p);
    }
    return found;
}

std::vector<capacity> people::capacities(std::string_view name, std::string_view role, wall_time at,
                                         std::string_view requester) const {
    std::vector<capacity> found;
    // Only people of the configuration can stand for others.
    if (by_name(name) == nullptr) return found;
    for (const person* const holder : holders(role, requester)) {
        if (holder->name == name) {
            found.insert(found.begin(), capacity{});
            continue;
        }
        const bool delegated = std::ranges::any_of(holder->delegations, [&](const delegation& d) {
            return d.to == name && d.from <= at && at < d.until;
        });
        if (contains(holder->deputies, name)) {
            found.push_back({way::deputy, holder->name, {}});
        } else if (delegated) {
            found.push_back({way::delegation, holder->name, {}});
        }
    }
    return found;
}

}  // namespace tallyfs::approval
