#include "proxy/replies.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

bool answer(const seen_request& request, raw_socket& to) {
    return request.complete && to.send(sized_reply(request.first_line()));
}

const std::string body = R"({"model":"m","prompt":"hi"})";
const std::string chunked_fields =
    " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunked(std::string_view target) {
    return "POST " + std::string(target) + chunked_fields + chunk(body.substr(0, 9)) +
           chunk(body.substr(9)) + "0\r\n\r\n";
}

/// Requests of every framing, and where in their text each of them ends.
struct pipeline {
    std::string text;
    std::vector<std::size_t> ends;
    std::vector<std::string> lines;
    void add(const std::string& request) {
        text += request;
        ends.push_back(text.size());
        lines.push_back(request.substr(0, request.find("\r\n")));
    }
    pipeline() {
        add(post("/api/generate", body));
        add("GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n");
        add(chunked("/api/chat"));
        add("POST /api/embed" + chunked_fields + "0\r\n\r\n");
        add(chunked("/api/create"));
        add("POST /api/copy" + chunked_fields + "0\r\n\r\n");
        add(post("/api/create", body));
        add("HEAD /two HTTP/1.1\r\nHost: localhost\r\n\r\n");
        add("GET /three HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    /// Reads the replies to requests `from` to `to`; each says which request it answers.
    void check_replies(raw_socket& client, std::size_t from, std::size_t to) const {
        for (; from < to; ++from) {
            const bool head = lines[from].starts_with("HEAD ");
            const auto expected = sized_reply(lines[from]);
            const auto reply = head ? client.read_until("\r\n\r\n") : client.read_reply();
            REQUIRE(reply == (head ? expected.substr(0, expected.find("\r\n\r\n") + 4) : expected));
        }
    }
    /// How many requests end within so many bytes.
    [[nodiscard]] std::size_t whole(std::size_t bytes) const {
        return static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), bytes) -
                                        ends.begin());
    }
};

bool answer_pipeline(const seen_request& request, raw_socket& to) {
    auto reply = sized_reply(request.first_line());
    if (request.head.starts_with("HEAD ")) reply.resize(reply.find("\r\n\r\n") + 4);
    return to.send(reply);
}

}  // namespace

TEST_CASE("several requests in one packet are answered in order, wherever the packet is divided") {
    const pipeline all;
    proxy_fixture f(answer_pipeline);
    auto client = f.connect();
    client.send(all.text);
    all.check_replies(client, 0, all.ends.size());
    for (std::size_t first = 1; first < all.text.size(); ++first) {
        INFO("divided after " << first << " of " << all.text.size());
        client.send(std::string_view(all.text).substr(0, first));
        const auto whole = all.whole(first);
        all.check_replies(client, 0, whole);
        client.send(std::string_view(all.text).substr(first));
        all.check_replies(client, whole, all.ends.size());
    }
    for (const char c : all.text) client.send({&c, 1});
    all.check_replies(client, 0, all.ends.size());
    CHECK(f.counters.connections_accepted == 1);
}

TEST_CASE("a client that leaves at any byte of its request has asked nothing") {
    const bool reset = GENERATE(false, true);
    proxy_fixture f(answer);
    for (const auto& request : {post("/api/generate", body), chunked("/api/chat"),
                                post("/api/create", body), chunked("/api/create")}) {
        const auto head = request.find("\r\n\r\n") + 4;
        for (std::size_t sent = 0; sent < request.size(); ++sent) {
            INFO(request.substr(0, request.find("\r\n")) << ", left after " << sent);
            const auto lines = f.lines_so_far();
            auto client = f.connect();
            eventually([&] { return f.counters.connections_open == 1; });
            client.send(std::string_view(request).substr(0, sent));
            reset ? client.reset() : client.close();
            eventually([&] { return f.counters.connections_open == 0; });
            // A reset can overtake what was sent: then less of the request was seen.
            const auto recorded = f.lines_so_far() - lines;
            if (!reset) REQUIRE(recorded == (sent < head ? 0 : 1));
            REQUIRE(recorded <= (sent < head ? 0U : 1U));
            if (recorded > 0) REQUIRE(f.next_line().outcome == record::outcome::client_gone);
        }
    }
    for (const auto& seen : f.upstream.requests()) CHECK_FALSE(seen.complete);
    CHECK(f.open.count() == 0);
}

TEST_CASE("a client that leaves at any byte of a reply is gone, unless it had everything") {
    for (const auto& r : dialect_replies()) {
        std::atomic<std::size_t> given{0};
        turnstile sent;
        proxy_fixture f([&](const seen_request&, raw_socket& to) {
            to.send(std::string_view(r.reply).substr(0, given));
            sent.open();
            to.read_to_end();  // until the proxy gives up, because its client has left
            return false;
        });
        for (; given < r.reply.size(); ++given) {
            INFO(r.name << ", left after " << given << " of " << r.reply.size());
            {
                auto client = f.connect();
                client.send(r.request);
                sent.wait();
                if (!r.rewritten && given >= r.head_bytes()) client.read_exactly(given);
            }
            const auto outcome = f.next_line().outcome;
            const bool had_all = given >= r.needed_bytes();
            if (!had_all) REQUIRE(outcome == record::outcome::client_gone);
            if (had_all && !r.rewritten) REQUIRE(outcome == r.outcome);
        }
        eventually([&] { return f.open.count() == 0 && f.counters.connections_open == 0; });
    }
}

TEST_CASE("a client that sends its head drop by drop is told that it took too long") {
    proxy_fixture f(answer,
                    [](auto& options) { options.client_head_max = std::chrono::seconds(1); });
    auto client = f.connect();
    client.send("GET /x HTTP/1.1\r\nX: ");
    eventually([&] {
        client.send("x");
        return client.readable_now();
    });
    CHECK(client.read_to_end().starts_with("HTTP/1.1 408 "));
    CHECK(f.lines_so_far() == 0);
}
