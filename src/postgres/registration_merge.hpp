// What several sources say of databases, as one list without contradictions. Pure.
// Rules: docs/databases.md, "Registering".
#pragma once

#include "postgres/credentials.hpp"

#include <tallyfs/health/registration.hpp>

#include <span>
#include <string>
#include <vector>

namespace tallyfs::postgres {

/// What is told of problems; more are counted.
inline constexpr std::size_t problems_max = 200;

struct merged_registrations {
    std::vector<health::registration> databases;  ///< by path, each path once
    struct refused {
        health::registration what;
        std::string reason;
    };
    std::vector<refused> not_used;
};

/// `said` by precedence, each with its `source`. Not used: a path that is there already and says
/// something else or comes from the same source, another host or port for a cluster, a credential
/// that `allowed` does not let go there, and more than registrations_max.
[[nodiscard]] merged_registrations merge(std::span<const health::registration> said,
                                         const credentials& allowed);

/// "registry.csv: prod/orders-cl/app is not used: …"
[[nodiscard]] std::string sentence_of(const merged_registrations::refused& what);
/// At most problems_max of them, and how many more there are.
void bound_problems(std::vector<std::string>& problems);

}  // namespace tallyfs::postgres
