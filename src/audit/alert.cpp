#include <tallyfs/audit/alert.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::audit {

namespace {

constexpr std::array<std::string_view, 3> paging_names{"window", "session", "digest"};

}  // namespace

std::string_view to_string(alert_state value) noexcept {
    constexpr std::array<std::string_view, 3> names{"open", "acknowledged", "closed"};
    return names[static_cast<std::size_t>(value)];
}

std::string_view to_string(paging value) noexcept {
    return paging_names[static_cast<std::size_t>(value)];
}

bool parse_paging(std::string_view text, paging& into) noexcept {
    const auto found = std::ranges::find(paging_names, text);
    if (found == paging_names.end()) return false;
    into = static_cast<paging>(found - paging_names.begin());
    return true;
}

paging default_paging(rule value) noexcept {
    switch (value) {
        case rule::person_dml:
        case rule::outside_hours:
        case rule::ddl:
        case rule::unknown_account:
            return paging::session;
        case rule::bulk_delete:
        case rule::role_change:
        case rule::audit_settings:
        case rule::denied:
        case rule::forged:
        case rule::lines_missing:
        case rule::blind:
            break;
    }
    return paging::window;
}

std::string directory_name(const alert& of) {
    return std::to_string(of.number) + "-" + std::string(to_string(of.tally.id.rule));
}

}  // namespace tallyfs::audit
