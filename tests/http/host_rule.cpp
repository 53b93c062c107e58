#include "support/catch.hpp"

#include <tallyfs/http/host_rule.hpp>

using namespace tallyfs::http;

TEST_CASE("the Host rule is Ollama's") {
    const own_names own{"workhorse", [](const boost::asio::ip::address& a) {
                            return a.to_string() == "203.0.113.9";
                        }};
    for (const auto* host : {"",
                             "localhost",
                             "LOCALHOST:11433",
                             "workhorse",
                             "Workhorse:1",
                             "a.localhost",
                             "b.local",
                             "host.docker.internal",
                             "127.0.0.1",
                             "127.8.8.8:1",
                             "[::1]",
                             "[::1]:11433",
                             "::1",
                             "0.0.0.0",
                             "10.1.2.3",
                             "172.16.0.1",
                             "172.31.255.1:80",
                             "192.168.1.7",
                             "fd00::1",
                             "[fd12::1]:1",
                             "::ffff:10.0.0.1",
                             "203.0.113.9:11433"}) {
        INFO(host);
        CHECK(host_allowed(host, own));
    }
    for (const auto* host : {"evil.example",
                             "8.8.8.8",
                             "ollama",
                             "172.32.0.1",
                             "localhost.evil.example",
                             "local",
                             "127.0.0.1.",
                             "foo.localhost.",
                             "2001:db8::1",
                             "[2001:db8::1]:80",
                             "127.0.0.1.nip.io",
                             "localhost, evil.example",
                             "localhost evil.example",
                             "evil.example@localhost",
                             "localhost@evil.example",
                             "evil.example/.localhost",
                             "evil.example?.localhost",
                             "evil.example#.localhost",
                             "evil.example\\.localhost",
                             "localhost:evil.example",
                             "localhost:80:80",
                             "[::1].evil.example",
                             "[::1]evil",
                             "[::1",
                             "[::1]:80x",
                             "[localhost"}) {
        INFO(host);
        CHECK_FALSE(host_allowed(host, own));
    }
    CHECK_FALSE(this_machine().hostname.empty());
}
