// Remedies as kinds of requests for approval: proposed with the exact SQL, carried out once, with a
// credential of their own. Rules: docs/databases.md, "Remedies".
#pragma once

#include <tallyfs/postgres/board.hpp>
#include <tallyfs/postgres/endpoint.hpp>
#include <tallyfs/postgres/registry.hpp>
#include <tallyfs/state/approvals.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace tallyfs::postgres {

class background;

/// How long each step of a remedy may take.
struct remedy_limits {
    /// For a lock. More than deadlock_timeout (1 s): until then autovacuum does not make way.
    std::chrono::milliseconds lock{std::chrono::seconds(3)};
    std::chrono::milliseconds statement{std::chrono::seconds(30)};
    std::chrono::milliseconds vacuum{std::chrono::hours(12)};  ///< of the largest tables
    /// Until sessions that were told to end are gone.
    std::chrono::milliseconds ending{std::chrono::seconds(5)};
};

class remedies {
  public:
    /// All of it outlives the remedies. Functions are called on several threads.
    struct parts {
        const board& seen;
        std::function<std::shared_ptr<const registered>()> registrations;
        /// Where and as whom; the second argument is true: with the credential of remedies.
        endpoint_source endpoints;
        /// On the desk, before one is carried out; may be null.
        std::function<void(const approval::request&)> before = nullptr;
        remedy_limits limits{};
    };
    explicit remedies(parts with);
    ~remedies();
    remedies(const remedies&) = delete;
    remedies& operator=(const remedies&) = delete;

    /// To be handed to `approvals`, which outlives what runs: stop() before it goes.
    [[nodiscard]] std::vector<state::approval_kind> kinds();
    /// Ends what runs, also on servers that do not answer; a vacuum goes on in the server. What had
    /// no end is probed at the next start. Any thread; a second call does nothing.
    void stop();

  private:
    using effect = state::approval_kind::effect;

    [[nodiscard]] std::string prepare(std::string_view kind, approval::draft& asked) const;
    void begin(const approval::request& what, const state::approval_kind::ended& ended);
    [[nodiscard]] effect carry_out(const approval::request& what);
    [[nodiscard]] effect after_loss(const approval::request& what, const std::string& why);
    [[nodiscard]] approval::probe look_for(const approval::request& what);

    const parts parts_;
    const std::unique_ptr<background> running_;
};

}  // namespace tallyfs::postgres
