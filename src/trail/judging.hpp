// What events are judged by: as configured and as people have set it.
// Settings: docs/audit.md, "Rules".
#pragma once

#include <tallyfs/audit/accounts.hpp>
#include <tallyfs/audit/alert.hpp>
#include <tallyfs/audit/noise.hpp>
#include <tallyfs/audit/rules.hpp>

#include <array>
#include <chrono>
#include <memory>

namespace tallyfs::trail {

/// A value that never changes: who needs another one gets another one.
struct judging {
    audit::accounts accounts;
    audit::noise noise{};
    audit::rule_settings rules;
    std::array<audit::paging, audit::rule_count> pages{};
    bool keep_whole = false;  ///< statements with their literals
    std::chrono::seconds self_test_every{300};

    [[nodiscard]] audit::paging pages_of(audit::rule rule) const noexcept {
        return pages[static_cast<std::size_t>(rule)];
    }
};
using shared_judging = std::shared_ptr<const judging>;

}  // namespace tallyfs::trail
