// The PostgreSQL servers that are watched: who is registered, what is seen, what people may have
// done about it; wired. Order and reasons: docs/architecture.md, "Databases".
#pragma once

#include "mountd/options.hpp"

#include <tallyfs/health/watched.hpp>
#include <tallyfs/journal/stream.hpp>
#include <tallyfs/postgres/board.hpp>
#include <tallyfs/postgres/collector.hpp>
#include <tallyfs/postgres/directory.hpp>
#include <tallyfs/postgres/history.hpp>
#include <tallyfs/postgres/proposals.hpp>
#include <tallyfs/postgres/registry.hpp>
#include <tallyfs/postgres/remedies.hpp>
#include <tallyfs/postgres/remedy_effects.hpp>
#include <tallyfs/postgres/schema_changes.hpp>
#include <tallyfs/postgres/schema_registry.hpp>
#include <tallyfs/views/sources.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tallyfs::mountd {

class databases {
  public:
    /// All of it outlives them.
    struct parts {
        const options& given;
        const std::filesystem::path& state_directory;
        const clock_source& clock;
        state::action_log& actions;
        state::desk& desk;
        state::last_errors& errors;
        std::function<std::optional<record::actor>(const tree::user&)> operator_of;
    };
    /// Looks at nothing before start(). Throws startup_error.
    explicit databases(parts with);

    [[nodiscard]] std::vector<state::setting_definition> definitions();
    [[nodiscard]] std::vector<state::approval_kind> kinds();
    /// At start, on the main thread: an action of the past, then all of them.
    void replay(const record::action& past);
    void put_in_force();

    /// `changed` is called on any thread after a change of what is shown; returns at once. Before
    /// start().
    void on_change(std::function<void()> changed);
    void start();
    /// On the desk, once a second.
    void tick(state::approvals& requests);
    /// Ends all looks and remedies, while the desk still runs.
    void stop();

    /// `now` is the moment that is shown; on the view thread.
    [[nodiscard]] std::shared_ptr<const tree::directory> directory(
        std::function<wall_time()> now, std::function<bool()> others_may_write);
    /// Any thread, as those that follow.
    [[nodiscard]] std::shared_ptr<const postgres::registered> registered() const {
        return registry_.current();
    }
    /// Where a database is looked at, with the password: it may take seconds.
    [[nodiscard]] postgres::outcome<postgres::endpoint> endpoint_of(
        const health::registration& what) const {
        return registry_.endpoint_of(what, false);
    }
    [[nodiscard]] health::summary summary() const;
    [[nodiscard]] std::optional<views::later_effect> effect_of(std::uint32_t request) const;

  private:
    [[nodiscard]] postgres::collector::parts collector_parts();
    [[nodiscard]] postgres::directory_parts directory_parts(std::function<wall_time()> now);
    [[nodiscard]] std::shared_ptr<const postgres::collector_settings> current() const;
    void change(const std::function<void(postgres::collector_settings&)>& edit);
    [[nodiscard]] state::setting_definition threshold(const health::threshold_definition& one);
    [[nodiscard]] state::setting_definition interval(
        const char* name, const char* meaning, const char* unit, std::int64_t max,
        std::chrono::milliseconds a_unit, std::chrono::milliseconds postgres::intervals::*value);
    [[nodiscard]] state::setting_definition query_texts();
    [[nodiscard]] state::setting_definition mutes();
    void sampled(const health::cluster_id& server, const health::sample& sample,
                 const health::wait_profile& waits);
    void take_snapshot(const tree::user& by, const std::string& path, std::string_view text,
                       const tree::answer& answer);

    const parts parts_;
    std::function<void()> changed_ = [] {};
    mutable std::mutex mutex_;
    std::shared_ptr<const postgres::collector_settings> settings_;  ///< guarded by mutex_
    std::map<std::string, health::mute> mutes_;                     ///< on the desk
    journal::stream events_;
    postgres::board board_;
    postgres::registry registry_;
    postgres::history history_;
    postgres::schema_registry schemas_;
    postgres::schema_changes schema_changes_;
    postgres::remedy_effects effects_;
    postgres::remedies remedies_;
    postgres::proposals proposals_;
    postgres::collector collector_;
    steady_time next_minute_{};  ///< on the desk
};

}  // namespace tallyfs::mountd
