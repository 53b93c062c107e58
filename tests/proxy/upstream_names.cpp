// A name server that does not answer costs a call what connecting may take, and nobody more.
#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

#include <dlfcn.h>
#include <netdb.h>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view slow_name = "slow.example";
std::atomic<int> looked_up{0};
std::counting_semaphore<> answers{0};

/// Does not answer for slow_name until it is told to, or gone.
class slow_name_server {
  public:
    slow_name_server() {
        looked_up = 0;
        while (answers.try_acquire()) {
        }
    }
    ~slow_name_server() { answer(); }
    slow_name_server(const slow_name_server&) = delete;
    slow_name_server& operator=(const slow_name_server&) = delete;
    static void answer() { answers.release(1000); }
};

bool answer_ok(const seen_request&, raw_socket& to) {
    return to.send(sized_reply("{}"));
}

const std::string generate = post("/api/generate", R"({"model":"tiny","prompt":"hi"})");

std::vector<raw_socket> calls_to_slow_name(proxy_fixture& f, int count) {
    f.settings.upstream.set({std::string(slow_name), 1});
    std::vector<raw_socket> clients;
    for (int i = 0; i < count; ++i) {
        clients.push_back(f.connect());
        clients.back().send(generate);
    }
    return clients;
}

}  // namespace

/// In place of the C library's, for the whole program: Asio calls it on a thread of its own.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** found) {
    static const auto real =
        reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    ++looked_up;
    if (node == nullptr || node != slow_name) return real(node, service, hints, found);
    (void)answers.try_acquire_for(3 * patience);
    return EAI_AGAIN;
}

TEST_CASE("while a name is looked up calls end in their time, and those behind are not begun") {
    constexpr int calls = 20;
    proxy_fixture f(answer_ok, [](auto& options) { options.upstream_connect_max = 1s; });
    slow_name_server names;
    auto clients = calls_to_slow_name(f, calls);
    for (auto& client : clients) REQUIRE(client.read_reply().starts_with("HTTP/1.1 504 "));
    for (const auto& line : f.lines(calls)) CHECK(line.outcome == record::outcome::timeout);
    CHECK(looked_up == 1);
    names.answer();
    auto late = f.connect();
    late.send(generate);
    CHECK(late.read_reply().starts_with("HTTP/1.1 502 "));
    CHECK(looked_up < calls / 2);  // the last call's, and the watcher's
}

TEST_CASE("who goes, and who is cut at stop, does not wait for the name to be looked up") {
    proxy_fixture f(answer_ok, [](auto& options) { options.drain_max = 0s; });
    std::jthread stopper;
    slow_name_server names;
    auto clients = calls_to_slow_name(f, 3);
    eventually([&] { return f.open.count() == 3; });
    clients.front().close();
    CHECK(f.lines(1).front().outcome == record::outcome::client_gone);
    stopper = std::jthread([&] { f.server.stop(); });
    CHECK(f.lines(3)[1].error == "tallyfs stopped");
    CHECK(f.lines(3)[2].error == "tallyfs stopped");
}

TEST_CASE("an address is not looked up") {
    proxy_fixture f(answer_ok);
    slow_name_server names;
    auto client = f.connect();
    client.send(generate);
    CHECK(client.read_reply() == sized_reply("{}"));
    CHECK(looked_up == 0);
}
