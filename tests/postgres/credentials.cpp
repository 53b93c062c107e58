#include "postgres/credentials.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

std::string slurp(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::filesystem::path secret_file(const temporary_directory& folder, const std::string& text,
                                  ::mode_t mode = 0600) {
    const auto file = folder.path() / "secret";
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
    return file;
}

health::registration orders(const std::string& host, const std::string& source = "new") {
    health::registration made;
    made.cluster = {"prod", "orders-cl"};
    made.database = "app";
    made.host = host;
    made.credential = "monitor";
    made.source = source;
    return made;
}

credential monitor() {
    credential made;
    made.name = "monitor";
    made.role = "tallyfs";
    return made;
}

}  // namespace

TEST_CASE("a password file is read at each use, and refused when others can read it") {
    const temporary_directory folder;
    auto known = monitor();
    known.password_file = secret_file(folder, "first\r\nsecond\n");
    const auto mine = orders("db.example", "tallyfs.toml");
    credentials all({known}, {&mine, 1}, system_clock_source());
    CHECK(all.endpoint_of(mine, false)->password == "first");
    CHECK(all.endpoint_of(mine, false)->role == "tallyfs");
    secret_file(folder, "changed");
    CHECK(all.endpoint_of(mine, false)->password == "changed");
    for (const ::mode_t mode : {0640U, 0604U, 0620U}) {
        const auto file = secret_file(folder, "changed", mode);
        const auto refused = all.endpoint_of(mine, false);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().what == "credential \"monitor\": " + file.string() +
                                          " is open to other users: chmod 600 " + file.string());
    }
    secret_file(folder, "\nsecond\n");
    CHECK_FALSE(all.endpoint_of(mine, false).has_value());
    std::filesystem::remove(known.password_file);
    CHECK_FALSE(all.endpoint_of(mine, false).has_value());
    REQUIRE(::mkfifo(known.password_file.c_str(), 0600) == 0);
    const auto pipe = all.endpoint_of(mine, false);
    REQUIRE_FALSE(pipe.has_value());
    CHECK(pipe.error().what.ends_with("is no regular file"));
}

TEST_CASE("a password is sent only where the configuration lets it go") {
    const temporary_directory folder;
    auto known = monitor();
    known.password_file = secret_file(folder, "hunter2");
    known.hosts = {"10.2.4.10", "*.db.example"};
    auto trusted = orders("named.example", "tallyfs.toml");
    trusted.port = 6432;
    credentials all({known}, {&trusted, 1}, system_clock_source());
    const auto goes_to = [&](const std::string& host, std::uint16_t port = 5432) {
        auto what = orders(host);
        what.port = port;
        const bool fetched = all.endpoint_of(what, false).has_value();
        CHECK(fetched == all.problem_of(what).empty());
        return fetched;
    };
    CHECK(goes_to("10.2.4.10"));
    CHECK(goes_to("10.2.4.10", 6000));
    CHECK(goes_to("a.db.example"));
    CHECK(goes_to("A.DB.Example"));
    CHECK(goes_to("named.example", 6432));
    CHECK_FALSE(goes_to("named.example"));
    CHECK_FALSE(goes_to("db.example"));
    CHECK_FALSE(goes_to(".db.example"));
    CHECK_FALSE(goes_to("db.example.evil"));
    CHECK_FALSE(goes_to("evil-db.example"));
    CHECK_FALSE(goes_to("10.2.4.100"));
    CHECK_FALSE(goes_to("evil"));

    auto stranger = orders("10.2.4.10");
    stranger.remedies_credential = "root";
    CHECK(all.problem_of(stranger).find("there is no credential \"root\"") == 0);
    CHECK(all.endpoint_of(stranger, false).has_value());
    CHECK_FALSE(all.endpoint_of(stranger, true).has_value());
    CHECK_FALSE(all.endpoint_of(orders("10.2.4.10"), true).has_value());
}

TEST_CASE("a credential without a password gives none, and one from the environment its own") {
    auto known = monitor();
    const auto mine = orders("/run/postgresql", "tallyfs.toml");
    credentials without({known}, {&mine, 1}, system_clock_source());
    CHECK(without.endpoint_of(mine, false)->password.empty());
    known.password_variable = "TALLYFS_TEST_PASSWORD";
    credentials with({known}, {&mine, 1}, system_clock_source());
    ::unsetenv("TALLYFS_TEST_PASSWORD");
    CHECK_FALSE(with.endpoint_of(mine, false).has_value());
    ::setenv("TALLYFS_TEST_PASSWORD", "hunter2", 1);
    CHECK(with.endpoint_of(mine, false)->password == "hunter2");
    ::unsetenv("TALLYFS_TEST_PASSWORD");
}

TEST_CASE("a token is kept for as long as the configuration says, and a failure is not kept") {
    const temporary_directory folder;
    const auto count = (folder.path() / "count").string();
    manual_clock clock(*parse_rfc3339("2026-11-20T10:00:00Z"));
    auto known = monitor();
    known.password_command = "echo x >> " + count + "; wc -l < " + count;
    const auto mine = orders("db.example", "tallyfs.toml");
    {
        credentials each({known}, {&mine, 1}, clock);
        CHECK(each.endpoint_of(mine, false)->password == "1");
        CHECK(each.endpoint_of(mine, false)->password == "2");
    }
    known.password_valid = 60s;
    credentials kept({known}, {&mine, 1}, clock);
    CHECK(kept.endpoint_of(mine, false)->password == "3");
    clock.advance(59s);
    CHECK(kept.endpoint_of(mine, false)->password == "3");
    clock.advance(1s);
    CHECK(kept.endpoint_of(mine, false)->password == "4");

    known.password_command = "echo x >> " + count + "; exit 1";
    credentials failing({known}, {&mine, 1}, clock);
    CHECK_FALSE(failing.endpoint_of(mine, false).has_value());
    CHECK_FALSE(failing.endpoint_of(mine, false).has_value());
    CHECK(slurp(count) == "x\nx\nx\nx\nx\nx\n");
}

TEST_CASE("a command is told for which server its token is, and a token is kept for that one") {
    auto known = monitor();
    known.password_command = "echo $PGUSER at $PGHOST:$PGPORT";
    known.password_valid = 60s;
    known.hosts = {"*.db.example"};
    ::setenv("PGHOST", "elsewhere", 1);
    credentials all({known}, {}, system_clock_source());
    CHECK(all.endpoint_of(orders("a.db.example"), false)->password ==
          "tallyfs at a.db.example:5432");
    CHECK(all.endpoint_of(orders("b.db.example"), false)->password ==
          "tallyfs at b.db.example:5432");
    ::unsetenv("PGHOST");
}

TEST_CASE("databases that ask at the same time share one run of the command") {
    const temporary_directory folder;
    const auto count = (folder.path() / "count").string();
    const auto go = (folder.path() / "go").string();
    REQUIRE(::mkfifo(go.c_str(), 0600) == 0);
    auto known = monitor();
    known.password_command = "echo x >> " + count + "; cat " + go;
    known.password_valid = 60s;
    const auto mine = orders("db.example", "tallyfs.toml");
    credentials all({known}, {&mine, 1}, system_clock_source());
    std::atomic<int> asking{0};
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            ++asking;
            const auto made = all.endpoint_of(mine, false);
            if (made && made->password == "token") ++right;
        });
    }
    while (asking < 8 || slurp(count).empty()) ::usleep(1'000);
    std::ofstream(go) << "token\n";
    for (auto& thread : threads) thread.join();
    CHECK(right == 8);
    CHECK(slurp(count) == "x\n");
}

TEST_CASE("stop() ends a command that runs, and later ones") {
    const temporary_directory folder;
    const auto started = folder.path() / "started";
    auto known = monitor();
    known.password_command = "touch " + started.string() + "; sleep 600";
    const auto mine = orders("db.example", "tallyfs.toml");
    credentials all({known}, {&mine, 1}, system_clock_source());
    std::string what;
    std::thread asking([&] { what = all.endpoint_of(mine, false).error().what; });
    while (!std::filesystem::exists(started)) ::usleep(1'000);
    const auto start = std::chrono::steady_clock::now();
    all.stop();
    asking.join();
    CHECK(what == "credential \"monitor\": password_command was ended, because tallyfs stops");
    CHECK_FALSE(all.endpoint_of(mine, false).has_value());
    CHECK(std::chrono::steady_clock::now() - start < 3s);
}
