#include "postgres/schema_kinds.hpp"

namespace tallyfs::postgres {

using state::approval_kind;

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
        running_->begin([this, what] { return migrate(parts_, *running_, what); },
                        std::move(ended));
    };
    migration.begin_probe = [this](const approval::request& what, approval_kind::found found) {
        running_->begin_probe([this, what] { return probe_migrate(parts_, *running_, what); },
                              std::move(found));
    };

    approval_kind baseline;
    baseline.name = "pg-baseline";
    baseline.meaning = "Accept a database's schema as it is: drift is measured from there.";
    baseline.parameters = "database=ENV/CLUSTER/DB";
    baseline.prepare = [this](approval::draft& asked) { return prepare_baseline(parts_, asked); };
    baseline.begin = [this](const approval::request& what, approval_kind::ended ended) {
        running_->begin([this, what] { return take_baseline(parts_, *running_, what); },
                        std::move(ended));
    };
    baseline.begin_probe = [this](const approval::request& what, approval_kind::found found) {
        running_->begin_probe([this, what] { return probe_baseline(parts_, what); },
                              std::move(found));
    };
    return {std::move(migration), std::move(baseline)};
}

}  // namespace tallyfs::postgres
