#include "proxy/process_support.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <sys/resource.h>

#include <atomic>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <iterator>

namespace {

using tallyfs::proxy::connection_ends;
using tallyfs::proxy::local_process;
using tallyfs::proxy::process_finder;
using tallyfs::test::accepted_connection;
using tallyfs::test::child_process;
using tallyfs::test::connect_to;
using tallyfs::test::find;
using tallyfs::test::listening_socket;

std::string own_comm() {
    std::ifstream file("/proc/self/comm");
    std::string name;
    std::getline(file, name);
    return name;
}

void require_own_process(const std::optional<local_process>& found) {
    REQUIRE(found);
    CHECK(found->uid == ::getuid());
    CHECK(found->pid == ::getpid());
    CHECK(found->name == own_comm());
}

const std::string bash_client = "exec 3<>/dev/tcp/127.0.0.1/$1; read line";

bool has_ipv6_loopback() {
    try {
        const listening_socket listener("::1");
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

}  // namespace

TEST_CASE("a connection from this very process is found") {
    process_finder finder;
    const listening_socket listener("127.0.0.1");
    const auto client = connect_to("127.0.0.1", listener.port());
    require_own_process(find(finder, listener.accept().ends));
}

TEST_CASE("a connection over IPv6 is found") {
    if (!has_ipv6_loopback()) {
        WARN("skipped: this host has no IPv6 loopback address");
        return;
    }
    process_finder finder;
    const listening_socket listener("::1");
    const auto client = connect_to("::1", listener.port());
    require_own_process(find(finder, listener.accept().ends));
}

TEST_CASE("an IPv4 client of a socket that listens for both families is found") {
    if (!has_ipv6_loopback()) {
        WARN("skipped: this host has no IPv6 loopback address");
        return;
    }
    process_finder finder;
    const listening_socket listener("::");
    const auto client = connect_to("127.0.0.1", listener.port());
    const auto connection = listener.accept();
    CHECK(connection.ends.peer_address == "::ffff:127.0.0.1");
    require_own_process(find(finder, connection.ends));
}

TEST_CASE("a client that speaks IPv4 through a socket of the IPv6 family is found") {
    if (!has_ipv6_loopback()) {
        WARN("skipped: this host has no IPv6 loopback address");
        return;
    }
    process_finder finder;
    const listening_socket listener("127.0.0.1");
    const auto client = connect_to("::ffff:127.0.0.1", listener.port());
    const auto connection = listener.accept();
    CHECK(connection.ends.peer_address == "127.0.0.1");
    require_own_process(find(finder, connection.ends));
}

TEST_CASE("another program is found by its process and name") {
    process_finder finder;
    const listening_socket listener("127.0.0.1");
    const child_process client({"bash", "-c", bash_client, "-", std::to_string(listener.port())});
    const auto found = find(finder, listener.accept().ends);
    REQUIRE(found);
    CHECK(found->uid == ::getuid());
    CHECK(found->pid == client.pid());
    CHECK(found->name == "bash");
}

TEST_CASE("an interpreter is found under the name of its script") {
    process_finder finder;
    const listening_socket listener("127.0.0.1");
    const tallyfs::test::temporary_directory directory;
    const std::string port = std::to_string(listener.port());

    const std::string shell_script = directory.path() / "agent.sh";
    std::ofstream(shell_script) << bash_client;
    {
        const child_process client({"bash", shell_script, port});
        const auto found = find(finder, listener.accept().ends);
        REQUIRE(found);
        CHECK(found->pid == client.pid());
        CHECK(found->name == "agent.sh");
    }
    const std::string perl_script = directory.path() / "agent.pl";
    std::ofstream(perl_script) << "use Socket; socket(S, PF_INET, SOCK_STREAM, 0);"
                                  "connect(S, sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die $!;"
                                  "<STDIN>;";
    try {
        const child_process client({"perl", "-w", perl_script, port});
        const auto found = find(finder, listener.accept().ends);
        REQUIRE(found);
        CHECK(found->pid == client.pid());
        CHECK(found->name == "agent.pl");
    } catch (const std::runtime_error& error) {
        WARN("skipped: no Perl to run a script with (" << error.what() << ")");
    }
}

TEST_CASE("the user that a program runs as is told from ours") {
    if (::getuid() != 0) {
        WARN("skipped: only root can run a program as somebody else");
        return;
    }
    process_finder finder;
    const listening_socket listener("127.0.0.1");
    const child_process client({"setpriv", "--reuid=65534", "--clear-groups", "bash", "-c",
                                bash_client, "-", std::to_string(listener.port())});
    const auto found = find(finder, listener.accept().ends);
    REQUIRE(found);
    CHECK(found->uid == 65534U);
    CHECK(found->pid == client.pid());
}

TEST_CASE("a port that nobody holds, an address elsewhere and nonsense have no process") {
    process_finder finder;
    std::uint16_t free_port = 0;
    {
        const listening_socket listener("127.0.0.1");
        free_port = listener.port();
    }
    CHECK_FALSE(find(finder, {"127.0.0.1", free_port, "127.0.0.1", 11433}));
    CHECK_FALSE(find(finder, {"::1", free_port, "::1", 11433}));
    CHECK_FALSE(find(finder, {"192.0.2.7", 4711, "192.0.2.1", 11433}));
    CHECK_FALSE(find(finder, {"127.0.0.1", 4711, "::1", 11433}));
    CHECK_FALSE(find(finder, {"", 0, "", 0}));
    CHECK_FALSE(find(finder, {"not an address", 1, "127.0.0.1", 2}));
}

TEST_CASE("a socket that only listens on the peer's port is not mistaken for the client") {
    process_finder finder;
    const listening_socket listener("127.0.0.1");
    CHECK_FALSE(find(finder, {"127.0.0.1", listener.port(), "127.0.0.1", 11433}));
}

TEST_CASE("a client that closed its socket is nobody rather than root") {
    process_finder finder;
    const listening_socket listener("127.0.0.1");
    auto client = connect_to("127.0.0.1", listener.port());
    const auto connection = listener.accept();
    client.reset();
    CHECK_FALSE(find(finder, connection.ends));
}

TEST_CASE("a socket that a second process took over is found while its user is the maker's") {
    process_finder finder;
    const listening_socket listener("127.0.0.1");
    // The descriptor is left open for the program that starts, as careless programs do.
    auto client = connect_to("127.0.0.1", listener.port());
    REQUIRE(::fcntl(client.get(), F_SETFD, 0) == 0);
    const child_process heir({"bash", "-c", "read line"});
    client.reset();
    const auto found = find(finder, listener.accept().ends);
    REQUIRE(found);
    CHECK(found->uid == ::getuid());
    CHECK(found->pid == heir.pid());
}

TEST_CASE("every request is answered once, also when the finder ends before") {
    std::atomic<int> answers = 0;
    constexpr int requests = 3000;
    {
        process_finder finder;
        for (int i = 0; i < requests; ++i)
            finder.find({"127.0.0.1", 1, "127.0.0.1", 2}, [&](auto) { ++answers; });
    }
    CHECK(answers == requests);
}

TEST_CASE("a failure in what waits for an answer does not end the finder") {
    process_finder finder;
    finder.find({"127.0.0.1", 1, "127.0.0.1", 2},
                [](auto) { throw std::runtime_error("of this test"); });
    const listening_socket listener("127.0.0.1");
    const auto client = connect_to("127.0.0.1", listener.port());
    require_own_process(find(finder, listener.accept().ends));
}

TEST_CASE("500 connections are looked up quickly") {
    process_finder finder;
    const listening_socket listener("127.0.0.1");
    const child_process client({"bash", "-c",
                                "while read line; do exec 3<>/dev/tcp/127.0.0.1/$1; done", "-",
                                std::to_string(listener.port())});
    std::vector<double> times_us;
    constexpr std::size_t look_ups = 500;
    while (times_us.size() < look_ups) {
        client.say("next");
        const auto connection = listener.accept();
        const auto start = std::chrono::steady_clock::now();
        const auto found = find(finder, connection.ends);
        const std::chrono::duration<double, std::micro> time =
            std::chrono::steady_clock::now() - start;
        REQUIRE(found);
        REQUIRE(found->pid == client.pid());
        times_us.push_back(time.count());
    }
    std::sort(times_us.begin(), times_us.end());
    const double median_us = times_us[look_ups / 2];
    std::cout << "look-up of a local process: median " << median_us << " us, 99 of 100 within "
              << times_us[look_ups * 99 / 100] << " us\n";
    CHECK(median_us < 2000);
}
