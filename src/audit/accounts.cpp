#include "audit/words.hpp"

#include <tallyfs/audit/accounts.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/base/wildcard.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::audit {

namespace {

constexpr std::size_t names_max = 1'000;  // each event of an unknown user is compared with all
constexpr std::size_t name_bytes_max = 255;

bool has(const std::vector<std::string>& sorted, std::string_view name) {
    return std::ranges::binary_search(sorted, name);
}

bool matches_one(const std::vector<std::string>& patterns, std::string_view name) {
    return std::ranges::any_of(patterns, [&](const auto& one) { return matches(name, one); });
}

}  // namespace

std::string_view to_string(account value) noexcept {
    constexpr std::array<std::string_view, 3> names{"person", "service", "unknown"};
    return names[static_cast<std::size_t>(value)];
}

accounts::names accounts::sorted(const std::vector<std::string>& list) {
    names made;
    for (const auto& name : list) (is_pattern(name) ? made.patterns : made.exact).push_back(name);
    std::ranges::sort(made.exact);
    return made;
}

accounts::accounts(std::vector<std::string> people, std::vector<std::string> services)
    : people_(std::move(people)),
      services_(std::move(services)),
      person_names_(sorted(people_)),
      service_names_(sorted(services_)) {}

account accounts::of(std::string_view user) const {
    if (user.empty()) return account::unknown;
    if (has(person_names_.exact, user)) return account::person;
    if (has(service_names_.exact, user)) return account::service;
    if (matches_one(person_names_.patterns, user)) return account::person;
    if (matches_one(service_names_.patterns, user)) return account::service;
    return account::unknown;
}

std::string problem_of_accounts(const std::vector<std::string>& names) {
    if (names.size() > names_max)
        return "it has more than 1,000 names: write patterns such as app_*";
    for (const auto& name : names) {
        if (name.empty()) return "it has an empty name: take it out";
        if (name.size() > name_bytes_max || !is_readable_line(name))
            return "a name of it cannot be one of a database: at most 255 bytes of UTF-8 that can "
                   "be seen";
        if (name.find_first_not_of('*') == std::string::npos)
            return "\"" + name + "\" is everybody: write names, or patterns such as app_*";
    }
    return {};
}

}  // namespace tallyfs::audit
