// Migrations and baselines as kinds of requests for approval: asked for with the exact SQL, carried
// out once, with the credential of remedies. Rules: docs/databases.md, "Schema and migrations".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/postgres/endpoint.hpp>
#include <tallyfs/postgres/registry.hpp>
#include <tallyfs/postgres/schema_registry.hpp>
#include <tallyfs/state/approvals.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace tallyfs::postgres {

class background;

struct migration_limits {
    /// Of the whole migration where it is one transaction, else of each statement.
    std::chrono::milliseconds statement{std::chrono::minutes(1)};
    /// For each lock: what waits for a table blocks everybody who comes after it, readers too. More
    /// than deadlock_timeout (1 s): until then autovacuum does not make way.
    std::chrono::milliseconds lock{std::chrono::seconds(2)};
};

class schema_changes {
  public:
    /// All of it outlives this. Functions are called on the desk and on threads of our own.
    struct parts {
        std::function<std::shared_ptr<const registered>()> registrations;
        /// Where and as whom; the second argument is true: with the credential of remedies.
        endpoint_source endpoints;
        schema_registry& schemas;
        const clock_source& clock;
        migration_limits limits{};
    };
    explicit schema_changes(parts with);
    ~schema_changes();
    schema_changes(const schema_changes&) = delete;
    schema_changes& operator=(const schema_changes&) = delete;

    /// "pg-migrate" and "pg-baseline", to be handed to `approvals`, which outlives what runs:
    /// stop() before it goes. To ask for a migration takes seconds of the desk where a server does
    /// not answer.
    [[nodiscard]] std::vector<state::approval_kind> kinds();
    /// Ends what runs, also on servers that do not answer. What had no end is probed at the next
    /// start. Any thread; a second call does nothing.
    void stop();

  private:
    const parts parts_;
    const std::unique_ptr<background> running_;
};

}  // namespace tallyfs::postgres
