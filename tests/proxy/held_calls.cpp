// Calls that a person is asked about, and what their clients send meanwhile.
#include "proxy/kernel_queues.hpp"
#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

#include <malloc.h>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

policy::rule_set only(std::string_view rule) {
    const std::vector<policy::named_text> texts{{"10-push", std::string(rule)}};
    return policy::rule_set::build(texts, nullptr).value();
}

std::string counted(std::size_t numbers) {
    std::string text;
    char number[16];
    for (std::size_t i = 0; i < numbers; ++i) {
        std::snprintf(number, sizeof number, "%8zu", i);
        text += number;
    }
    return text;
}

}  // namespace

TEST_CASE("what arrives while the body of a held call is sent on does not change that") {
    constexpr std::size_t buffer_bytes = 512u << 10;
    // Longer than the upstream of tests reads by itself.
    const auto body = counted(150'000);
    gate asked;
    gate head_is_there;
    gate read_on;
    std::string arrived;
    state::permissions permissions;
    permissions.set_rules(only("ask endpoint=/api/push wait=60"));
    permissions.on_question([&](const state::question&, const auto& answer) {
        answer({"0001-push", "step", ""});
        asked.open();
    });
    proxy_fixture f(
        [&](const seen_request&, raw_socket& to) {
            head_is_there.open();
            read_on.wait();
            arrived = to.read_exactly(body.size());
            return to.send(sized_reply("{}"));
        },
        [](auto& options) { options.head_bytes_max = buffer_bytes; }, &permissions);
    f.upstream.keep_little();

    // A head of more than half of the buffer: what follows it lies behind what is done with.
    auto client = f.connect();
    const auto own_port = port_of(client);
    const auto all_read = [&] { return unread_bytes(own_port, f.port) == 0; };
    client.send("POST /api/push HTTP/1.1\r\nHost: localhost\r\nConnection: x-long\r\nX-Long: " +
                std::string(buffer_bytes / 2, 'x') +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n");
    eventually(all_read);
    constexpr std::size_t at_first = 230'000;
    client.send("\r\n" + body.substr(0, at_first));
    asked.wait();
    eventually(all_read);
    permissions.set_rules(only("allow endpoint=/api/push"));
    head_is_there.wait();
    eventually([&] { return unread_bytes(0, f.upstream.port()) > 50'000; });

    std::jthread sender([&] { client.send(std::string_view(body).substr(at_first)); });
    std::size_t last = 0;
    do {  // until nobody takes anything
        last = unread_bytes(own_port, f.port);
        ::poll(nullptr, 0, 100);
    } while (unread_bytes(own_port, f.port) != last);
    read_on.open();
    CHECK(client.read_reply() == sized_reply("{}"));
    CHECK((arrived == body));
}

TEST_CASE("a connection that is cut while it ends after a failure leaves the failed call alone") {
    gate first_is_there;
    gate answer_first;
    gate asked;
    gate fail;
    state::permissions permissions;
    permissions.set_rules(only("ask endpoint=/api/push"));
    permissions.on_question([&](const state::question&, const auto&) {
        asked.open();
        fail.wait();
        throw std::runtime_error("nobody can be asked");
    });
    proxy_fixture f(
        [&](const seen_request&, raw_socket& to) {
            first_is_there.open();
            answer_first.wait();
            return to.send(sized_reply("{}"));
        },
        [](auto& options) { options.drain_max = 0s; }, &permissions);
    auto client = f.connect();
    client.send("GET /api/tags HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\n");
    first_is_there.wait();
    // Read while the first call runs: a read is pending when the second one fails.
    client.send(post("/api/push", "{}"));
    eventually([&] { return unread_bytes(port_of(client), f.port) == 0; });
    answer_first.open();
    CHECK(client.read_reply() == sized_reply("{}"));
    asked.wait();
    ::mallopt(M_PERTURB, 0x5a);  // what is freed is no object any more
    std::jthread stopper([&] { f.server.stop(); });
    ::poll(nullptr, 0, 100);  // the cut waits behind the call
    fail.open();
    stopper.join();
    ::mallopt(M_PERTURB, 0);
    const auto line = f.lines().at(0);
    CHECK(line.outcome == record::outcome::interrupted);
    CHECK(line.error == "the proxy failed");
}
