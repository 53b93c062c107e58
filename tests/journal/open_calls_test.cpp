#include "journal/open_calls_layout.hpp"
#include "journal_fixture.hpp"

#include <tallyfs/journal/open_calls.hpp>

#include <thread>

using namespace tallyfs;
using namespace tallyfs::test;
using journal::open_calls;
using namespace std::chrono_literals;

namespace {

record::call a_call(wall_time started) {
    record::call call;
    call.id = uuid::make(started);
    call.node = "workhorse";
    call.service = "n8n";
    call.task = "rank \xc3\xa4";
    call.service_from = record::service_source::header;
    call.principal = "uid:1000";
    call.client = "127.0.0.1:50412";
    call.process = "node";
    call.upstream = "127.0.0.1:11434";
    call.dialect = "openai";
    call.endpoint = "/v1/chat/completions";
    call.model = "qwen3:8b";
    call.stream = true;
    call.request_bytes = 1234;
    call.prompt_hash = "0123456789abcdef0123456789abcdef";
    call.options = R"({"num_ctx":8192})";
    return call;
}

const wall_time start_of_test = at("2026-11-20T11:00:00Z");

}  // namespace

TEST_CASE("an open call is listed with its names and progress, until its place is gone") {
    const temporary_directory home;
    open_calls table(home.path() / "open-calls", 16);
    const auto call = a_call(start_of_test);
    auto place = table.enter(call, start_of_test);
    REQUIRE(place);
    CHECK(table.count() == 1);
    REQUIRE(table.list().size() == 1);
    CHECK(table.list()[0].so_far == call);
    CHECK(table.list()[0].started == start_of_test);
    CHECK(table.list()[0].now == journal::phase::queued);
    place.progress().now = journal::phase::decoding;
    place.progress().output_tokens = 17;
    place.progress().response_bytes = 4096;
    place.progress().first_byte_us = 1500;
    const auto running = table.list()[0];
    CHECK(running.now == journal::phase::decoding);
    CHECK(running.so_far.output_tokens == 17);
    CHECK(running.so_far.tokens_from == record::tokens_from::estimated);
    CHECK(running.so_far.response_bytes == 4096);
    CHECK(running.so_far.first_byte_ms == 1500us);
    CHECK_FALSE(running.so_far.first_token_ms.has_value());
    auto moved = std::move(place);
    CHECK_FALSE(place);
    CHECK(table.count() == 1);
    moved = {};
    CHECK(table.count() == 0);
    CHECK(table.list().empty());
}

TEST_CASE("names are replaced as often as they become known, the start stays") {
    const temporary_directory home;
    open_calls table(home.path() / "open-calls", 16);
    auto call = a_call(start_of_test);
    auto place = table.enter(call, start_of_test);
    for (int i = 0; i < 10; ++i) {
        call.model = "model-" + std::to_string(i);
        call.stream = i % 2 == 0;
        place.update(call);
        CHECK(table.list()[0].so_far == call);
        CHECK(table.list()[0].started == start_of_test);
    }
}

TEST_CASE("the oldest call is listed first, whichever place it has") {
    const temporary_directory home;
    open_calls table(home.path() / "open-calls", 16);
    auto first = table.enter(a_call(start_of_test), start_of_test);
    auto second = table.enter(a_call(start_of_test + 1s), start_of_test + 1s);
    first = {};
    auto third = table.enter(a_call(start_of_test + 2s), start_of_test + 2s);
    const auto calls = table.list();
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].started == start_of_test + 1s);
    CHECK(calls[1].started == start_of_test + 2s);
}

TEST_CASE("a full table gives empty places, which take everything and keep nothing") {
    const temporary_directory home;
    open_calls table(home.path() / "open-calls", 2);
    auto a = table.enter(a_call(start_of_test), start_of_test);
    auto b = table.enter(a_call(start_of_test), start_of_test);
    auto none = table.enter(a_call(start_of_test), start_of_test);
    CHECK_FALSE(none);
    none.progress().output_tokens = 5;
    none.update(a_call(start_of_test));
    CHECK(table.count() == 2);
    a = {};
    CHECK(table.enter(a_call(start_of_test), start_of_test));
}

TEST_CASE("names at their limits keep who called; what has no room is left out whole") {
    const temporary_directory home;
    open_calls table(home.path() / "open-calls", 2);
    auto call = a_call(start_of_test);
    call.service = std::string(256, 's');
    call.principal = std::string(256, 'p');
    call.task = std::string(256, 't');
    call.model = std::string(512, 'm');
    call.options = "{\"stop\":\"" + std::string(400, 'o') + "\"}";
    auto place = table.enter(call, start_of_test);
    place.update(call);
    const auto listed = table.list()[0].so_far;
    CHECK(listed.service == call.service);
    CHECK(listed.principal == call.principal);
    CHECK(listed.id == call.id);
    CHECK((!listed.task || listed.task == call.task));
    CHECK((!listed.model || listed.model == call.model));
    CHECK((!listed.options || listed.options == call.options));
    call = a_call(start_of_test);
    call.node = call.upstream = call.dialect = call.endpoint = call.client = std::string(5000, 'x');
    call.service = call.principal = std::string(5000, 'y');
    place.update(call);
    CHECK(table.list()[0].so_far.service == std::string(256, 'y'));
}

TEST_CASE("nonsense in the place of names is no call") {
    const auto call = a_call(start_of_test);
    const std::string good = journal::layout::encode_names(call, start_of_test, 996);
    REQUIRE(journal::layout::decode_names(good));
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        CHECK_FALSE(journal::layout::decode_names(std::string_view(good).substr(0, cut)));
    }
    CHECK_FALSE(journal::layout::decode_names(good + "x"));
}

TEST_CASE("a file of another layout is replaced") {
    const temporary_directory home;
    const auto path = home.path() / "open-calls";
    std::ofstream(path) << "something else entirely";
    open_calls table(path, 4);
    CHECK(table.enter(a_call(start_of_test), start_of_test));
    CHECK(std::filesystem::file_size(path) >= 4096 + 4 * 2048);
}

TEST_CASE("calls enter, change and leave on four threads while another lists them") {
    const temporary_directory home;
    open_calls table(home.path() / "open-calls", 64);
    std::atomic<int> running{4};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            auto call = a_call(start_of_test);
            for (int i = 0; i < 2000; ++i) {
                auto place = table.enter(call, start_of_test);
                call.model = std::string(static_cast<std::size_t>(i % 300), 'm');
                place.update(call);
                place.progress().output_tokens.fetch_add(1, std::memory_order_relaxed);
                table.beat(start_of_test + std::chrono::microseconds(i));
            }
            --running;
        });
    }
    bool whole = true;
    while (running > 0) {
        for (const auto& open : table.list()) whole = whole && open.so_far.service == "n8n";
    }
    for (auto& thread : threads) thread.join();
    CHECK(whole);
    CHECK(table.count() == 0);
}
