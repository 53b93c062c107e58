// Calls go to the Ollama that is chosen when they begin, and nothing of another one is believed.
#include "support/catch.hpp"
#include "support_proxy.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

const std::string use = post("/api/generate", R"({"model":"work","prompt":"a","stream":false})");

std::string address_of(const scripted_upstream& upstream) {
    return "127.0.0.1:" + std::to_string(upstream.port());
}

/// Answers each call with its name, and says of each model that it runs at `remote_host`.
struct ollama {
    explicit ollama(std::string name, std::string remote_host = "")
        : at([name, remote_host, this](const seen_request& request, raw_socket& to) {
              if (request.first_line().starts_with("POST /api/show")) {
                  ++asked;
                  return to.send(sized_reply(R"({"remote_host":")" + remote_host + R"("})"));
              }
              return to.send(
                  sized_reply(R"({"model":"work","done":true,"response":")" + name + R"("})"));
          }) {}
    std::atomic<int> asked{0};
    scripted_upstream at;
};

struct two_ollamas {
    explicit two_ollamas(std::string second_is_remote = "")
        : second("second", std::move(second_is_remote)),
          f([this](const seen_request& request, raw_socket& to) { return first(request, to); }, {},
            &permissions) {}

    void choose(const scripted_upstream& upstream) {
        f.settings.upstream.set({"127.0.0.1", upstream.port()});
    }
    static std::string ask(raw_socket& client) {
        client.send(use);
        return client.read_reply();
    }

    std::atomic<bool> first_is_remote{false};
    std::atomic<bool> show_waits{false};
    turnstile go_on;
    std::atomic<int> asked{0};
    ollama second;
    state::permissions permissions;
    proxy_fixture f;

  private:
    bool first(const seen_request& request, raw_socket& to) {
        if (request.first_line().starts_with("POST /api/show")) {
            ++asked;
            if (show_waits) go_on.wait();
            return to.send(sized_reply(
                first_is_remote ? R"({"remote_host":"https://ollama.com:443"})" : "{}"));
        }
        return to.send(sized_reply(R"({"model":"work","done":true,"response":"first"})"));
    }
};

}  // namespace

TEST_CASE("the next call goes to the upstream that was chosen, on a connection to it") {
    two_ollamas both;
    auto client = both.f.connect();
    CHECK(both.ask(client).find("first") != std::string::npos);
    both.choose(both.second.at);
    CHECK(both.ask(client).find("second") != std::string::npos);
    CHECK(both.ask(client).find("second") != std::string::npos);
    both.choose(both.f.upstream);
    CHECK(both.ask(client).find("first") != std::string::npos);

    const auto lines = both.f.lines(4);
    CHECK(lines[0].upstream == address_of(both.f.upstream));
    CHECK(lines[1].upstream == address_of(both.second.at));
    CHECK(lines[3].upstream == address_of(both.f.upstream));
    for (const auto& request : both.second.at.requests()) {
        CHECK(request.head.find("Host: " + address_of(both.second.at)) != std::string::npos);
    }
}

TEST_CASE("a call that has begun stays where it is, and leaves no connection to the old place") {
    two_ollamas both;
    both.show_waits = true;
    auto early = both.f.connect();
    auto late = both.f.connect();
    early.send(use);
    eventually([&] { return both.asked == 1; });
    both.choose(both.second.at);
    CHECK(both.ask(late).find("second") != std::string::npos);
    both.go_on.open();
    // What the first one said of the model counts for the first one only.
    CHECK(early.read_reply().find("first") != std::string::npos);
    CHECK(both.f.lines(2)[1].upstream == address_of(both.f.upstream));
    CHECK(both.ask(early).find("second") != std::string::npos);
}

TEST_CASE("where a model runs is asked of the upstream that was chosen") {
    two_ollamas both("https://ollama.com:443");
    auto client = both.f.connect();
    CHECK(both.ask(client).starts_with("HTTP/1.1 200 "));
    both.choose(both.second.at);
    CHECK(both.ask(client).starts_with("HTTP/1.1 403 "));
    CHECK(both.second.asked == 1);
}

TEST_CASE("what the old upstream says late is not believed of the new one") {
    two_ollamas both("https://ollama.com:443");
    both.show_waits = true;
    auto early = both.f.connect();
    early.send(use);
    eventually([&] { return both.asked == 1; });
    both.choose(both.second.at);
    auto late = both.f.connect();
    CHECK(both.ask(late).starts_with("HTTP/1.1 403 "));
    both.go_on.open();
    CHECK(early.read_reply().find("first") != std::string::npos);
    CHECK(both.ask(late).starts_with("HTTP/1.1 403 "));
}

TEST_CASE("what the new upstream says is not believed of the old one") {
    two_ollamas both;
    both.first_is_remote = true;
    auto early = both.f.connect();
    early.send(use.substr(0, use.size() - 1));
    eventually([&] { return both.f.counters.requests == 1; });
    both.choose(both.second.at);
    auto late = both.f.connect();
    CHECK(both.ask(late).starts_with("HTTP/1.1 200 "));
    early.send(use.substr(use.size() - 1));
    CHECK(early.read_reply().starts_with("HTTP/1.1 403 "));
}

TEST_CASE("the status is of the upstream that was chosen, also without a call") {
    two_ollamas both;
    both.f.upstream.set_loaded(R"({"models":[{"name":"old:1b","size":1}]})");
    both.f.server.look_at_upstream();
    eventually([&] { return both.f.board.current()->loaded.size() == 1; });
    both.choose(both.second.at);
    both.f.server.look_at_upstream();
    eventually([&] {
        const auto status = both.f.board.current();
        return status->address == address_of(both.second.at) && status->reachable;
    });
    CHECK(both.f.board.current()->loaded.empty());
}
