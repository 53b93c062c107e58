#include "postgres/registry_office.hpp"
#include "postgres/server.hpp"

#include <sstream>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;
using namespace std::chrono_literals;

TEST_CASE("a new database is looked at, and its file says what was found and what to do") {
    NEEDS_POSTGRESQL();
    postgres_cluster server(
        {}, {"host all refused 127.0.0.1/32 reject", "host all secret 127.0.0.1/32 scram-sha-256"});
    server.psql(
        "CREATE ROLE tallyfs LOGIN; GRANT pg_monitor TO tallyfs; CREATE ROLE plain LOGIN;"
        "CREATE ROLE refused LOGIN; CREATE ROLE secret LOGIN PASSWORD 'hunter2'");
    const temporary_directory folder;
    registry_options given;
    for (const std::string role : {"tallyfs", "plain", "postgres", "refused", "secret"}) {
        given.credentials.push_back(monitor({"127.0.0.1", server.socket_directory()}));
        given.credentials.back().name = given.credentials.back().role = role;
    }
    given.credentials.back().password_command = "echo wrong";
    office o(folder.path(), given);
    o.registry.start();
    const auto look_as = [&](const std::string& role, const std::string& host = "127.0.0.1",
                             const std::string& name = "postgres", int port = 0) {
        REQUIRE(o.write("env=dev cluster=" + role + std::to_string(host.size()) +
                            " database=" + name + " host=" + host + " credential=" + role +
                            " port=" + std::to_string(port != 0 ? port : server.port()),
                        anna, role) == 0);
        return o.found(role);
    };
    says(look_as("tallyfs"), "reached     yes\n");
    says(o.inbox("tallyfs"), "rights      tallyfs has pg_monitor, ok\n");
    says(o.inbox("tallyfs"), ", ok\n");
    says(o.inbox("tallyfs"), "next        cat databases/dev/tallyfs9/postgres/status.txt\n");
    says(look_as("tallyfs", server.socket_directory()), "rights      tallyfs has pg_monitor, ok\n");
    says(look_as("plain"), "do          GRANT pg_monitor TO \"plain\";\n");
    says(look_as("postgres"), "is a superuser, which is more than it takes");
    says(look_as("refused"), "reached     no: ");
    says(o.inbox("refused"), "it stays registered, and is tried again by itself");
    says(look_as("secret"), "reached     no: ");
    CHECK(o.inbox("secret").find("wrong") == std::string::npos);
    says(look_as("tallyfs", "127.0.0.1", "missing"), "reached     no: ");
    for (const std::string name : {"tallyfs", "plain", "postgres", "refused", "secret"}) {
        std::istringstream lines(o.inbox(name));
        for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
    }
    server.stop();
    REQUIRE(o.write("forget dev/plain9/postgres") == 0);
    says(look_as("plain"), "reached     no: ");
}

TEST_CASE("a server that hangs while a new database is looked at does not hold up the stop") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    const temporary_directory folder;
    auto known = monitor({"127.0.0.1"});
    known.role = "postgres";
    office o(folder.path(), {{known}, {}, {}, {}});
    o.registry.start();
    server.freeze();
    REQUIRE(o.write("env=dev cluster=a database=postgres credential=monitor host=127.0.0.1 port=" +
                    std::to_string(server.port())) == 0);
    says(o.inbox(), "is being looked at");
    const auto start = std::chrono::steady_clock::now();
    o.registry.stop();
    CHECK(std::chrono::steady_clock::now() - start < 1s);
    server.thaw();
}

TEST_CASE("an inventory is asked when it is due, and keeps what it said when it fails") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql(
        "CREATE TABLE dbs (env text, cluster text, name text, port int, on_call text, "
        "labels text[], live boolean);"
        "INSERT INTO dbs VALUES ('prod', 'a', 'one', 5432, 'Team A', '{x,y}', true), "
        "('dev', 'b', 'two', NULL, NULL, '{}', false)");
    const temporary_directory folder;
    registry_options given;
    given.credentials = {monitor()};
    given.credentials.front().role = "postgres";
    inventory from;
    from.where = database("inventory", "postgres", server.host());
    from.where.port = server.port();
    from.query =
        "SELECT env, cluster, name AS database, '10.2.4.10' AS host, port, "
        "'monitor' AS credential, on_call AS owner, labels AS tags, live AS active "
        "FROM public.dbs -- all of them";
    given.inventory = from;
    office o(folder.path(), given);
    CHECK(o.paths().empty());
    o.registry.look();
    INFO(o.problems());
    REQUIRE(o.paths() == names{"dev/b/two", "prod/a/one"});
    const auto all = o.registry.current();
    CHECK_FALSE(all->databases[0].active);
    CHECK(all->databases[0].port == 5432);
    CHECK(all->databases[1].owner == "Team A");
    CHECK(all->databases[1].tags == std::vector<std::string>{"x", "y"});
    CHECK(all->databases[1].source == "inventory");

    server.psql("DELETE FROM dbs WHERE name = 'two'");
    o.registry.look();
    CHECK(o.paths().size() == 2);
    o.clock.advance(1h);
    o.registry.look();
    CHECK(o.paths() == names{"prod/a/one"});

    server.psql("DROP TABLE dbs");
    o.clock.advance(1h);
    o.registry.look();
    CHECK(o.paths() == names{"prod/a/one"});
    says(o.problems(),
         "inventory: relation \"public.dbs\" does not exist (names need their schema");
    says(o.problems(), "until it is right, what it said before holds");
    server.psql(
        "CREATE TABLE dbs AS SELECT 'prod' AS env, 'a' AS cluster, 'three' AS name, 5432 "
        "AS port, '' AS on_call, '{}'::text[] AS labels, true AS live");
    o.clock.advance(61s);  // not an hour: it had failed
    o.registry.look();
    CHECK(o.paths() == names{"prod/a/three"});
    CHECK(o.problems().empty());
}

TEST_CASE("an inventory can neither write nor have a password sent to a host of its own") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql(
        "CREATE TABLE dbs (n int); CREATE FUNCTION grow() RETURNS text LANGUAGE sql AS "
        "$$ INSERT INTO public.dbs VALUES (1) RETURNING 'prod' $$");
    const temporary_directory folder;
    registry_options given;
    given.credentials = {monitor()};
    given.credentials.front().role = "postgres";
    inventory from;
    from.where = database("inventory", "postgres", server.host());
    from.where.port = server.port();
    from.query = "SELECT public.grow() AS env";
    given.inventory = from;
    office o(folder.path(), given);
    o.registry.look();
    says(o.problems(), "read-only");
    CHECK(server.psql("SELECT count(*) FROM dbs") == "0");

    given.inventory->query =
        "SELECT 'prod' AS env, 'a' AS cluster, 'x' AS database, "
        "'10.6.6.6' AS host, 'monitor' AS credential, 'hunter2' AS password";
    const temporary_directory second;
    office p(second.path(), given);
    p.registry.look();
    says(p.problems(), "inventory: row 1: passwords are not written here");
    given.inventory->query =
        "SELECT 'prod' AS env, 'a' AS cluster, 'x' AS database, "
        "'10.6.6.6' AS host, 'monitor' AS credential";
    const temporary_directory third;
    office q(third.path(), given);
    q.registry.look();
    CHECK(q.paths().empty());
    says(q.problems(), "may not be used for 10.6.6.6:5432");
}
