#include "ledger/view_file.hpp"

#include "ledger/checked_pages.hpp"

#include <tallyfs/ledger/ledger.hpp>

namespace tallyfs::ledger {

namespace {

constexpr int asides_max = 1000;  // somebody who puts more there has to look

std::int64_t read_pragma(database& owner, const std::string& name) {
    statement read(owner, "PRAGMA " + name);
    return read.step() ? read.integer(0) : 0;
}

/// Where nothing is yet: what was put aside before stays too.
std::filesystem::path free_name_beside(const std::filesystem::path& path) {
    const std::string aside = path.string() + ".aside";
    std::filesystem::path name = aside;
    std::error_code unknown;
    for (int number = 2; std::filesystem::exists(std::filesystem::symlink_status(name, unknown)) &&
                         number <= asides_max;
         ++number) {
        name = aside + "." + std::to_string(number);
    }
    return name;
}

}  // namespace

void reserve_checksums(database& owner) {
    int reserved = reserved_bytes;
    if (!owner.good()) return;
    const int code =
        sqlite3_file_control(owner.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (code != SQLITE_OK) owner.fail(code);
}

void configure(database& owner) {
    // One process owns the state directory and one thread the ledger: with the lock held all the
    // time SQLite keeps the WAL's index in memory and asks for no lock twice.
    owner.execute("PRAGMA locking_mode = EXCLUSIVE");
    owner.execute("PRAGMA journal_mode = WAL");
    // In a WAL this syncs only when the WAL is copied back. A power cut may take away the last
    // transactions, whole ones, which the journal has; with OFF it could tear pages unnoticed.
    owner.execute("PRAGMA synchronous = NORMAL");
    // 16 MiB each: what a batch of a rebuild touches stays in memory, and a WAL of that size is
    // copied back in one go instead of every 4 MiB.
    owner.execute("PRAGMA cache_size = -16384");
    owner.execute("PRAGMA wal_autocheckpoint = 4096");
    owner.execute("PRAGMA journal_size_limit = 16777216");
    owner.execute("PRAGMA temp_store = MEMORY");
}

std::string find_mismatch(database& owner, const view_format& wanted) {
    if (read_pragma(owner, "application_id") != wanted.application_id) {
        return std::string("the file is not ") + wanted.name + " of tallyfs";
    }
    const auto version = read_pragma(owner, "user_version");
    int reserved = -1;
    sqlite3_file_control(owner.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (version == wanted.version) {
        return reserved == reserved_bytes ? "" : "its pages have no checksums";
    }
    return "its schema has version " + std::to_string(version) + ", this program uses " +
           std::to_string(wanted.version);
}

void mark_file(database& owner, const view_format& as) {
    owner.execute(("PRAGMA application_id = " + std::to_string(as.application_id)).c_str());
    owner.execute(("PRAGMA user_version = " + std::to_string(as.version)).c_str());
}

bool is_locked(const error_code& error) {
    return error.category() == sqlite_category() && (error.value() & 0xff) == SQLITE_BUSY;
}

bool is_unusable(const error_code& error) {
    if (error.category() != sqlite_category()) return false;
    return is_damage(error) || error.value() == SQLITE_ERROR ||
           (error.value() & 0xff) == SQLITE_CONSTRAINT;
}

std::string reason_to_begin_anew(const error_code& failure) {
    const std::string what = is_unusable(failure) ? "is damaged: " : "cannot be used: ";
    return "the file " + what + failure.message();
}

result<void> remove_files(const std::filesystem::path& file) {
    // The WAL first: one that outlives its database could be replayed into the next.
    for (const char* const suffix : {"-wal", "-shm", "-journal", ""}) {
        const std::filesystem::path each = file.string() + suffix;
        std::error_code failure;
        std::filesystem::remove(each, failure);
        // A directory, say: somebody may want what is in it.
        if (failure) std::filesystem::rename(each, free_name_beside(each), failure);
        if (failure) return error_code(failure.value(), boost::system::generic_category());
    }
    return {};
}

}  // namespace tallyfs::ledger
