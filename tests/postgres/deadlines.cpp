#include "postgres/connection.hpp"
#include "postgres/server.hpp"

#include <sys/socket.h>

#include <array>
#include <thread>
#include <unistd.h>

using namespace tallyfs::postgres;
using namespace tallyfs::test;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

TEST_CASE("a server that hangs holds nobody up beyond the deadline, connected or not") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    const auto on = connection::open(at(server), short_limits());
    REQUIRE(on.has_value());
    server.freeze();
    auto start = steady::now();
    const auto read = (*on)->read("SELECT 1");
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().connection_lost);
    CHECK(since(start) >= milliseconds(950));
    CHECK(since(start) < milliseconds(1'500));
    start = steady::now();
    CHECK((*on)->read("SELECT 1").error().connection_lost);
    CHECK(since(start) < milliseconds(100));

    start = steady::now();
    const auto opened = connection::open(at(server), short_limits());
    REQUIRE_FALSE(opened.has_value());
    CHECK(since(start) >= milliseconds(950));
    CHECK(since(start) < milliseconds(1'500));
    CHECK(opened.error().what.find("no answer in time") != std::string::npos);
    server.thaw();
    CHECK(connection::open(at(server), short_limits()).has_value());
}

TEST_CASE("a server that stops in the middle of an answer ends within the deadline") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    const auto on = connection::open(at(server), {milliseconds(1'500), milliseconds(200),
                                                  milliseconds(1'000), milliseconds(500)});
    REQUIRE(on.has_value());
    const auto start = steady::now();
    std::thread stopper([&] {
        ::usleep(300'000);
        server.freeze();
    });
    const auto rows =
        (*on)->read("SELECT repeat('x', 10000), pg_sleep(0.0005) FROM generate_series(1, 5000)");
    stopper.join();
    REQUIRE_FALSE(rows.has_value());
    CHECK(rows.error().connection_lost);
    CHECK(since(start) < milliseconds(2'500));
}

TEST_CASE("what runs can be ended from another thread at once") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    const auto on = connection::open(at(server), {milliseconds(20'000)});
    REQUIRE(on.has_value());
    const auto start = steady::now();
    std::thread ender([&] {
        server.wait_until(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND"
            " application_name = 'tallyfs'",
            "1");
        (*on)->abandon();
    });
    const auto rows = (*on)->read("SELECT pg_sleep(15)");
    ender.join();
    REQUIRE_FALSE(rows.has_value());
    CHECK(rows.error().connection_lost);
    CHECK(since(start) < milliseconds(5'000));
}

TEST_CASE("giving up a connection that the server ended touches nobody else's descriptor") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    const auto on = connection::open(at(server), short_limits());
    REQUIRE(on.has_value());
    server.psql("SELECT pg_terminate_backend(" + std::to_string((*on)->pid()) + ")");
    const auto ended = (*on)->read("SELECT 1");
    REQUIRE_FALSE(ended.has_value());
    CHECK(ended.error().connection_lost);
    CHECK(ended.error().what.starts_with("the server ended the session"));
    // They get the numbers that have become free.
    std::array<std::array<int, 2>, 4> pairs{};
    for (auto& pair : pairs) {
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) == 0);
    }
    (*on)->abandon();
    for (auto& pair : pairs) {
        char got = 0;
        CHECK(::send(pair[0], "x", 1, MSG_NOSIGNAL) == 1);
        CHECK(::recv(pair[1], &got, 1, MSG_DONTWAIT) == 1);
        ::close(pair[0]);
        ::close(pair[1]);
    }
}

TEST_CASE("connecting is given up when nobody needs it any more") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.freeze();
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], "x", 1) == 1);
    const auto start = steady::now();
    CHECK_FALSE(connection::open(at(server), patience{}, ends[0]).has_value());
    CHECK(since(start) < milliseconds(500));
    ::close(ends[0]);
    ::close(ends[1]);
}
