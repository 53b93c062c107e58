// The audit of PostgreSQL servers, wired: whose logs are read, and the connections by which it is
// tested. Order and reasons: docs/architecture.md, "Audit".
#pragma once

#include "mountd/databases.hpp"
#include "mountd/options.hpp"

#include <tallyfs/postgres/audit_probe.hpp>
#include <tallyfs/trail/auditor.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tallyfs::mountd {

class audits {
  public:
    /// All of it outlives them.
    struct parts {
        const options& given;
        const std::filesystem::path& state_directory;
        const clock_source& clock;
        state::action_log& actions;
        state::desk& desk;
        state::last_errors& errors;
        mountd::databases& databases;
        std::function<std::optional<record::actor>(const tree::user&)> auditor_of;
        /// Records an action and waits for it. Not on the desk.
        std::function<bool(std::string event, std::string subject, std::string detail)> record;
        const std::vector<record::action>& past;  ///< all actions; while it is made
    };
    explicit audits(parts with);

    [[nodiscard]] trail::auditor& auditor() noexcept { return auditor_; }
    [[nodiscard]] const trail::auditor& auditor() const noexcept { return auditor_; }
    /// The same kind, and what tallyfs does for one is expected work from then on.
    [[nodiscard]] state::approval_kind announced(state::approval_kind kind);
    /// While the desk still runs.
    void stop();

  private:
    [[nodiscard]] trail::probe_functions probe_of(const std::string& cluster);
    [[nodiscard]] trail::probe_functions::look look_at(const std::string& cluster);
    [[nodiscard]] std::optional<audit::canary> send_canary(const std::string& cluster);
    void expect(const approval::request& what);
    /// The first database of the server that is registered and looked at.
    [[nodiscard]] std::optional<health::registration> registered(const std::string& cluster) const;

    const parts parts_;
    const audit::accounts accounts_;
    std::map<std::string, std::unique_ptr<postgres::audit_probe>> probes_;  ///< by server
    trail::auditor auditor_;
};

}  // namespace tallyfs::mountd
