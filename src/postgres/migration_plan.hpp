// What a request for a migration or a baseline means: which database, which file, what is shown of
// it and approved. Format: docs/databases.md, "Applying a migration".
#pragma once

#include "postgres/migration_files.hpp"

#include <tallyfs/approval/request.hpp>
#include <tallyfs/health/migrations.hpp>
#include <tallyfs/health/registration.hpp>
#include <tallyfs/postgres/registry.hpp>

#include <span>
#include <string>
#include <string_view>

namespace tallyfs::postgres {

/// The value of a parameter; "" if it is not given.
[[nodiscard]] std::string value_of(const approval::parameters& all, const std::string& name);
/// "" or which parameter there is none of.
[[nodiscard]] std::string unknown_parameter(const approval::parameters& all,
                                            std::span<const std::string_view> known);

/// Which database `database=ENV/CLUSTER/DB` names.
[[nodiscard]] outcome<health::registration> registration_of(const registered& all,
                                                            const approval::parameters& asked);
/// The request's environment is the database's: it chooses who decides. "" or why it is not.
[[nodiscard]] std::string settle_environment(approval::draft& asked,
                                             const health::registration& of);
/// "prod/orders-cl/app at 10.2.4.10:5432": registered in another way, it is another plan.
[[nodiscard]] std::string place_text(const health::registration& of);

/// Which migration is asked for; what its file says is another matter.
struct migration_choice {
    health::registration of;
    std::string version;
    health::direction way = health::direction::up;
};
/// `undoing`: the other way than the parameters say.
[[nodiscard]] outcome<migration_choice> chosen(const registered& all,
                                               const approval::parameters& asked, bool undoing);

/// A migration that is asked for, as its file is now.
struct planned_migration {
    migration_choice choice;
    migration_source source;
    health::migration what;

    /// What is approved, and what has to read the same when it runs: the SQL, or where it is too
    /// long its checksum and path. "" if there is no SQL: down only.
    [[nodiscard]] std::string text(health::direction direction) const;
    /// All of its SQL.
    [[nodiscard]] std::string sql() const;
};
[[nodiscard]] outcome<planned_migration> planned(const registered& all,
                                                 const approval::parameters& asked, bool undoing);
/// Whether it was to be one transaction, by planned_migration::text().
[[nodiscard]] bool is_atomic_plan(std::string_view plan);

}  // namespace tallyfs::postgres
