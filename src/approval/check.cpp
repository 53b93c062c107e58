#include "approval/wording.hpp"

#include <tallyfs/approval/check.hpp>
#include <tallyfs/base/nearest.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace tallyfs::approval {

namespace {

using problems = std::vector<std::string>;

std::vector<std::string> names_of(const people& who) {
    std::vector<std::string> names;
    for (const auto& p : who.list()) names.push_back(p.name);
    return names;
}

void check_name(const person& p, problems& found) {
    const bool plain = !p.name.empty() && p.name.size() <= 64 && cleaned(p.name) == p.name &&
                       trimmed(p.name) == p.name &&
                       p.name.find_first_of(":/,\n\t") == std::string::npos;
    if (plain) return;
    found.push_back("the name \"" + cleaned(p.name.substr(0, 64)) +
                    "\" is not accepted: 1 to 64 characters, without ':', '/' and ','");
}

template <class Value>
void note(std::map<Value, std::string>& seen, const Value& value, const std::string& label,
          const std::string& name, problems& found) {
    const auto [at, fresh] = seen.emplace(value, name);
    if (!fresh) found.push_back(label + " belongs to " + at->second + " and to " + name);
}

void check_unique(const people& who, problems& found) {
    std::map<std::string, std::string> names;
    std::map<std::uint32_t, std::string> uids;
    std::map<std::string, std::string> chats;
    for (const auto& p : who.list()) {
        if (!names.emplace(p.name, p.name).second) {
            found.push_back("two people are called " + p.name);
        }
        if (p.uid) note(uids, *p.uid, "uid " + std::to_string(*p.uid), p.name, found);
        if (!p.chat.empty()) note(chats, p.chat, "the chat id " + p.chat, p.name, found);
    }
}

void check_links(const people& who, problems& found) {
    const auto names = names_of(who);
    const auto unknown = [&](const person& p, const std::string& label, const std::string& name) {
        if (name == p.name) {
            found.push_back(p.name + " is named as the own " + label);
        } else if (who.by_name(name) == nullptr) {
            found.push_back("the " + label + " of " + p.name + ", " + name +
                            ", is not among the people" + did_you_mean(name, names));
        }
    };
    for (const auto& p : who.list()) {
        if (!p.manager.empty()) unknown(p, "manager", p.manager);
        for (const auto& name : p.deputies) unknown(p, "deputy", name);
        for (const auto& d : p.delegations) {
            unknown(p, "delegate", d.to);
            if (d.until <= d.from) {
                found.push_back("the delegation of " + p.name + " to " + d.to +
                                " ends before it begins");
            }
        }
        if (std::ranges::find(p.roles, manager_role) != p.roles.end()) {
            found.push_back(p.name +
                            " has the role manager, which cannot be given: it means the "
                            "requester's own manager");
        }
    }
}

/// A circle is told once, by the name in it that stands first in the configuration.
void check_cycles(const people& who, problems& found) {
    std::set<std::string> told;
    for (const auto& p : who.list()) {
        std::string path = p.name;
        const person* at = who.by_name(p.manager);
        for (std::size_t i = 0; at != nullptr && i < who.list().size(); ++i) {
            path += ", " + at->name;
            if (at->name == p.name) {
                if (p.manager != p.name && !told.contains(p.name)) {
                    found.push_back("managers go round in a circle: " + path);
                }
                for (const person* in = who.by_name(p.manager); told.insert(in->name).second;) {
                    in = who.by_name(in->manager);
                }
                break;
            }
            at = who.by_name(at->manager);
        }
    }
}

/// Which people could take a step, whoever asks.
std::vector<std::size_t> candidates(const people& who, const std::string& role) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < who.list().size(); ++i) {
        const auto& p = who.list()[i];
        const bool holds = std::ranges::find(p.roles, role) != p.roles.end();
        const bool manages = std::ranges::any_of(
            who.list(), [&](const person& other) { return other.manager == p.name; });
        if (role == manager_role ? manages : holds) found.push_back(i);
    }
    return found;
}

/// Finds a person for `step`, moving earlier steps to others where that makes room.
bool assign(std::size_t step, const std::vector<std::vector<std::size_t>>& able,
            std::map<std::size_t, std::size_t>& taken, std::set<std::size_t>& tried) {
    for (const auto one : able[step]) {
        if (!tried.insert(one).second) continue;
        const auto other = taken.find(one);
        if (other == taken.end() || assign(other->second, able, taken, tried)) {
            taken[one] = step;
            return true;
        }
    }
    return false;
}

void check_people_of(const chain& c, const std::string& name, const people& who, problems& found) {
    std::set<std::string> all_roles;
    for (const auto& p : who.list()) all_roles.insert(p.roles.begin(), p.roles.end());
    const std::vector<std::string> known(all_roles.begin(), all_roles.end());
    std::vector<std::vector<std::size_t>> able;
    bool complete = true;
    for (const auto& s : c.steps) {
        able.push_back(candidates(who, s.role));
        if (!able.back().empty()) continue;
        complete = false;
        found.push_back(name + " needs the role " + s.role + ", which nobody holds" +
                        (s.role == manager_role ? std::string(": no person has a manager")
                                                : did_you_mean(s.role, known)));
    }
    std::map<std::size_t, std::size_t> taken;
    for (std::size_t step = 0; complete && step < able.size(); ++step) {
        std::set<std::size_t> tried;
        if (assign(step, able, taken, tried)) continue;
        found.push_back(name + " has " + std::to_string(c.steps.size()) +
                        " steps, but too few different people hold their roles: one person takes "
                        "one step");
        break;
    }
}

/// Who could answer a step only in the chat, and has no id there.
void check_chat(const chain& c, const std::string& name, const people& who, problems& found) {
    for (const auto& s : c.steps) {
        if (s.accepted != std::vector{known_by::chat}) continue;
        for (const auto at : candidates(who, s.role)) {
            const auto& p = who.list()[at];
            if (!p.chat.empty()) continue;
            found.push_back(name + " takes answers by chat only, and " + p.name + ", who holds " +
                            s.role + ", has no chat id there");
        }
    }
}

void check_chain(const chain& c, const people& who, bool only_one_uid, problems& found) {
    const auto name = "the chain of kind " + c.kind + ", environment " + c.environment + ",";
    if (const auto wrong = problem_of(c); !wrong.empty()) {
        found.push_back(name + " " + wrong);
        return;
    }
    check_people_of(c, name, who, found);
    check_chat(c, name, who, found);
    const auto by_uid_only = std::ranges::count_if(
        c.steps, [](const step& s) { return s.accepted == std::vector{known_by::uid}; });
    if (only_one_uid && c.steps.size() > 1) {
        found.push_back(name +
                        (by_uid_only > 1
                             ? std::string(" can never be completed: two steps count uids "
                                           "only, and there is one")
                             : std::string(" has several steps, but only one uid reaches "
                                           "the mount: the others need tokens over HTTP")) +
                        " (or start with --allow-other)");
    }
}

}  // namespace

std::vector<std::string> check(const people& who, const chains& configured, bool only_one_uid) {
    problems found;
    for (const auto& p : who.list()) check_name(p, found);
    check_unique(who, found);
    check_links(who, found);
    check_cycles(who, found);
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& c : configured.list()) {
        if (!seen.emplace(c.kind, c.environment).second) {
            found.push_back("there are two chains of kind " + c.kind + ", environment " +
                            c.environment + ": keep one");
        }
        check_chain(c, who, only_one_uid, found);
    }
    return found;
}

}  // namespace tallyfs::approval
