#include "ledger/faulty_disk.hpp"
#include "support/catch.hpp"
#include "views/world.hpp"

#include <fstream>
#include <unistd.h>

using namespace tallyfs;
using namespace std::chrono_literals;
using test::some_call;

namespace {

constexpr const char* evening = "2026-11-22T20:00:00Z";
constexpr std::size_t page_bytes = 4096;  // SQLite's

const std::vector<std::string> usage_files{"usage/day/2026-11-20.json", "usage/day/2026-11-20.csv",
                                           "usage/total.json",          "usage/days.csv",
                                           "usage/duplicates.csv",      "usage/cold-starts.csv",
                                           "usage/models/m/total.csv",  "usage/today.csv",
                                           "usage/privacy.txt"};
const std::string far_away = "https://far-away.example";  // only the ledger's `leaving` has it

std::string target_of(test::world& w, const std::string& path) {
    return path == "usage/today.csv" ? w.read(path).insert(0, "usage/") : path;
}

/// Everything at once, as one text.
std::string read_usage(test::world& w) {
    std::string all;
    for (const auto& path : usage_files) all += w.read(target_of(w, path));
    return all;
}

/// A state directory with three days of calls, and what is shown of them.
struct three_days {
    three_days() {
        zone::use("UTC");
        test::world w("2026-11-20T08:00:00Z");
        for (int i = 0; i < 900; ++i) {
            auto call = some_call("service-" + std::to_string(i % 40), i % 3 == 0 ? "m" : "n");
            call.prompt_hash = "0123456789abcdef0123456789abcd" + std::to_string(10 + i % 50);
            call.cold_start = i % 5 == 0;
            if (i % 7 == 0) call.upstream = far_away;
            w.append(call);
            w.clock.advance(4min);
        }
        shown = read_usage(w);
        w.views.stop();
        std::filesystem::copy(w.directory.path(), directory.path(),
                              std::filesystem::copy_options::recursive);
        // Closed, it has everything in one file.
        const ledger::ledger closed(directory.path() / "ledger.sqlite");
    }
    [[nodiscard]] test::world::preparation but(
        const std::function<void(const std::filesystem::path&)>& damage) const {
        return [this, damage](const std::filesystem::path& into) {
            std::filesystem::copy(directory.path(), into,
                                  std::filesystem::copy_options::recursive |
                                      std::filesystem::copy_options::overwrite_existing);
            damage(into / "ledger.sqlite");
        };
    }
    test::temporary_directory directory;
    std::string shown;
};

/// What is waited for comes with the next live tick, at most a second of real time away.
template <class Condition>
void eventually(Condition&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        ::usleep(10'000);
    }
}

template <class Reading>
bool can_read(Reading&& reading) {
    try {
        reading();
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

void damage_page(const std::filesystem::path& file, std::size_t number) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(number * page_bytes + page_bytes / 2));
    stream << "damaged";
}

void damage_pages_with(const std::filesystem::path& file, const std::string& text) {
    const auto bytes = read_file(file, std::size_t{1} << 30).value();
    REQUIRE(bytes.find(text) != std::string::npos);
    for (auto at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at + 1)) {
        damage_page(file, at / page_bytes);
    }
}

}  // namespace

TEST_CASE("a page that is found damaged while it is read leads to the right figures by itself") {
    const test::faulty_disk disk;
    const three_days state;
    const auto pages =
        std::filesystem::file_size(state.directory.path() / "ledger.sqlite") / page_bytes;
    REQUIRE(pages > 30);
    int found_by_reading = 0;
    for (std::size_t page = 0; page < pages; page += 3) {
        INFO("page " << page << " of " << pages);
        test::world w(evening, state.but([&](const auto& file) { damage_page(file, page); }));
        const bool found_at_start = !w.ledger.was_reset().empty();
        for (const auto& path : usage_files) {
            const auto target = target_of(w, path);
            try {
                w.read(target);
            } catch (const boost::system::system_error& error) {
                CHECK(error.code() == boost::system::errc::resource_unavailable_try_again);
                CHECK_FALSE(found_at_start);
                ++found_by_reading;
                // The next one is answered, with what is right.
                CHECK_NOTHROW(w.read(target));
            }
        }
        CHECK(read_usage(w) == state.shown);
        eventually([&] {
            return w.ask(
                [&] { return !w.ledger.broken() && w.views.live().rebuild_reason.empty(); });
        });
    }
    CHECK(found_by_reading > 3);
}

TEST_CASE("damage below usage/privacy.txt is met with a wish to come again, by a listing too") {
    const test::faulty_disk disk;
    const three_days state;
    for (const bool listing : {false, true}) {
        INFO("listing " << listing);
        test::world w(evening,
                      state.but([](const auto& file) { damage_pages_with(file, far_away); }));
        REQUIRE(w.ledger.was_reset().empty());
        const auto look = [&] {
            return listing ? w.names("usage").size() : w.read("usage/privacy.txt").size();
        };
        error_code failure;
        try {
            look();
        } catch (const boost::system::system_error& error) {
            failure = error.code();
        }
        CHECK(failure == boost::system::errc::resource_unavailable_try_again);
        CHECK_NOTHROW(look());
        CHECK(read_usage(w) == state.shown);
    }
}

TEST_CASE("the status is shown while the ledger cannot be read, and says so") {
    test::faulty_disk disk;
    const three_days state;
    test::world w(evening, state.but([](const auto&) {}));
    disk.arm({test::operation::read, 1, SQLITE_IOERR_READ, true, false});
    const auto text = w.read_live("status.txt");
    CHECK(text.find("TODAY") != std::string::npos);
    CHECK(w.read_live("metrics").find("tallyfs_disk_free_bytes") != std::string::npos);
    disk.calm();
    CHECK(read_usage(w) == state.shown);
}

TEST_CASE("a ledger on a full disk follows again without a restart once there is room") {
    test::faulty_disk disk;
    const three_days state;
    test::world w(evening, state.but([](const auto&) {}));
    disk.arm({test::operation::write, 1, SQLITE_FULL, true, true});
    w.append(some_call("service-1", "m"));
    CHECK_THROWS(w.read("usage/total.json"));
    const auto status = w.read_live("status.txt");
    CHECK(status.find("mend     ledger") != std::string::npos);
    CHECK(status.find("database or disk is full") != std::string::npos);
    CHECK(w.read_live("metrics").find("tallyfs_ledger_failing 1") != std::string::npos);
    disk.calm();
    std::string total;
    eventually([&] { return can_read([&] { total = w.read("usage/total.json"); }); });
    CHECK(total.find("\"calls\": 901") != std::string::npos);
    CHECK(w.read_live("status.txt").find("mend     ledger") == std::string::npos);
}

TEST_CASE("a ledger that cannot even be begun is begun once it can, without a restart") {
    test::faulty_disk disk;
    const three_days state;
    disk.arm({test::operation::write, 1, SQLITE_FULL, true, false});
    test::world w(evening, state.but([](const auto& file) { std::filesystem::remove(file); }));
    CHECK_THROWS(w.read("usage/total.json"));
    CHECK(w.read_live("status.txt").find("mend     ledger") != std::string::npos);
    CHECK(w.read_live("status.json").find("\"today\": null") != std::string::npos);
    disk.calm();
    std::string shown;
    eventually([&] { return can_read([&] { shown = read_usage(w); }); });
    CHECK(shown == state.shown);
}

TEST_CASE("a page that is found damaged while lines are applied is no reader's error") {
    const test::faulty_disk disk;
    const three_days state;
    const auto pages =
        std::filesystem::file_size(state.directory.path() / "ledger.sqlite") / page_bytes;
    int found_by_applying = 0;
    for (std::size_t page = 1; page < pages; ++page) {
        INFO("page " << page << " of " << pages);
        test::world w(evening, state.but([&](const auto& file) { damage_page(file, page); }));
        if (!w.ledger.was_reset().empty()) continue;
        auto call = some_call("service-1", "m");
        call.cold_start = true;
        call.evicted_model = "n";
        w.append(call);
        // Made of what stands in memory: only applying the line can have come upon the page.
        CHECK(w.read("usage/today.txt") == "day/2026-11-22.txt");
        CHECK(w.ask([&] { return w.ledger.stamp_of_all().lines; }) == 901);
        if (!w.ask([&] { return w.views.live().rebuilt_reason; }).empty()) ++found_by_applying;
    }
    CHECK(found_by_applying > 0);
}

TEST_CASE("that the ledger was made anew is shown after it was") {
    const test::faulty_disk disk;
    const three_days state;
    test::world w(evening, state.but([](const auto& file) { std::ofstream(file) << "no ledger"; }));
    CHECK(read_usage(w) == state.shown);
    eventually([&] {
        return w.read_live("status.txt").find("look     ledger             was made anew: ") !=
               std::string::npos;
    });
    CHECK(w.read_live("status.json").find("\"rebuilt_reason\": \"the file is damaged") !=
          std::string::npos);
}
