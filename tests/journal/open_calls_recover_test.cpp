#include "journal_fixture.hpp"

#include <tallyfs/journal/open_calls.hpp>

#include <sys/wait.h>

#include <csignal>
#include <functional>

using namespace tallyfs;
using namespace tallyfs::test;
using journal::open_calls;
using namespace std::chrono_literals;

namespace {

/// Runs `work` in a process of its own, which is killed with SIGKILL once it says so.
void run_and_kill(const std::function<void(const std::function<void()>& kill_me_now)>& work) {
    const ::pid_t child = ::fork();
    if (child == 0) {
        work([] { ::raise(SIGKILL); });
        ::_exit(1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
}

struct recover_fixture : journal_fixture {
    std::filesystem::path path = home.path() / "open-calls";

    [[nodiscard]] record::call call(std::string service) const {
        record::call made;
        made.id = uuid::make(clock.wall());
        made.node = "workhorse";
        made.service = std::move(service);
        made.principal = "uid:1000";
        made.client = "127.0.0.1:1";
        made.upstream = "127.0.0.1:11434";
        made.dialect = "native";
        made.endpoint = "/api/chat";
        made.model = "qwen3:8b";
        return made;
    }
    result<journal::position> append_call(record::call line) {
        return stream->append([&](std::string& out, wall_time now) {
            line.time = now;
            record::append_line(out, line);
        });
    }
    [[nodiscard]] std::vector<record::call> recorded() const {
        std::vector<record::call> calls;
        for (const auto& line : read_lines(*stream)) {
            auto parsed = record::parse_call(line);
            REQUIRE(parsed);
            calls.push_back(*parsed);
        }
        return calls;
    }
};

}  // namespace

TEST_CASE_METHOD(recover_fixture, "calls open at a kill become interrupted lines, once") {
    const auto waiting = call("waiting");
    const auto decoding = call("decoding");
    const auto finished = call("finished");
    const auto recorded_already = call("recorded");
    const wall_time begin = clock.wall();
    stream.reset();
    run_and_kill([&](const auto& kill_me_now) {
        start();
        open_calls table(path, 64);
        auto a = table.enter(waiting, begin);
        auto b = table.enter(decoding, begin + 1s);
        b.progress().output_tokens = 42;
        b.progress().response_bytes = 999;
        b.progress().first_byte_us = 1000;
        b.progress().first_token_us = 2000;
        auto c = table.enter(finished, begin);
        if (!append_call(finished)) return;
        c = {};
        auto d = table.enter(recorded_already, begin);
        if (!append_call(recorded_already)) return;
        table.beat(begin + 30s);
        kill_me_now();
    });
    clock.advance(1h);
    start();
    open_calls table(path, 64);
    CHECK(table.list().empty());
    CHECK(table.count() == 0);
    const auto appended = table.recover(*stream);
    REQUIRE(appended);
    CHECK(*appended == 2);
    const auto lines = recorded();
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].outcome == record::outcome::ok);
    CHECK(lines[1].outcome == record::outcome::ok);
    CHECK(lines[2].id == waiting.id);
    CHECK(lines[2].outcome == record::outcome::interrupted);
    CHECK(lines[2].time == clock.wall());
    CHECK(lines[2].duration_ms == 30s);
    CHECK(lines[2].tokens_from == record::tokens_from::none);
    CHECK_FALSE(lines[2].output_tokens.has_value());
    CHECK_FALSE(lines[2].status.has_value());
    CHECK(lines[3].id == decoding.id);
    CHECK(lines[3].duration_ms == 29s);
    CHECK(lines[3].output_tokens == 42);
    CHECK(lines[3].tokens_from == record::tokens_from::estimated);
    CHECK(lines[3].response_bytes == 999);
    CHECK(lines[3].first_token_ms == 2000us);
    CHECK(lines[3].model == "qwen3:8b");
    CHECK(table.recover(*stream).value() == 0);
    const open_calls after(home.path() / "open-calls", 64);
    CHECK(recorded().size() == 4);
}

TEST_CASE_METHOD(recover_fixture, "a kill at any moment leaves every call whole or not there") {
    const auto names = call("busy");
    stream.reset();
    constexpr int places = 8;
    for (int round = 0; round < 20; ++round) {
        // Processes forked from this one share its random bits: the time makes their ids differ.
        clock.advance(1s);
        int pipe_ends[2];
        REQUIRE(::pipe(pipe_ends) == 0);
        const ::pid_t child = ::fork();
        if (child == 0) {
            open_calls table(path, places);
            auto changing = names;
            std::vector<open_calls::place> held(places);
            for (unsigned i = 0;; ++i) {
                auto& place = held[i % places];
                changing.id = uuid::make(clock.wall());
                changing.model = std::string(i % 200, 'm');
                place = {};
                place = table.enter(changing, clock.wall());
                changing.options = "{\"num_ctx\":" + std::to_string(i) + "}";
                place.update(changing);
                if (i == 50 && ::write(pipe_ends[1], "x", 1) != 1) ::_exit(1);
            }
        }
        char byte = 0;
        REQUIRE(::read(pipe_ends[0], &byte, 1) == 1);
        ::usleep(static_cast<::useconds_t>(137 * round));  // the moment: any will do
        ::kill(child, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        ::close(pipe_ends[0]);
        ::close(pipe_ends[1]);
        start();
        const auto before = recorded().size();
        open_calls table(path, places);
        const auto appended = table.recover(*stream);
        REQUIRE(appended);
        CHECK(*appended >= places - 1);
        CHECK(*appended <= places);
        const auto lines = recorded();
        CHECK(lines.size() == before + *appended);
        for (std::size_t i = before; i < lines.size(); ++i) {
            CHECK(lines[i].service == "busy");
            CHECK(lines[i].model->find_first_not_of('m') == std::string::npos);
        }
        stream.reset();
    }
}

TEST_CASE_METHOD(recover_fixture, "calls that cannot be recorded now are kept for the next start") {
    const auto lost_otherwise = call("patient");
    const wall_time begin = clock.wall();
    stream.reset();
    run_and_kill([&](const auto& kill_me_now) {
        open_calls table(path, 4);
        const auto place = table.enter(lost_otherwise, begin);
        kill_me_now();
    });
    start();
    disk.write_error = ENOSPC;
    {
        open_calls table(path, 4);
        CHECK_FALSE(table.recover(*stream));
        // The other places work meanwhile, and this process's life is not that call's.
        table.beat(begin + 5h);
        auto place = table.enter(call("other"), begin);
        CHECK(place);
        CHECK(table.list().size() == 1);
    }
    disk.write_error = 0;
    open_calls table(path, 4);
    CHECK(table.recover(*stream).value() == 1);
    CHECK(recorded()[0].service == "patient");
    CHECK(recorded()[0].duration_ms == 0s);
}

TEST_CASE_METHOD(recover_fixture, "a line far back in the journal still counts as recorded") {
    const auto slow_client = call("slow");
    const wall_time begin = clock.wall();
    stream.reset();
    run_and_kill([&](const auto& kill_me_now) {
        start();
        open_calls table(path, 4);
        const auto place = table.enter(slow_client, begin);
        if (!append_call(slow_client)) return;
        auto other = call("other");
        other.error = std::string(500, 'e');
        // More than 4 MiB, over a midnight.
        for (int i = 0; i < 6000; ++i) {
            if (i == 3000) clock.advance(24h);
            other.id = uuid::make(clock.wall());
            if (!append_call(other)) return;
        }
        kill_me_now();
    });
    clock.advance(48h);
    start();
    open_calls table(path, 4);
    CHECK(table.recover(*stream).value() == 0);
}

TEST_CASE_METHOD(recover_fixture, "more places than before keep the calls of the smaller table") {
    const wall_time begin = clock.wall();
    const auto first = call("first");
    stream.reset();
    run_and_kill([&](const auto& kill_me_now) {
        open_calls table(path, 2);
        const auto place = table.enter(first, begin);
        kill_me_now();
    });
    start();
    open_calls table(path, 100);
    CHECK(table.recover(*stream).value() == 1);
    std::vector<open_calls::place> places;
    for (int i = 0; i < 100; ++i) places.push_back(table.enter(first, begin));
    CHECK(places.back());
    CHECK(table.count() == 100);
}
