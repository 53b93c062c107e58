#include "ledger/arithmetic.hpp"
#include "ledger/audit_blocks.hpp"

#include <algorithm>

namespace tallyfs::ledger {

namespace {

using namespace std::chrono_literals;

constexpr auto write_interval = 1s;
/// Of a million events: 10 MB at most where names repeat.
constexpr std::size_t young_blocks_max = 4096;
constexpr std::int64_t no_day = -1;
/// 4 million million lines; beyond it a number is damage, for which no memory is taken.
constexpr std::int64_t blocks_max = std::int64_t{1} << 34;

constexpr const char* tables = R"(
CREATE TABLE checkpoint(
    one INTEGER PRIMARY KEY CHECK(one = 1),
    day INTEGER NOT NULL, part INTEGER NOT NULL, offset INTEGER NOT NULL,
    last_line_bytes INTEGER NOT NULL, last_line_number INTEGER NOT NULL,
    last_link_hash INTEGER NOT NULL, lines INTEGER NOT NULL, unreadable_lines INTEGER NOT NULL,
    last_forgotten INTEGER NOT NULL);
INSERT INTO checkpoint VALUES(1, 0, 1, 0, 0, 0, 0, 0, 0, -1);
CREATE TABLE names(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL);
CREATE TABLE blocks(
    id INTEGER PRIMARY KEY,
    day INTEGER NOT NULL, part INTEGER NOT NULL, offset INTEGER NOT NULL,
    bytes INTEGER NOT NULL, lines INTEGER NOT NULL, unreadable_lines INTEGER NOT NULL,
    min_us INTEGER NOT NULL, max_us INTEGER NOT NULL);
CREATE INDEX blocks_by_day ON blocks(day);
CREATE TABLE postings(
    name_id INTEGER NOT NULL, block INTEGER NOT NULL,
    PRIMARY KEY(name_id, block)) WITHOUT ROWID;
)";

day day_of(std::int64_t number) {
    return day(std::chrono::sys_days(std::chrono::days(static_cast<int>(number))));
}

void add_to_runs(std::vector<time_range>& runs, const audit_block& block) {
    const auto run = static_cast<std::size_t>(block.id / blocks_of_a_run);
    if (runs.size() <= run) runs.resize(run + 1);
    runs[run].add(block.logged);
}

}  // namespace

audit_statements::audit_statements(database& owner)
    : put_name(owner, "INSERT INTO names VALUES(?,?,?)"),
      put_block(owner, "INSERT OR REPLACE INTO blocks VALUES(?,?,?,?,?,?,?,?,?)"),
      put_posting(owner, "INSERT INTO postings VALUES(?,?)"),
      put_checkpoint(owner, "INSERT OR REPLACE INTO checkpoint VALUES(1,?,?,?,?,?,?,?,?,?)"),
      find_posting(owner,
                   "SELECT block FROM postings WHERE name_id=? AND block<=? "
                   "ORDER BY block DESC LIMIT 1"),
      find_block(owner, "SELECT * FROM blocks WHERE id<=? ORDER BY id DESC LIMIT 1") {}

result<void> create_audit_tables(database& owner) {
    transaction creation(owner);
    owner.execute(tables);
    mark_file(owner, audit_index_format);
    return creation.commit();
}

audit_block read_audit_block(const statement& row) {
    return {row.integer(0),
            {{day_of(row.integer(1)), row.integer_as<unsigned>(2)},
             row.integer_as<std::uint64_t>(3),
             row.integer_as<std::uint64_t>(4)},
            row.integer(5),
            row.integer(6),
            {row.time(7), row.time(8)}};
}

/// Errors: SQLite's; SQLITE_CORRUPT also where the tables contradict each other.
result<void> audit_index::implementation::load() {
    auto& owner = current->file;
    now = {};
    names.clear();
    runs.clear();
    young.clear();
    statement checkpoint(owner, "SELECT * FROM checkpoint");
    bool right = checkpoint.step();
    if (right) {
        now.checkpoint = {{day_of(checkpoint.integer(1)), checkpoint.integer_as<unsigned>(2)},
                          checkpoint.integer_as<std::uint64_t>(3)};
        now.last_line = {checkpoint.integer_as<std::uint64_t>(4),
                         checkpoint.integer_as<std::uint64_t>(5),
                         checkpoint.integer_as<std::uint64_t>(6)};
        now.lines = checkpoint.integer(7);
        now.unreadable = checkpoint.integer(8);
        if (const auto date = checkpoint.integer(9); date != no_day) {
            now.last_forgotten = day_of(date);
        }
    }
    statement read_names(owner, "SELECT id, kind, name FROM names ORDER BY id");
    while (right && read_names.step()) {
        const auto id = read_names.integer(0);
        const auto kind = read_names.integer(1);
        right = id <= std::numeric_limits<audit_name_id>::max() && kind >= 0 &&
                kind < static_cast<std::int64_t>(audit_name_kinds) &&
                names.restore(static_cast<audit_name_id>(id), static_cast<audit_name>(kind),
                              read_names.bytes(2));
    }
    std::int64_t lines = 0;
    std::int64_t unreadable = 0;
    statement blocks(owner, "SELECT * FROM blocks ORDER BY id");
    while (right && blocks.step()) {
        const auto block = read_audit_block(blocks);
        right = block.id >= now.next_block && block.id < blocks_max;
        if (!right) break;
        now.next_block = block.id + 1;
        lines += block.lines;
        unreadable += block.unreadable;
        add_to_runs(runs, block);
    }
    right = right && lines == now.lines && unreadable == now.unreadable;
    written_to = now.checkpoint;
    if (owner.good() && !right) owner.fail(SQLITE_CORRUPT);
    if (const auto failure = owner.take_failure()) return failure;
    return {};
}

result<void> audit_index::implementation::write_in_time() {
    if (const auto failure = usable()) return failure;
    const bool due = std::chrono::steady_clock::now() - written >= write_interval;
    return due || young.size() > young_blocks_max ? write() : result<void>();
}

/// One transaction; after an error everything stays in memory.
result<void> audit_index::implementation::write() {
    if (const auto failure = usable()) return failure;
    if (now.checkpoint == written_to) return {};
    written = std::chrono::steady_clock::now();
    {
        transaction all(current->file);
        write_rows();
        write_checkpoint();
        if (const auto done = all.commit(); !done) return note(done.error());
    }
    written_to = now.checkpoint;
    names.forget_unsaved();
    for (auto& block : young) {
        add_to_runs(runs, block);
        block.names_written = block.names.size();
    }
    while (young.size() > 1) young.pop_front();
    return {};
}

void audit_index::implementation::write_rows() {
    auto& file_of = *current->statements;
    for (const auto& name : names.unsaved()) {
        file_of.put_name.run(name.id, static_cast<int>(name.kind), name.text);
    }
    // In the order of the table: rows that lie together are written together.
    std::vector<std::pair<audit_name_id, std::int64_t>> postings;
    for (const auto& block : young) {
        const auto& where = block.where;
        file_of.put_block.run(block.id, where.segment.date.number(), where.segment.part,
                              where.offset, where.bytes, block.lines, block.unreadable,
                              block.logged.min, block.logged.max);
        for (auto i = block.names_written; i < block.names.size(); ++i) {
            postings.emplace_back(block.names[i], block.id);
        }
    }
    std::ranges::sort(postings);
    for (const auto& [name, block] : postings) file_of.put_posting.run(name, block);
}

void audit_index::implementation::write_checkpoint() {
    const auto& at = now.checkpoint;
    current->statements->put_checkpoint.run(
        at.segment.date.number(), at.segment.part, at.offset, now.last_line.bytes,
        now.last_line.number, now.last_line.link_hash, now.lines, now.unreadable,
        now.last_forgotten ? std::int64_t{now.last_forgotten->number()} : no_day);
}

/// Its blocks have numbers without others between them, because days never go back.
result<void> audit_index::implementation::forget(day date) {
    if (auto done = write(); !done) return done;
    auto& owner = current->file;
    const auto before = now;
    // The lines are deleted next: a power cut must not bring rows back that point to them.
    owner.execute("PRAGMA synchronous = FULL");
    result<void> done;
    {
        transaction all(owner);
        statement sum(owner,
                      "SELECT min(id), max(id), count(*), sum(lines), sum(unreadable_lines) "
                      "FROM blocks WHERE day=?");
        sum.bind(date.number());
        if (sum.step() && sum.integer(2) > 0) {
            now.lines -= sum.integer(3);
            now.unreadable -= sum.integer(4);
            statement postings(owner,
                               "DELETE FROM postings WHERE block BETWEEN ? AND ? AND name_id IN "
                               "(SELECT id FROM names UNION ALL "
                               "VALUES(0),(1),(2),(3),(4),(5),(6),(7))");
            static_assert(audit_name_kinds == 8);
            postings.run(sum.integer(0), sum.integer(1));
        }
        sum.finish();
        statement blocks(owner, "DELETE FROM blocks WHERE day=?");
        blocks.run(date.number());
        owner.execute(
            "DELETE FROM names WHERE NOT EXISTS (SELECT 1 FROM postings WHERE name_id=names.id)");
        if (now.checkpoint.segment.date <= date) {
            now.checkpoint = {{date.next(), 1}, 0};
            now.last_line = {};
        }
        now.last_forgotten = std::max(now.last_forgotten.value_or(date), date);
        write_checkpoint();
        done = all.commit();
    }
    owner.execute("PRAGMA synchronous = NORMAL");
    if (const auto failure = owner.take_failure(); done && failure) done = failure;
    if (!done) {
        now = before;
        return note(done.error());
    }
    // Numbers of blocks must not be given again while somebody looks for some below them.
    const auto next_block = now.next_block;
    if (auto loaded = load(); !loaded) return note(loaded.error());
    now.next_block = next_block;
    return {};
}

}  // namespace tallyfs::ledger
