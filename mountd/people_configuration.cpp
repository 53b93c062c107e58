#include "mountd/people_configuration.hpp"

#include "mountd/table_reader.hpp"

#include <tallyfs/approval/check.hpp>

#include <array>
#include <charconv>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>
#include <vector>

namespace tallyfs::mountd {

namespace {

constexpr std::size_t token_bytes_min = 16;

/// The uid of a name or a number; nullopt if the system has no such user.
std::optional<std::uint32_t> uid_of(const std::string& user) {
    std::uint32_t number = 0;
    const auto* const end = user.data() + user.size();
    const auto read = std::from_chars(user.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end) return number;
    std::array<char, 4096> buffer{};
    ::passwd entry{};
    ::passwd* found = nullptr;
    if (::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0) {
        return std::nullopt;
    }
    return found != nullptr ? std::optional<std::uint32_t>(entry.pw_uid) : std::nullopt;
}

/// The gid of a name or a number; nullopt if the system has no such group.
std::optional<std::uint32_t> gid_of(const std::string& group) {
    std::uint32_t number = 0;
    const auto* const end = group.data() + group.size();
    const auto read = std::from_chars(group.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end) return number;
    std::vector<char> buffer(std::size_t{1} << 20);  // all members' names
    ::group entry{};
    ::group* found = nullptr;
    if (::getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0) {
        return std::nullopt;
    }
    return found != nullptr ? std::optional<std::uint32_t>(entry.gr_gid) : std::nullopt;
}

wall_time time_of(table_reader& table, const char* key, const std::string& text) {
    const auto time = parse_rfc3339(text);
    if (!time) table.wrong(key, "must be a time such as \"2026-12-24T08:00:00+01:00\"");
    return *time;
}

approval::delegation read_delegation(table_reader& table) {
    approval::delegation made;
    std::string from;
    std::string until;
    table.take("to", made.to);
    table.take("from", from);
    table.take("until", until);
    table.take("reason", made.reason);
    table.require(made.to, "to");
    table.require(until, "until");
    if (!from.empty()) made.from = time_of(table, "from", from);
    made.until = time_of(table, "until", until);
    return made;
}

approval::person read_person(table_reader& table) {
    approval::person made;
    table.take("name", made.name);
    table.take("unix_user", made.unix_user);
    table.take_names("groups", made.groups);
    table.take("chat", made.chat);
    table.take("email", made.email);
    table.take("manager", made.manager);
    table.take_names("roles", made.roles);
    table.take_names("deputies", made.deputies);
    table.take_tables("delegations", [&](table_reader& inner) {
        made.delegations.push_back(read_delegation(inner));
    });
    table.require(made.name, "name");
    if (!made.unix_user.empty()) {
        made.uid = uid_of(made.unix_user);
        if (!made.uid) {
            table.wrong("unix_user",
                        "\"" + made.unix_user + "\" is no user of this system (getent passwd)");
        }
    }
    return made;
}

std::vector<approval::known_by> read_ways(table_reader& table) {
    std::vector<std::string> names;
    table.take_names("known_by", names);
    std::vector<approval::known_by> ways;
    for (const auto& name : names) {
        const auto way = approval::parse_known_by(name);
        if (!way) table.wrong("known_by", "holds \"" + name + "\": uid, token, sso, chat");
        ways.push_back(*way);
    }
    return ways;
}

approval::chain read_chain(table_reader& table) {
    approval::chain made;
    std::vector<std::string> steps;
    bool code = false;
    std::int64_t grace = made.grace_seconds.count();
    std::int64_t expires = made.expires_seconds.count();
    std::int64_t remind = made.remind_seconds.count();
    std::int64_t escalate = made.escalate_seconds.count();
    table.take("kind", made.kind);
    table.take("environment", made.environment);
    table.take_names("steps", steps);
    table.take("code_required", code);
    table.take("grace_seconds", grace);
    table.take("expires_seconds", expires);
    table.take("remind_seconds", remind);
    table.take("escalate_seconds", escalate);
    const auto ways = read_ways(table);
    if (!steps.empty()) made.steps.clear();
    for (const auto& role : steps) made.steps.push_back({role, ways, code});
    made.grace_seconds = std::chrono::seconds(grace);
    made.expires_seconds = std::chrono::seconds(expires);
    made.remind_seconds = std::chrono::seconds(remind);
    made.escalate_seconds = std::chrono::seconds(escalate);
    if (const auto problem = approval::problem_of(made); !problem.empty()) {
        table.wrong("steps", problem);
    }
    return made;
}

/// What stands directly below the mountpoint, other than its README.
constexpr std::array top_level_names{"actions",     "approvals",  "audit",   "calls",
                                     "control",     "databases",  "metrics", "notify",
                                     "status.json", "status.txt", "usage"};

void read_groups(table_reader& table, options& into) {
    for (const char* const name : top_level_names) {
        std::string group;
        table.take(name, group);
        if (group.empty()) continue;
        const auto gid = gid_of(group);
        if (!gid) {
            table.wrong(name, "\"" + group + "\" is no group of this system (getent group)");
        }
        into.groups.emplace(name, *gid);
    }
}

/// A chain that takes answers by chat only, where nobody gets a link for one.
void check_direct(const options& given, std::vector<std::string>& problems) {
    const bool direct = std::ranges::any_of(
        given.notify.targets, [](const auto& target) { return notify::is_direct(target.format); });
    for (const auto& chain : given.chains) {
        const bool chat_only = std::ranges::any_of(chain.steps, [](const approval::step& step) {
            return step.accepted == std::vector{approval::known_by::chat};
        });
        if (direct || !chat_only) continue;
        problems.push_back("the chain of kind " + chain.kind +
                           " takes answers by chat only, and no [[notify]] sends direct messages: "
                           "slack-direct or mattermost-direct");
    }
}

}  // namespace

void read_people(table_reader& reader, options& into) {
    reader.take_tables("people", [&](table_reader& table) {
        auto secret = read_secret(table, "token");
        into.people.push_back(read_person(table));
        if (secret.empty()) return;
        if (secret.size() < token_bytes_min) {
            table.wrong("token_file",
                        "holds a token of fewer than 16 characters, which can be guessed: "
                        "openssl rand -hex 16 > FILE");
        }
        into.tokens.push_back({into.people.back().name, std::move(secret)});
    });
    reader.take_tables("sign_on", [&](table_reader& table) {
        table.take("header", into.sign_on_header);
        table.take_names("from", into.sign_on_addresses);
        table.take("origin", into.sign_on_origin);
        table.require(into.sign_on_header, "header");
        if (into.sign_on_addresses.empty()) {
            table.wrong("from", "must list the addresses of the proxies whose header is believed");
        }
    });
    if (into.admin_people_only && into.tokens.empty() && into.sign_on_header.empty()) {
        throw startup_error(
            "admin_read = \"people\" lets nobody read: give one of [[people]] a token_file, or "
            "configure [sign_on]",
            2);
    }
    reader.take_tables("groups", [&](table_reader& table) { read_groups(table, into); });
    reader.take_tables("chains",
                       [&](table_reader& table) { into.chains.push_back(read_chain(table)); });
}

std::vector<std::string> check_people(const options& given) {
    std::vector<std::string> problems;
    if (!given.people.empty()) {
        problems = approval::check(approval::people(given.people), approval::chains(given.chains),
                                   !given.allow_other);
    }
    if (!given.groups.empty() && !given.allow_other) {
        problems.push_back("[groups] has no effect without allow_other: nobody else gets in");
    }
    check_direct(given, problems);
    return problems;
}

}  // namespace tallyfs::mountd
