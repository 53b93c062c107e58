#include "postgres/shown_board.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace std::chrono_literals;
using test::shown_server;

namespace {

using names = std::vector<std::string>;

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("databases/ lists environments that have servers, and their databases") {
    test::shown_board w;
    CHECK(w.names("") == names{"README.md", "findings.csv", "status.txt"});
    CHECK(has(w.read("status.txt"), "No database is watched"));
    w.shown.publish(shown_server());
    CHECK(w.names("") == names{"README.md", "findings.csv", "prod", "status.txt"});
    CHECK(w.names("prod") == names{"orders-cl"});
    CHECK(w.names("prod/orders-cl") == names{"app", "connections.csv", "crm", "findings.json",
                                             "locks.csv", "recommendations.sql", "sessions.csv",
                                             "slots.csv", "status.txt", "waits.csv",
                                             "wraparound.json", "xmin-holders.csv"});
    CHECK(w.names("prod/orders-cl/app") == names{"findings.json", "queries.csv",
                                                 "recommendations.sql", "roles.csv", "schema.sql",
                                                 "snapshot", "status.txt", "tables.csv"});
    CHECK_FALSE(w.find("qa"));
    CHECK_FALSE(w.find("prod/other"));
    CHECK_FALSE(w.find("prod/orders-cl/other"));
    CHECK_FALSE(w.find("prod/orders-cl/app/diagnosis.md"));
    w.shown.forget({"prod", "orders-cl"});
    CHECK_FALSE(w.find("prod"));
}

TEST_CASE("every file that is listed can be read, also before the first look") {
    test::shown_board w([](directory_parts& parts) {
        parts.diagnosis = [](const shown_database&) {
            return supplied_text{1, [] { return std::string("# diagnosis\n"); }};
        };
    });
    auto server = shown_server();
    server.sample = nullptr;
    w.shown.publish(server);
    for (const auto* path : {"", "prod/orders-cl", "prod/orders-cl/app", "prod/orders-cl/crm"}) {
        for (const auto& entry : w.directory(path)->list()) {
            INFO(path << "/" << entry.name);
            CHECK(entry.node.changed != wall_time{});
            const auto* text = std::get_if<tree::text_file>(&entry.node.content);
            if (text != nullptr) CHECK_FALSE(text->render().empty());
        }
    }
}

TEST_CASE("who stands in a directory reads what is known by now") {
    test::shown_board w;
    w.shown.publish(shown_server());
    const auto here = w.directory("prod/orders-cl/app");
    const auto above = w.directory("prod/orders-cl");
    auto server = shown_server();
    server.findings = {test::late_autovacuum()};
    w.shown.publish(server);
    const auto text_of = [](const tree::directory& in) {
        return std::get<tree::text_file>(in.find("status.txt").value().content).render();
    };
    CHECK(has(text_of(*here), "autovacuum late"));
    CHECK(has(text_of(*above), "autovacuum late"));
    CHECK(has(w.read("status.txt"), "autovacuum late"));
    w.shown.forget({"prod", "orders-cl"});
    CHECK_FALSE(here->find("status.txt"));
    CHECK(here->list().empty());
}

TEST_CASE("a file's time is that of the look it shows, and stays while that shows the same") {
    test::shown_board w;
    auto server = shown_server();
    w.shown.publish(server);
    const auto changed = [&](std::string_view name) {
        return w.find("prod/orders-cl/" + std::string(name)).value().changed;
    };
    CHECK(changed("sessions.csv") == test::looked_at);
    CHECK(changed("app/tables.csv") == test::looked_at - 1min);
    CHECK(changed("app/status.txt") == test::looked_at);
    CHECK(changed("app/findings.json") == test::looked_at);
    CHECK(changed("app/schema.sql") == test::looked_at - 1min);
    const auto tables = w.version("prod/orders-cl/app/tables.csv");

    test::sample_of(server).taken += 10s;
    w.shown.publish(server);
    CHECK(changed("sessions.csv") == test::looked_at + 10s);
    CHECK(changed("app/status.txt") == test::looked_at + 10s);
    CHECK(changed("app/findings.json") == test::looked_at);
    CHECK(changed("app/tables.csv") == test::looked_at - 1min);
    CHECK(w.version("prod/orders-cl/app/tables.csv") == tables);

    test::snapshot_of(server).taken += 30min;  // with the schema as it was
    w.shown.publish(server);
    CHECK(changed("app/tables.csv") == test::looked_at + 29min);
    CHECK(changed("app/schema.sql") == test::looked_at - 1min);

    test::sample_of(server).settings["autovacuum_vacuum_threshold"] = "60";
    w.shown.publish(server);
    CHECK(w.version("prod/orders-cl/app/tables.csv") != tables);

    server.reach.problem = "connection refused";  // no look, and yet another text
    server.reach.failing_since = test::looked_at + 20s;
    w.shown.publish(server);
    CHECK(changed("app/status.txt") == w.clock.wall());
    w.clock.advance(1min);
    w.shown.publish(server);
    CHECK(changed("app/status.txt") == w.clock.wall() - 1min);
}

TEST_CASE("the page for newcomers fits 80 columns and names each file") {
    test::shown_board w;
    w.shown.publish(shown_server());
    const auto page = w.read("README.md");
    std::size_t at = 0;
    for (std::size_t end = page.find('\n'); end != std::string::npos; end = page.find('\n', at)) {
        CHECK(end - at <= 80);
        at = end + 1;
    }
    for (const auto* path : {"", "prod/orders-cl", "prod/orders-cl/app"}) {
        for (const auto& name : w.names(path)) {
            INFO(name);
            if (name.find('.') != std::string::npos) {
                CHECK((name == "README.md" || has(page, "`" + name)));
            }
        }
    }
}

TEST_CASE("a listing renders no table, however many there are") {
    test::shown_board w;
    auto server = shown_server();
    auto& full = test::snapshot_of(server);
    full.tables.resize(5000);
    for (auto& t : full.tables) t.schema = t.name = std::string(40, 't');
    w.shown.publish(server);
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) CHECK(w.names("prod/orders-cl/app").size() == 8);
    const auto listed = (std::chrono::steady_clock::now() - began) / 100;
    const auto before = std::chrono::steady_clock::now();
    CHECK(w.read("prod/orders-cl/app/tables.csv").size() > 5000 * 80);
    const auto rendered = std::chrono::steady_clock::now() - before;
    CHECK(listed * 5 < rendered);
}

TEST_CASE("hostile names of clusters and databases are one entry each, and resolve") {
    test::shown_board w;
    auto server = shown_server();
    server.id.cluster = "../x\ny";
    server.databases.resize(1);
    server.databases.resize(5, server.databases[0]);
    const names raw{"a/b", "a%2Fb", "status.txt", "caf\xc3\xa9", "."};
    for (std::size_t i = 0; i < raw.size(); ++i) {
        auto& what = server.databases[i].what;
        what.cluster = server.id;
        what.database = raw[i];
    }
    w.shown.publish(server);
    const auto cluster = w.names("prod");
    REQUIRE(cluster == names{"%2E.%2Fx%0Ay"});
    const auto place = "prod/" + cluster[0];
    const auto listed = w.names(place);
    CHECK(std::ranges::adjacent_find(listed) == listed.end());
    for (const auto& [name, database] :
         std::map<std::string, std::string>{{"a%2Fb", "a/b"},
                                            {"a%252Fb", "a%2Fb"},
                                            {"%73tatus.txt", "status.txt"},
                                            {"caf\xc3\xa9", "caf\xc3\xa9"},
                                            {"%2E", "."}}) {
        INFO(name);
        CHECK(std::ranges::find(listed, name) != listed.end());
        CHECK(has(w.read(place + "/" + name + "/findings.json"),
                  "\"database\": \"" + database.substr(0, 3)));
    }
    CHECK(has(w.read(place + "/status.txt"), "DATABASE"));
}

TEST_CASE("three hundred databases are listed and summed up quickly") {
    test::shown_board w;
    for (int c = 0; c < 100; ++c) {
        auto server = shown_server();
        server.id.cluster = "cluster-" + std::to_string(c);
        server.databases.resize(3, server.databases[0]);
        server.findings.assign(10, test::late_autovacuum());
        w.shown.publish(server);
    }
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) {
        w.find("prod/cluster-" + std::to_string(i) + "/app/status.txt");
    }
    const auto one = (std::chrono::steady_clock::now() - began) / 100;
    const auto before = std::chrono::steady_clock::now();
    CHECK(has(w.read("status.txt"), "databases  300 on 100 servers"));
    const auto all = std::chrono::steady_clock::now() - before;
    std::printf("a look-up %.0f us, databases/status.txt of 300 %.1f ms\n",
                std::chrono::duration<double, std::micro>(one).count(),
                std::chrono::duration<double, std::milli>(all).count());
    CHECK(all < 1s);
}
