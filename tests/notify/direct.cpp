// Direct messages, sent by the notifier as the daemon runs it, to a chat that answers as it should.
#include "notify/sample.hpp"
#include "proxy/support_upstream.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/notify/notifier.hpp>

using namespace tallyfs;
using namespace tallyfs::notify;
using tallyfs::notify::test::office;

namespace {

/// A request that the journal tells of, and who is asked about it.
struct asked {
    asked() {
        auto person = office::bea();
        person.chat = "UBEA";
        people = approval::people({office::anna(), std::move(person)});
        entry.request = office::sample_request();
        entry.steps.resize(entry.request.chain.steps.size());
        entry.changed = entry.request.created;
    }
    [[nodiscard]] notifier::parts parts(std::uint16_t port) {
        target to;
        to.name = "direct";
        to.format = *parse_format("slack-direct");
        to.address =
            *parse_web_address("http://127.0.0.1:" + std::to_string(port) + "/chat.postMessage");
        to.token = "a-token";
        notify::options given;
        given.targets = {to};
        return {given,
                {[this](std::uint32_t) { return std::optional(entry.request); }, people,
                 [](std::string_view, std::string_view) { return false; }, "http://tally.example"},
                actions,
                system_clock_source(),
                home.path() / "notify",
                [this](std::uint32_t) {
                    return ++looks < looks_before_it_is_there ? std::nullopt : std::optional(entry);
                },
                [](const state::answer& what) { return "signed-for-" + what.person; }};
    }

    tallyfs::test::temporary_directory home;
    journal::stream lines{home.path() / "actions", system_clock_source()};
    state::action_log actions{lines, home.path() / "actions.head", "host",
                              [](const record::action&) {}};
    approval::people people{{}};
    approval::entry entry;
    std::atomic<int> looks{0};
    static constexpr int looks_before_it_is_there = 3;
};

}  // namespace

TEST_CASE("a person is asked also where the journal tells of a request before it is there") {
    tallyfs::test::scripted_upstream chat(
        [](const tallyfs::test::seen_request&, tallyfs::test::raw_socket& to) {
            return to.send("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}");
        });
    asked world;
    notifier telling(world.parts(chat.port()));
    const approval::event opened = approval::request_opened{world.entry.request};
    REQUIRE(world.actions.record("approval.requested", "0042", {"anna", "uid", 1000},
                                 event_text(opened)));
    telling.start();
    tallyfs::test::eventually([&] { return chat.requests().size() == 1; });
    CHECK(world.looks >= asked::looks_before_it_is_there);
    const auto body = chat.requests()[0].body;
    CHECK(body.find("UBEA") != std::string::npos);
    CHECK(body.find("http://tally.example/answer/signed-for-bea") != std::string::npos);
    tallyfs::test::eventually([&] { return telling.targets()[0].sent == 1; });
    telling.stop();
}
