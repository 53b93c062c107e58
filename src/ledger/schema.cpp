#include "ledger/schema.hpp"

#include "ledger/checked_pages.hpp"
#include "ledger/figures.hpp"

namespace tallyfs::ledger {

namespace {

constexpr int asides_max = 1000;  // somebody who puts more there has to look

std::int64_t read_pragma(database& owner, const std::string& name) {
    statement read(owner, "PRAGMA " + name);
    return read.step() ? read.integer(0) : 0;
}

constexpr const char* fixed_tables = R"(
CREATE TABLE checkpoint(
    one INTEGER PRIMARY KEY CHECK(one = 1),
    day INTEGER NOT NULL, part INTEGER NOT NULL, offset INTEGER NOT NULL,
    last_line_bytes INTEGER NOT NULL, last_line_hash INTEGER NOT NULL,
    lines INTEGER NOT NULL, changed_us INTEGER NOT NULL, unreadable_lines INTEGER NOT NULL);
INSERT INTO checkpoint VALUES(1, 0, 1, 0, 0, 0, 0, 0, 0);
CREATE TABLE days(
    day INTEGER PRIMARY KEY, lines INTEGER NOT NULL, changed_us INTEGER NOT NULL,
    min_id INTEGER NOT NULL, max_id INTEGER NOT NULL, unreadable_lines INTEGER NOT NULL);
CREATE TABLE rolled(day INTEGER PRIMARY KEY, made_us INTEGER NOT NULL);
CREATE TABLE day_names(
    day INTEGER NOT NULL, name_id INTEGER NOT NULL, changed_us INTEGER NOT NULL,
    PRIMARY KEY(day, name_id)) WITHOUT ROWID;
CREATE TABLE day_loaded(
    day INTEGER NOT NULL, model TEXT NOT NULL, options TEXT NOT NULL,
    PRIMARY KEY(day, model)) WITHOUT ROWID;
CREATE TABLE names(
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL,
    lines INTEGER NOT NULL, changed_us INTEGER NOT NULL);
CREATE TABLE groups(
    id INTEGER PRIMARY KEY, service INTEGER NOT NULL, task INTEGER NOT NULL,
    model INTEGER NOT NULL, endpoint INTEGER NOT NULL);
CREATE TABLE prompt_log(seq INTEGER PRIMARY KEY, entries BLOB NOT NULL);
CREATE TABLE duplicates(
    day INTEGER NOT NULL, group_id INTEGER NOT NULL, prompt_hash NOT NULL,
    calls INTEGER NOT NULL, busy_us INTEGER NOT NULL, tokens INTEGER NOT NULL,
    first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
    PRIMARY KEY(day, group_id, prompt_hash)) WITHOUT ROWID;
CREATE INDEX duplicates_by_busy ON duplicates(busy_us);
CREATE TABLE cold_starts(
    seq INTEGER PRIMARY KEY, day INTEGER NOT NULL, time_us INTEGER NOT NULL, id BLOB NOT NULL,
    group_id INTEGER NOT NULL, waited_us INTEGER NOT NULL, options TEXT NOT NULL,
    evicted_model TEXT NOT NULL);
CREATE TABLE swaps(
    seq INTEGER PRIMARY KEY, day INTEGER NOT NULL, time_us INTEGER NOT NULL, id BLOB NOT NULL,
    group_id INTEGER NOT NULL, waited_us INTEGER NOT NULL, options TEXT NOT NULL,
    evicted_model TEXT NOT NULL, cause TEXT NOT NULL);
CREATE TABLE day_swaps(
    day INTEGER NOT NULL, group_id INTEGER NOT NULL, evicted_model TEXT NOT NULL,
    swaps INTEGER NOT NULL, PRIMARY KEY(day, group_id, evicted_model)) WITHOUT ROWID;
CREATE TABLE total_swaps(
    group_id INTEGER NOT NULL, evicted_model TEXT NOT NULL, swaps INTEGER NOT NULL,
    PRIMARY KEY(group_id, evicted_model)) WITHOUT ROWID;
CREATE TABLE leaving(
    day INTEGER NOT NULL, group_id INTEGER NOT NULL, destination TEXT NOT NULL,
    calls INTEGER NOT NULL, request_bytes INTEGER NOT NULL, refused INTEGER NOT NULL,
    PRIMARY KEY(day, group_id, destination)) WITHOUT ROWID;
CREATE TABLE loaded(model TEXT PRIMARY KEY, options TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks(
    day INTEGER NOT NULL, part INTEGER NOT NULL, offset INTEGER NOT NULL,
    bytes INTEGER NOT NULL, lines INTEGER NOT NULL,
    min_id INTEGER NOT NULL, max_id INTEGER NOT NULL,
    PRIMARY KEY(day, part, offset)) WITHOUT ROWID;
)";

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

std::string figure_tables() {
    const std::string figures = figure_definitions();
    return "CREATE TABLE quarter_usage(day INTEGER NOT NULL, quarter INTEGER NOT NULL,"
           "group_id INTEGER NOT NULL," +
           figures +
           ",PRIMARY KEY(day, quarter, group_id)) WITHOUT ROWID;"
           "CREATE TABLE day_usage(day INTEGER NOT NULL, group_id INTEGER NOT NULL," +
           figures +
           ",prompts INTEGER NOT NULL, repeats INTEGER NOT NULL, repeat_busy_us INTEGER NOT NULL"
           ",PRIMARY KEY(day, group_id)) WITHOUT ROWID;"
           "CREATE INDEX day_usage_by_group ON day_usage(group_id, day);"
           "CREATE TABLE total_usage(group_id INTEGER PRIMARY KEY," +
           figures + ");";
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

std::string find_mismatch(database& owner) {
    if (read_pragma(owner, "application_id") != application_id) {
        return "the file is not a ledger of tallyfs";
    }
    const auto version = read_pragma(owner, "user_version");
    int reserved = -1;
    sqlite3_file_control(owner.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (version == schema_version) {
        return reserved == reserved_bytes ? "" : "its pages have no checksums";
    }
    return "its schema has version " + std::to_string(version) + ", this program uses " +
           std::to_string(schema_version);
}

result<void> create_tables(database& owner) {
    transaction creation(owner);
    owner.execute(fixed_tables);
    owner.execute(figure_tables().c_str());
    owner.execute(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
    owner.execute(("PRAGMA user_version = " + std::to_string(schema_version)).c_str());
    return creation.commit();
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
