#include "postgres/schema_kinds.hpp"

#include <tallyfs/base/log.hpp>

namespace tallyfs::postgres {

namespace {

using state::approval_kind;

/// Calls `done` with what `work` gives, on a thread; not any more once everything stops: then the
/// next start probes.
template <class Work, class Done, class Result>
void start(background& threads, Work work, Done done, Result when_it_throws, Result when_full) {
    const bool started = threads.start([&threads, work, done, when_it_throws] {
        auto result = when_it_throws;
        try {
            result = work();
        } catch (const std::exception& error) {
            spdlog::error("a change of a schema ended with {}", error.what());
        }
        if (!threads.is_stopping()) done(std::move(result));
    });
    if (!started && !threads.is_stopping()) done(std::move(when_full));
}

template <class Work>
void start_effect(background& threads, Work work, approval_kind::ended done) {
    start(threads, std::move(work), std::move(done),
          approval_kind::effect{false, "it ended in a way that says nothing", true},
          approval_kind::effect{false, "too much runs at once: ask again"});
}

template <class Work>
void start_probe(background& threads, Work work, approval_kind::found done) {
    start(threads, std::move(work), std::move(done), approval::probe::unknown,
          approval::probe::unknown);
}

}  // namespace

schema_changes::schema_changes(parts with)
    : parts_(std::move(with)), running_(std::make_unique<background>()) {}

schema_changes::~schema_changes() = default;

void schema_changes::stop() {
    running_->stop();
}

std::vector<approval_kind> schema_changes::kinds() {
    approval_kind migration;
    migration.name = "pg-migrate";
    migration.meaning = "Apply a migration to a database, or roll it back.";
    migration.parameters = "database=ENV/CLUSTER/DB version=20260102030405 direction=up|down";
    migration.prepare = [this](approval::draft& asked) { return prepare_migration(parts_, asked); };
    migration.begin = [this](const approval::request& what, approval_kind::ended ended) {
        start_effect(
            *running_, [this, what] { return migrate(parts_, *running_, what); }, std::move(ended));
    };
    migration.begin_probe = [this](const approval::request& what, approval_kind::found found) {
        start_probe(
            *running_, [this, what] { return probe_migrate(parts_, *running_, what); },
            std::move(found));
    };

    approval_kind baseline;
    baseline.name = "pg-baseline";
    baseline.meaning = "Accept a database's schema as it is: drift is measured from there.";
    baseline.parameters = "database=ENV/CLUSTER/DB";
    baseline.prepare = [this](approval::draft& asked) { return prepare_baseline(parts_, asked); };
    baseline.begin = [this](const approval::request& what, approval_kind::ended ended) {
        start_effect(
            *running_, [this, what] { return take_baseline(parts_, *running_, what); },
            std::move(ended));
    };
    baseline.begin_probe = [this](const approval::request& what, approval_kind::found found) {
        start_probe(
            *running_, [this, what] { return probe_baseline(parts_, what); }, std::move(found));
    };
    return {std::move(migration), std::move(baseline)};
}

}  // namespace tallyfs::postgres
