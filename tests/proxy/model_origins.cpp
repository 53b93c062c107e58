// Where a model runs is what the upstream says of it now, whatever it said before.
#include "support/catch.hpp"
#include "support_proxy.hpp"

#include <atomic>
#include <thread>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

/// An Ollama whose model "work" runs elsewhere from the moment at which a copy is let through.
struct changing_upstream {
    std::atomic<bool> elsewhere{false};
    std::atomic<bool> copying{false};
    std::atomic<bool> copy_may_end{false};
    std::atomic<bool> show_may_end{true};
    std::atomic<int> asked{0};

    bool answer(const seen_request& request, raw_socket& to) {
        if (request.first_line().starts_with("POST /api/show")) {
            const bool here = !elsewhere;
            ++asked;
            while (!show_may_end) std::this_thread::yield();
            return to.send(sized_reply(here ? R"({"details":{}})"
                                            : R"({"remote_host":"https://ollama.com:443"})"));
        }
        if (request.first_line().starts_with("POST /api/copy")) {
            copying = true;
            while (!copy_may_end) std::this_thread::yield();
            elsewhere = true;
            return to.send(sized_reply("{}"));
        }
        return to.send(sized_reply(R"({"model":"work","done":true})"));
    }
    [[nodiscard]] scripted_upstream::script script() {
        return [this](const seen_request& request, raw_socket& to) { return answer(request, to); };
    }
};

const std::string use = post("/api/generate", R"({"model":"work","prompt":"a","stream":false})");
const std::string copy = post("/api/copy", R"({"source":"a-cloud","destination":"work"})");

std::string status_of(raw_socket& client, const std::string& request) {
    client.send(request);
    return client.read_reply().substr(9, 3);
}

}  // namespace

TEST_CASE("where a model runs is asked before its first use, and not for each call") {
    changing_upstream ollama;
    const state::permissions permissions;
    proxy_fixture f(ollama.script(), {}, &permissions);
    auto client = f.connect();
    for (int i = 0; i < 5; ++i) CHECK(status_of(client, use) == "200");
    CHECK(ollama.asked == 1);
    CHECK(f.lines(5)[0].upstream == "127.0.0.1:" + std::to_string(f.upstream.port()));
}

TEST_CASE("a model that is given away while it is used is asked for again") {
    changing_upstream ollama;
    const state::permissions permissions;
    proxy_fixture f(ollama.script(), {}, &permissions);
    auto user = f.connect();
    CHECK(status_of(user, use) == "200");
    auto copier = f.connect();
    copier.send(copy);
    eventually([&] { return ollama.copying.load(); });
    // Still at home; but what is said of it in this moment is not believed afterwards.
    CHECK(status_of(user, use) == "200");
    ollama.copy_may_end = true;
    CHECK(copier.read_reply().starts_with("HTTP/1.1 200 "));
    // Answered is not yet ended: as soon as it has, and from then on, the model is elsewhere.
    CHECK(status_of(user, use) == "403");
    CHECK(status_of(user, use) == "403");
    const auto lines = f.lines(5);
    CHECK(lines.back().outcome == record::outcome::refused);
    CHECK(lines.back().upstream == "https://ollama.com:443");
}

TEST_CASE("what was said of a model before it was given away is not believed afterwards") {
    changing_upstream ollama;
    ollama.show_may_end = false;
    ollama.copy_may_end = true;
    const state::permissions permissions;
    proxy_fixture f(ollama.script(), {}, &permissions);
    auto user = f.connect();
    auto copier = f.connect();
    user.send(use);
    eventually([&] { return ollama.asked == 1; });
    CHECK(status_of(copier, copy) == "200");
    CHECK(f.lines(1)[0].endpoint == "/api/copy");
    ollama.show_may_end = true;
    CHECK(user.read_reply().starts_with("HTTP/1.1 200 "));
    CHECK(status_of(user, use) == "403");
}

TEST_CASE("a reply that comes from elsewhere is recorded so, and was the last one") {
    const bool stream = GENERATE(false, true);
    const std::string body =
        R"({"model":"big","remote_host":"https://ollama.com:443","response":"a","done":true})";
    const state::permissions permissions;
    proxy_fixture f(
        [&](const seen_request& request, raw_socket& to) {
            if (request.first_line().starts_with("POST /api/show")) {
                return to.send(sized_reply(R"({"details":{}})"));
            }
            if (!stream) return to.send(sized_reply(body));
            return to.send(std::string(ndjson_head) + chunk(body + "\n") + "0\r\n\r\n");
        },
        {}, &permissions);
    auto client = f.connect();
    CHECK(status_of(client, use) == "200");
    CHECK(f.lines(1)[0].upstream == "https://ollama.com:443");
    auto next = f.connect();
    CHECK(status_of(next, use) == "403");
}
