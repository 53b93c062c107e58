#include "ledger/filled_ledger.hpp"

#include <tallyfs/base/file.hpp>

namespace {

using namespace tallyfs;
using test::describe;
using test::filled_ledger;

TEST_CASE("bytes changed anywhere never make a figure wrong, and clear() always helps") {
    test::random_calls random(32);
    const filled_ledger filled;
    const auto whole = read_file(filled.file, 100'000'000).value();
    int begun_anew = 0;
    int found_later = 0;
    for (unsigned round = 0; round < 150; ++round) {
        std::string changed = whole;
        const std::size_t at = random.pick(static_cast<unsigned>(whole.size()) - 40);
        const std::size_t bytes = round % 3 == 0 ? 40 : 1 + round % 2;
        for (std::size_t i = 0; i < bytes; ++i) {
            changed[at + i] =
                static_cast<char>(changed[at + i] ^ (1 + static_cast<int>(random.pick(255))));
        }
        std::ofstream(filled.file, std::ios::binary | std::ios::trunc) << changed;
        ledger::ledger ledger(filled.file);
        INFO("round " << round << " at " << at);
        try {
            const auto shown = describe(ledger);
            if (ledger.was_reset().empty()) CHECK(shown == filled.shown);
        } catch (const boost::system::system_error& error) {
            CHECK(ledger::is_damage(error.code()));
            CHECK(ledger.broken());
            ++found_later;
        }
        if (!ledger.was_reset().empty()) ++begun_anew;
        if (round % 10 != 0) continue;
        REQUIRE(ledger.clear());
        CHECK(ledger.stamp_of_all().lines == 0);
        filled.lines.apply_rest(ledger, 10'000);
        CHECK(describe(ledger) == filled.shown);
    }
    CHECK(begun_anew > 10);
    CHECK(found_later > 50);
}

TEST_CASE("a page in the place of another is found") {
    const filled_ledger filled;
    auto whole = read_file(filled.file, 100'000'000).value();
    const auto pages = whole.size() / 4096;
    REQUIRE(pages > 20);
    int found = 0;
    for (std::size_t page = 1; page + 1 < pages; page += 5) {
        auto mixed = whole;
        mixed.replace(page * 4096, 4096, whole, (page + 1) * 4096, 4096);
        std::ofstream(filled.file, std::ios::binary | std::ios::trunc) << mixed;
        const ledger::ledger ledger(filled.file);
        if (!ledger.was_reset().empty()) continue;
        try {
            const auto shown = describe(ledger);
            CHECK(shown == filled.shown);  // nothing of this page is shown
        } catch (const boost::system::system_error& error) {
            CHECK(ledger.broken() == error.code());
            ++found;
        }
    }
    CHECK(found > 3);
}

TEST_CASE("damage that shows only later is an error, after which clear() helps") {
    const filled_ledger filled;
    // Group numbers that do not exist, in a row that is not read at start.
    filled.change("UPDATE day_usage SET group_id=group_id+4000000 WHERE day=20778");
    ledger::ledger ledger(filled.file);
    CHECK(ledger.was_reset().empty());
    ledger::usage_query query;
    query.by = ledger::resolution::days;
    const auto asked = ledger.usage(query);
    REQUIRE(asked.has_error());
    CHECK(ledger::is_damage(asked.error()));
    CHECK(ledger.broken() == asked.error());
    CHECK(ledger.usage({}).has_value());
    CHECK(ledger.broken());
    REQUIRE(ledger.clear());
    CHECK_FALSE(ledger.broken());
    filled.lines.apply_rest(ledger, 10'000);
    CHECK(describe(ledger) == filled.shown);
}

/// Without the layer that keeps checksums, as another program would use the file.
struct plain_connection {
    explicit plain_connection(const std::filesystem::path& file) {
        constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        REQUIRE(sqlite3_open_v2(file.c_str(), &handle, flags, "unix") == SQLITE_OK);
    }
    plain_connection(const plain_connection&) = delete;
    plain_connection& operator=(const plain_connection&) = delete;
    ~plain_connection() { sqlite3_close(handle); }
    void execute(const std::string& sql) const {
        REQUIRE(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    }
    sqlite3* handle = nullptr;
};

/// The same tables in a file whose pages have no room for checksums.
void copy_plainly(const std::filesystem::path& from, const std::filesystem::path& to, int version) {
    std::vector<std::string> steps;
    const plain_connection copy(to);
    copy.execute("ATTACH '" + from.string() + "' AS source");
    const auto add = [](void* into, int, char** columns, char**) {
        static_cast<std::vector<std::string>*>(into)->emplace_back(columns[0]);
        return 0;
    };
    for (const auto* each :
         {"sql", "'INSERT INTO main.' || name || ' SELECT * FROM source.' || name"}) {
        const auto query = std::string("SELECT ") + each +
                           " FROM source.sqlite_schema WHERE type='table' AND sql NOT NULL";
        REQUIRE(sqlite3_exec(copy.handle, query.c_str(), add, &steps, nullptr) == SQLITE_OK);
    }
    for (const auto& step : steps) copy.execute(step);
    copy.execute("DETACH source; PRAGMA application_id=" + std::to_string(ledger::application_id) +
                 "; PRAGMA user_version=" + std::to_string(version));
}

TEST_CASE("a ledger whose pages have no checksums is begun anew") {
    const filled_ledger filled;
    const auto other = filled.directory.path() / "plain.sqlite";
    const int version = GENERATE(as<int>{}, ledger::schema_version, 2);
    copy_plainly(filled.file, other, version);
    std::filesystem::rename(other, filled.file);
    filled.check_reset(version == 2 ? "version 2" : "no checksums");
}

TEST_CASE("a ledger that another program has written into is begun anew") {
    const filled_ledger filled;
    {
        const plain_connection other(filled.file);
        other.execute("UPDATE total_usage SET output_tokens=output_tokens+1");
    }
    filled.check_reset("damaged");
}

}  // namespace
