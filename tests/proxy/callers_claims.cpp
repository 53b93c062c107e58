#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

#include <set>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

bool answer(const seen_request&, raw_socket& to) {
    return to.send(sized_reply(R"({"model":"m","response":"a","done":true})"));
}

const std::string body = R"({"model":"m","prompt":"hi"})";

}  // namespace

TEST_CASE("whoever claims to be another service keeps its own principal") {
    proxy_fixture f(answer, [](auto& options) {
        options.process_wait_max = 5s;
        options.callers.keys = {{"n8n", "the key of n8n"}};
    });
    auto client = f.connect();
    const auto ask = [&](const std::string& target, const std::string& fields) {
        client.send(post(target, body, fields));
        client.read_reply();
        return f.next_line();
    };
    const auto plain = ask("/api/generate", "");
    REQUIRE_FALSE(plain.principal.empty());
    REQUIRE_FALSE(plain.principal.starts_with("key:"));
    const struct {
        std::string target;
        std::string fields;
        std::string service;
    } claims[] = {
        {"/api/generate", "X-Service: n8n\r\n", "n8n"},
        {"/as/n8n/api/generate", "", "n8n"},
        {"/as/n8n/nightly/api/generate", "X-Service: other\r\n", "n8n"},
        {"/as/key:n8n/api/generate", "", "key:n8n"},
        {"/as/uid:0/api/generate", "X-Task: uid:0\r\n", "uid:0"},
        {"/api/generate", "X-Service: n8n\r\nX-Principal: key:n8n\r\n", "n8n"},
        {"/api/generate", "X-Service: n8n\r\nX-Forwarded-For: 10.0.0.1\r\n", "n8n"},
        {"/api/generate", "X-Service: n8n\r\nForwarded: for=10.0.0.1\r\n", "n8n"},
        {"/api/generate", "X-Service: n8n\r\nX-Api-Key: the key\r\n", "n8n"},
        {"/api/generate", "X-Service: n8n\r\nAuthorization: Bearer n8n\r\n", "n8n"},
        {"/api/generate", "X-Service: n8n\r\nAuthorization: Basic the key of n8n\r\n", "n8n"},
    };
    for (const auto& c : claims) {
        INFO(c.target << " " << c.fields);
        const auto line = ask(c.target, c.fields);
        CHECK(line.service == c.service);
        CHECK(line.principal == plain.principal);
        CHECK(line.process == plain.process);
        CHECK(line.client == plain.client);
    }
    const auto known = ask("/api/generate", "X-Service: other\r\nX-Api-Key: the key of n8n\r\n");
    CHECK(known.service == "other");
    CHECK(known.principal == "key:n8n");
    // Ollama would send it on to where a cloud model runs.
    const auto got = [requests = f.upstream.requests()](const std::string& field) {
        return std::ranges::any_of(requests, [&](const seen_request& one) {
            return one.head.find("\r\n" + field + "\r\n") != std::string::npos;
        });
    };
    CHECK(got("X-Api-Key: the key"));
    CHECK_FALSE(got("X-Api-Key: the key of n8n"));
    CHECK(ask("/api/generate", "X-Service: other\r\n").principal == plain.principal);
}

TEST_CASE("names that callers invent are bounded, and each call is recorded under one") {
    constexpr std::size_t calls = 3000;
    proxy_fixture f(answer);
    auto client = f.connect();
    for (std::size_t i = 0; i < calls; ++i) {
        const auto n = std::to_string(i);
        client.send(post("/as/s" + n + "/t" + n + "/api/generate",
                         R"({"model":"m)" + n + R"(","prompt":"hi"})"));
        client.read_reply();
    }
    std::set<std::string> services;
    std::set<std::string> tasks;
    std::set<std::string> models;
    for (const auto& line : f.lines(calls)) {
        services.insert(line.service);
        tasks.insert(*line.task);
        models.insert(*line.model);
    }
    for (const auto* names : {&services, &tasks, &models}) {
        CHECK(names->size() <= 1001);
        CHECK(names->size() >= 1000);  // the name that answered has a place among the models
        CHECK(names->contains("(other)"));
    }
    // Who was there before keeps its name.
    client.send(post("/as/s7/t7/api/generate", body));
    client.read_reply();
    CHECK(f.lines(calls + 1).back().service == "s7");
}

TEST_CASE("a page that has rebound its name is refused, whatever it says it is") {
    proxy_fixture f(answer);
    const auto port = ":" + std::to_string(f.port);
    for (const auto* fields : {"", "Origin: http://localhost\r\n",
                               "X-Forwarded-Host: localhost\r\n", "Forwarded: host=localhost\r\n",
                               "X-Host: localhost\r\n", "Sec-Fetch-Site: same-origin\r\n"}) {
        INFO(fields);
        const auto foreign = "Host: evil.example" + port + "\r\nOrigin: http://evil.example" + port;
        CHECK(f.ask("GET /api/tags HTTP/1.1\r\n" + foreign + "\r\n" + fields + "\r\n")
                  .starts_with("HTTP/1.1 403 "));
        CHECK(f.ask("GET http://evil.example" + port + "/ HTTP/1.1\r\nHost: localhost\r\n" +
                    fields + "\r\n")
                  .starts_with("HTTP/1.1 403 "));
    }
    CHECK(f.upstream.requests().empty());
}

TEST_CASE("a foreign origin is left for the upstream to refuse") {
    proxy_fixture f(answer);
    const auto port = ":" + std::to_string(f.port);
    for (const auto& origin : {std::string("http://evil.example"), "https://localhost" + port,
                               "http://localhost" + port + ".evil.example",
                               "http://localhost" + port + "@evil.example", std::string("null")}) {
        auto client = f.connect();
        client.send("GET /api/tags HTTP/1.1\r\nHost: localhost" + port + "\r\nOrigin: " + origin +
                    "\r\n\r\n");
        client.read_reply();
        CHECK(f.upstream.requests().back().head.find("Origin: " + origin + "\r\n") !=
              std::string::npos);
    }
}

TEST_CASE("an idle connection keeps little of what its largest request needed") {
    constexpr int clients = 200;
    const auto large =
        post("/api/generate", R"({"model":"m","prompt":")" + std::string(60'000, 'p') + R"("})",
             "X-Filler: " + std::string(50'000, 'f') + "\r\n");
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        return to.send(sized_reply(R"({"model":"m","response":"a","done":true})",
                                   "X-Filler: " + std::string(50'000, 'f') + "\r\n"));
    });
    f.upstream.keep_requests = false;
    std::vector<raw_socket> idle;
    const auto use = [&](int count) {
        for (int i = 0; i < count; ++i) {
            idle.push_back(f.connect());
            idle.back().send(large);
            idle.back().read_reply();
        }
    };
    use(20);
    const auto before = resident_bytes();
    use(clients);
    CHECK(f.counters.connections_open == clients + 20);
    CHECK((!memory_counts() || (resident_bytes() - before) / clients < 32 * 1024));
}
