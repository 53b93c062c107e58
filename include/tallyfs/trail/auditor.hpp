// The audit as a whole: reads the logs of all servers that are configured, keeps their events,
// raises alerts, tests itself, and shows that as audit/. Meaning: docs/audit.md.
#pragma once

#include <tallyfs/audit/accounts.hpp>
#include <tallyfs/audit/expected_work.hpp>
#include <tallyfs/audit/self_test.hpp>
#include <tallyfs/audit/summary.hpp>
#include <tallyfs/base/clock.hpp>
#include <tallyfs/journal/chain.hpp>
#include <tallyfs/record/action.hpp>
#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/approvals.hpp>
#include <tallyfs/state/desk.hpp>
#include <tallyfs/state/settings.hpp>
#include <tallyfs/trail/options.hpp>
#include <tallyfs/tree/node.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::trail {

/// How a server is looked at and spoken to, for the self-test. On the thread of that server; who
/// gives them lets them return soon once it stops.
struct probe_functions {
    struct look {
        std::optional<audit::server_facts> facts;
        std::string problem;  ///< why there are none; "" where no connection is configured
        std::string role;     ///< as whom it was tried
    };
    std::function<look()> look_at;
    /// nullopt: no connection is configured.
    std::function<std::optional<audit::canary>()> send_canary;
};

/// What became of a POST to /audit/in/<cluster>.
struct intake_answer {
    int status = 200;  ///< of HTTP
    std::string body;
    std::string content_type = "application/json";
};

struct auditor_state;

class auditor {
  public:
    /// All of it outlives the auditor.
    struct parts {
        const trail::options& given;
        std::string node;
        const std::filesystem::path& state_directory;
        const clock_source& clock;
        state::action_log& actions;
        state::desk& desk;
        state::last_errors& errors;
        /// Who may decide about alerts and announce work: auditors and operators.
        std::function<std::optional<record::actor>(const tree::user&)> auditor_of;
        std::function<probe_functions(const std::string& cluster)> probe_of;
        audit::accounts accounts;  ///< with the roles as which tallyfs itself comes
        /// Where days were deleted on purpose, as the actions tell.
        std::vector<journal::chain_head> bases;
        /// Records an action and waits for it. Not on the desk.
        std::function<bool(std::string event, std::string subject, std::string detail)> record;
    };
    /// Reads no log before start(). Throws startup_error where the stream cannot be used.
    explicit auditor(parts with);
    ~auditor();
    auditor(const auditor&) = delete;
    auditor& operator=(const auditor&) = delete;

    [[nodiscard]] bool is_configured() const noexcept;
    [[nodiscard]] std::vector<state::setting_definition> definitions();
    [[nodiscard]] std::vector<state::approval_kind> kinds();
    /// At start, on the main thread: all actions of the past, in order.
    void replay(const record::action& past);

    /// Called on any thread after a change of what is shown; returns at once. Before start().
    void on_change(std::function<void()> changed);
    void start();
    /// While the desk still runs. Idempotent.
    void stop();

    /// On the desk: statements that tallyfs itself is about to run on a server.
    void expect_own(audit::expected_work work);
    [[nodiscard]] journal::chain_head head() const;

    /// POST /audit/in/<cluster>: whether this secret opens it. Any thread, after start().
    [[nodiscard]] bool may_post(std::string_view cluster, std::string_view secret) const;
    /// What it brings; `answer` is called once, on any thread, when the events are on the disk.
    void post(std::string_view cluster, std::string body,
              std::function<void(intake_answer)> answer);
    /// Any thread.
    [[nodiscard]] audit::summary summary() const;
    /// audit/. `now` is the moment that is shown; on the view thread.
    [[nodiscard]] std::shared_ptr<const tree::directory> directory(std::function<wall_time()> now);

  private:
    std::unique_ptr<auditor_state> state_;
};

}  // namespace tallyfs::trail
