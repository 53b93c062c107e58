// Migrations as files: what is in one, which of them a database has, and which have changed since.
// Format: docs/databases.md, "Schema and migrations"; https://github.com/amacneil/dbmate.
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// A longer one moves data, which is no change of a schema.
inline constexpr std::size_t migration_bytes_max = 1024 * 1024;
/// Files of one directory: 20 a day for a year and more.
inline constexpr std::size_t migration_files_max = 10'000;
/// Pairs of up and down in one file.
inline constexpr std::size_t migration_sections_max = 100;
/// Of the column `version` as dbmate makes it (varchar(255), or shorter): a version is a number.
inline constexpr std::size_t migration_version_bytes_max = 64;

enum class direction : std::uint8_t { up, down };
[[nodiscard]] std::string_view to_string(direction value) noexcept;  ///< "up", "down"

/// What stands between one line "-- migrate:…" and the next.
struct migration_section {
    std::string sql;          ///< without that line; ends of lines are "\n"
    bool transaction = true;  ///< false: its line says transaction:false
    std::size_t line = 0;     ///< of the file, where `sql` begins

    bool operator==(const migration_section&) const = default;
};

struct migration {
    std::vector<migration_section> up;    ///< in the order in which they run
    std::vector<migration_section> down;  ///< the same: what was done last is undone first

    [[nodiscard]] const std::vector<migration_section>& sections(direction way) const {
        return way == direction::up ? up : down;
    }
    /// Whether it runs in one transaction, together with its record: it happens whole or not.
    [[nodiscard]] bool is_atomic(direction way) const;
    /// Whether there is no statement to run: then it cannot be taken back, or there is nothing to
    /// do.
    [[nodiscard]] bool is_empty(direction way) const;
};

struct migration_problem {
    std::size_t line = 0;  ///< from 1
    std::string reason;
    /// "line 3: …"
    [[nodiscard]] std::string message() const;
};
/// What value() of a wrong file throws.
[[noreturn]] void throw_exception_from_error(const migration_problem& why,
                                             const boost::source_location& at);

/// Reads a file's content. What it accepts, dbmate accepts. Beyond that it refuses what could not
/// be shown as it is (other than UTF-8, characters that cannot be seen), an option that is not
/// known, and a section that ends the transaction it runs in.
[[nodiscard]] boost::system::result<migration, migration_problem> parse_migration(
    std::string_view content);

/// "20260102030405" of "20260102030405_add_orders.sql"; "" for a name that is no migration's.
[[nodiscard]] std::string_view version_of(std::string_view file_name) noexcept;

/// A file as it was found.
struct migration_file {
    std::string name;
    std::string version;
    std::string sha256;   ///< of its bytes; "" if it could not be read
    std::string problem;  ///< "" or why it cannot run, or could not be read
};

/// A directory as it was found.
struct migration_directory {
    bool known = false;  ///< false: none is registered, or it could not be read
    std::vector<migration_file> files;
    std::string problem;  ///< why it could not be read, or not all of it
};

enum class migration_state : std::uint8_t {
    applied,
    changed,       ///< applied, and its file is another one since
    file_missing,  ///< applied, and there is no file
    pending,
    out_of_order,  ///< pending, and older than one that is applied
};
/// "applied", "changed", "file_missing", "pending", "out_of_order"
[[nodiscard]] std::string_view to_string(migration_state value) noexcept;

struct migration_status {
    std::string version;
    std::string file;  ///< "" if there is none
    migration_state state = migration_state::pending;
    std::string sha256;               ///< of the file now
    std::string sha256_when_applied;  ///< "" if it is not known
    std::string problem;              ///< what keeps it from being applied

    bool operator==(const migration_status&) const = default;
};

/// By version, as dbmate orders them: as texts. `applied` is the content of schema_migrations,
/// `checksums` the SHA-256 of files by version, when they were applied. Where no directory is known
/// no file is missed.
[[nodiscard]] std::vector<migration_status> migration_states(
    const migration_directory& directory, std::span<const std::string> applied,
    const std::map<std::string, std::string>& checksums);

/// migrations.csv
[[nodiscard]] std::string migrations_csv(std::span<const migration_status> states);

}  // namespace tallyfs::health
