#include "proxy/replies.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE("an upstream that dies at any byte: ok is recorded if and only if the client has all") {
    const bool reset = GENERATE(false, true);
    for (const auto& r : dialect_replies()) {
        std::atomic<std::size_t> sent{0};
        proxy_fixture f([&](const seen_request&, raw_socket& to) {
            to.send(std::string_view(r.reply).substr(0, sent));
            if (reset) to.reset();
            return false;
        });
        for (; sent <= r.reply.size(); ++sent) {
            INFO(r.name << ", " << (reset ? "reset" : "closed") << " after " << sent << " of "
                        << r.reply.size());
            auto client = f.connect();
            client.send(r.request);
            const auto seen = read_reply_of(r, client);
            const auto line = f.next_line();
            if (!r.rewritten && !seen.own_error()) REQUIRE(r.reply.starts_with(seen.bytes));
            REQUIRE(seen.own_error() == (line.status == 502));
            if (r.is_all(seen)) {
                REQUIRE(line.outcome == r.outcome);
            } else {
                REQUIRE((line.outcome == record::outcome::truncated ||
                         line.outcome == record::outcome::upstream_error));
            }
        }
        REQUIRE(f.lines().size() == r.reply.size() + 1);
        eventually([&] { return f.open.count() == 0; });
    }
}

TEST_CASE("a reply that is sent in two parts arrives unchanged, wherever it is divided") {
    for (const auto& r : dialect_replies()) {
        std::atomic<std::size_t> first{1};
        turnstile go_on;
        proxy_fixture f([&](const seen_request&, raw_socket& to) {
            to.send(std::string_view(r.reply).substr(0, first));
            go_on.wait();
            to.send(std::string_view(r.reply).substr(first));
            return r.end != reply_end::connection;
        });
        for (; first < r.reply.size(); ++first) {
            INFO(r.name << ", divided after " << first << " of " << r.reply.size());
            auto client = f.connect();
            client.send(r.request);
            std::string before;
            // What the client can have of the first part shows that it was read by itself.
            if (!r.rewritten && first >= r.head_bytes()) before = client.read_exactly(first);
            go_on.open();
            const auto seen = read_reply_of(r, client, before);
            REQUIRE(r.is_all(seen));
            REQUIRE(f.next_line().outcome == r.outcome);
        }
    }
}

TEST_CASE("a reply that trickles in byte by byte arrives unchanged, and the next one as well") {
    for (const auto& r : dialect_replies()) {
        proxy_fixture f([&](const seen_request&, raw_socket& to) {
            for (const char c : r.reply) to.send({&c, 1});
            return r.end != reply_end::connection;
        });
        for (int i = 0; i < 3; ++i) {
            INFO(r.name);
            auto client = f.connect();
            client.send(r.request);
            REQUIRE(r.is_all(read_reply_of(r, client)));
            REQUIRE(f.next_line().outcome == r.outcome);
        }
    }
}
