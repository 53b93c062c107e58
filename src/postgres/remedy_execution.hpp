// One remedy on one connection: done if things are as they were when it was proposed; and whether
// its effect is there. Rules: docs/databases.md, "Remedies".
#pragma once

#include "postgres/connection.hpp"

#include <tallyfs/health/remedy.hpp>
#include <tallyfs/postgres/remedies.hpp>

namespace tallyfs::postgres {

class remedy_execution {
  public:
    /// Waits so long, or less: false if it is to stop.
    using pause = std::function<bool(std::chrono::milliseconds)>;
    remedy_execution(connection& on, const approval::request& what, const remedy_limits& limits,
                     pause wait)
        : on_(on), what_(what), limits_(limits), wait_(std::move(wait)) {}

    /// `sql` is what `what` says. A failure is that of the connection alone.
    [[nodiscard]] outcome<state::approval_kind::effect> execute(const health::script& sql);
    /// Whether the effect is there, once nothing of it runs any more.
    [[nodiscard]] outcome<approval::probe> probe();

  private:
    using effect = state::approval_kind::effect;

    [[nodiscard]] outcome<effect> change_options(const health::script& sql);
    [[nodiscard]] outcome<effect> vacuum(const health::script& sql);
    [[nodiscard]] outcome<effect> terminate(const health::script& sql);
    [[nodiscard]] outcome<effect> drop_slot(const health::script& sql);
    [[nodiscard]] outcome<effect> resolve(const health::script& sql);
    [[nodiscard]] outcome<bool> keeps_record();
    [[nodiscard]] outcome<approval::probe> probe_options();
    [[nodiscard]] outcome<approval::probe> probe_vacuum();
    [[nodiscard]] outcome<std::size_t> sessions_left();
    /// Whether a query has a row.
    [[nodiscard]] outcome<bool> there_is(const std::string& sql);
    /// A refusal of the server, for the record; a lost connection stays a failure.
    [[nodiscard]] outcome<effect> refused(const failure& why) const;
    [[nodiscard]] std::string value(const std::string& name) const;

    connection& on_;
    const approval::request& what_;
    const remedy_limits limits_;
    const pause wait_;
};

}  // namespace tallyfs::postgres
