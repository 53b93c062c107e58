// What a request for a remedy means: which database, which SQL, what is known of it now.
// Format: docs/databases.md, "Remedies".
#pragma once

#include <tallyfs/approval/request.hpp>
#include <tallyfs/health/remedy.hpp>
#include <tallyfs/postgres/board.hpp>
#include <tallyfs/postgres/registry.hpp>

namespace tallyfs::postgres {

/// Where a remedy runs: as registered, or another database of a server that is.
struct remedy_target {
    std::string problem;  ///< "" or why there is none, and what to do
    health::registration what;
};
/// `database` is "prod/orders-cl/app"; "prod/orders-cl" means one that is registered there.
[[nodiscard]] remedy_target target_of(const registered& all, std::string_view database);

/// The newest looks at a target; null where there is none.
struct remedy_view {
    std::shared_ptr<const health::watched_server> server;
    [[nodiscard]] const health::sample* sample() const;
    [[nodiscard]] const health::snapshot* snapshot(std::string_view database) const;
};
[[nodiscard]] remedy_view view_of(const board& seen, const health::registration& what);

/// The finding that a request is about, by its parameter `finding`, or by what would be done.
[[nodiscard]] const health::standing_finding* finding_of(const health::watched_server& server,
                                                         std::string_view kind,
                                                         const approval::parameters& all);

/// What is shown and approved: where it runs, and the SQL.
[[nodiscard]] std::string plan_text(const health::registration& what, const health::script& sql);
/// Figures and rows for people, at most 3,000 bytes.
[[nodiscard]] std::string evidence_text(const health::finding& found);

}  // namespace tallyfs::postgres
