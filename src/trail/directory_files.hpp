// The parts of audit/, each in a source of its own.
// Format: the README.md of audit/ (src/trail/directory_readme.cpp).
#pragma once

#include "trail/auditor_state.hpp"

#include <tallyfs/tree/node.hpp>

#include <functional>
#include <memory>
#include <string_view>

namespace tallyfs::trail {

extern const std::string_view audit_readme;
extern const std::string_view find_readme;

/// What the directories are made of. All of it outlives them; on the view thread.
struct directory_sources {
    auditor_state& from;
    std::function<wall_time()> now;
    wall_time started{};
};

/// alerts/open or alerts/closed
[[nodiscard]] std::shared_ptr<const tree::directory> make_alerts_directory(
    const directory_sources& sources, bool closed);
/// Of alerts/open the newest; the others are found by their names.
inline constexpr std::size_t alerts_listed_max = 1'000;
/// find/
[[nodiscard]] std::shared_ptr<const tree::directory> make_find_directory(
    const directory_sources& sources);
/// The newest events that match and are wanted, a line each, as the stream has them; a last line
/// says so where there are, or may be, older ones. Takes seconds; any thread. Throws
/// boost::system::system_error where they cannot be read now.
[[nodiscard]] std::string events_text(
    const auditor_state& from, ledger::audit_query query,
    const std::function<bool(const record::audit_event&)>& is_wanted = nullptr);

// Texts for people.
[[nodiscard]] std::string status_text(const auditor_state& from);
[[nodiscard]] std::string noise_csv(const auditor_state& from);
[[nodiscard]] std::string expected_csv(const std::vector<audit::expected_work>& all);

}  // namespace tallyfs::trail
