#include "ledger/schema.hpp"

#include "ledger/figures.hpp"

namespace tallyfs::ledger {

namespace {

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

result<void> create_tables(database& owner) {
    transaction creation(owner);
    owner.execute(fixed_tables);
    owner.execute(figure_tables().c_str());
    mark_file(owner, ledger_format);
    return creation.commit();
}

}  // namespace tallyfs::ledger
