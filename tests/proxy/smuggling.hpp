// Requests that two servers could read differently, and what must become of each: refused and the
// connection closed, or forwarded as one request that only the proxy has framed.
// Vectors: RFC 9112, sections 2.2, 3, 5, 6, 7 and 11.2; docs/security.md, "Requests".
#pragma once

#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

#include <initializer_list>

namespace tallyfs::test {

/// In place of a status: not answered, because it never becomes a whole request.
inline constexpr int forwarded = 0;
inline constexpr int incomplete = -1;

struct smuggling_vector {
    std::string name;
    std::string bytes;
    int status;          ///< that it is refused with, or `forwarded` or `incomplete`
    std::string head{};  ///< forwarded: what the upstream sees, UP for its address; no empty line
    std::string body{};  ///< forwarded: as it comes over the wire
};

/// A request with a body, sent once to a route whose body is read whole and once to one whose
/// body passes through.
struct body_vector {
    std::string name;
    std::string rest;  ///< what follows the Host field: fields, empty line, body
    int status;
    std::vector<std::string> chunks{};  ///< forwarded: the chunks that the proxy writes …
    bool sized = false;                 ///< … or, where the client gave a length, one sized body
};

/// Follows everything in one packet: a proxy that finds the end of the request too early serves it.
inline constexpr std::string_view smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// One proxy for a whole table.
class smuggling_table {
  public:
    void run(std::initializer_list<smuggling_vector> vectors) {
        for (const auto& v : vectors) run_one(v);
    }

    void run_bodies(std::initializer_list<body_vector> vectors) {
        for (const auto& v : vectors) {
            for (const std::string target : {"/api/chat", "/api/create"}) run_body(v, target);
        }
    }

    void run_one(const smuggling_vector& v) {
        INFO(v.name);
        auto client = f_.connect();
        client.send(v.bytes);
        if (v.status == forwarded) {
            check_forwarded(v, client);
            return;
        }
        if (v.status == incomplete) {
            client.shutdown_write();
            CHECK(client.read_to_end().empty());
        } else {
            client.send(smuggled);
            std::string reply;
            CHECK_NOTHROW(reply = client.read_to_end());
            check_refused(v.status, reply);
        }
        check_nothing_whole();
    }

  private:
    static bool answer(const seen_request& request, raw_socket& to) {
        return request.complete && to.send(sized_reply("{}"));
    }

    void run_body(const body_vector& v, const std::string& target) {
        const auto first_line = "POST " + target + " HTTP/1.1\r\n";
        std::string whole;
        std::string chunks;
        for (const auto& c : v.chunks) {
            whole += c;
            chunks += chunk(c);
        }
        const bool read_whole = target == "/api/chat";
        const bool sized = v.sized || read_whole;
        run_one({.name = v.name + " (" + target + ")",
                 .bytes = first_line + "Host: localhost\r\n" + v.rest,
                 .status = v.status,
                 .head = first_line + "Host: UP\r\n" +
                         (sized ? "Content-Length: " + std::to_string(whole.size()) + "\r\n"
                                : std::string("Transfer-Encoding: chunked\r\n")),
                 .body = sized ? whole : chunks + "0\r\n\r\n"});
    }

    /// Whatever else had reached the upstream's connection stands before the next request there.
    void check_forwarded(const smuggling_vector& v, raw_socket& client) {
        const auto reply = client.read_reply();
        CHECK(reply.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(reply.ends_with("\r\n\r\n{}"));
        auto other = f_.connect();
        other.send("GET /probe HTTP/1.1\r\nHost: localhost\r\n\r\n");
        CHECK(other.read_reply() == sized_reply("{}"));
        const auto seen = whole_requests();
        const auto before = std::exchange(expected_, expected_ + 2);
        REQUIRE(seen.size() == expected_);
        CHECK(seen[before].head == named(v.head) + "\r\n");
        CHECK(seen[before].body == v.body);
        CHECK(seen[before + 1].head == named("GET /probe HTTP/1.1\r\nHost: UP\r\n\r\n"));
        CHECK(seen[before + 1].connection == seen[before].connection);
    }

    static void check_refused(int status, const std::string& reply) {
        CHECK(reply.starts_with("HTTP/1.1 " + std::to_string(status) + " "));
        CHECK(reply.find("\r\nConnection: close\r\n") != std::string::npos);
        CHECK(reply.find("HTTP/1.1 ", 1) == std::string::npos);  // one answer, not two
    }

    void check_nothing_whole() const {
        const auto seen = whole_requests();
        for (auto at = expected_; at < seen.size(); ++at) FAIL_CHECK(seen[at].head);
    }

    /// What never ended does not count: the proxy had to begin it before it could know.
    [[nodiscard]] std::vector<seen_request> whole_requests() const {
        auto seen = f_.upstream.requests();
        std::erase_if(seen, [](const seen_request& r) { return !r.complete; });
        return seen;
    }

    [[nodiscard]] std::string named(std::string head) const {
        if (const auto at = head.find("Host: UP"); at != std::string::npos) {
            head.replace(at + 6, 2, "127.0.0.1:" + std::to_string(f_.upstream.port()));
        }
        return head;
    }

    proxy_fixture f_{answer};
    std::size_t expected_ = 0;  ///< whole requests that the upstream should have seen
};

}  // namespace tallyfs::test
