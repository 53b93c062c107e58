#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"
#include "trail/log_writer.hpp"

#include <tallyfs/trail/command_source.hpp>

using namespace tallyfs;
using namespace tallyfs::trail;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

struct fetched {
    manual_clock clock{*parse_rfc3339("2026-11-20T12:00:00Z")};
    std::string text;
    std::string problem;

    void run(const std::string& command, std::optional<wall_time> since = std::nullopt,
             std::chrono::seconds time_max = 10s) {
        text.clear();
        command_source source({command, 60s, time_max}, clock, -1);
        CHECK(source.due() == clock.steady());
        problem = source.run(since, [&](const delivered_message& one) {
            text += std::string(one.id) + "=" + std::string(one.message) + ";";
        });
        CHECK(source.due() == clock.steady() + 60s);
    }
    [[nodiscard]] bool complains(const std::string& of) const {
        return problem.find(of) != std::string::npos;
    }
};

}  // namespace

TEST_CASE("a command's output is read as a log service's messages, or as lines") {
    fetched log;
    log.run(R"(echo '{"events":[{"eventId":"1","message":"one"}]}')");
    CHECK(log.text == "1=one;");
    log.run("echo one; echo two; echo warning >&2");
    CHECK(log.text == "=one\ntwo\n;");
    CHECK(log.problem.empty());
    log.run("true");
    CHECK(log.text.empty());
    CHECK(log.problem.empty());
}

TEST_CASE("a command is told since when entries are wanted") {
    fetched log;
    log.run("echo \"since $TALLYFS_SINCE\"", *parse_rfc3339("2026-11-20T07:55:04.5Z"));
    CHECK(log.text == "=since 2026-11-20T07:55:04.500000Z\n;");
    log.run("echo \"since $TALLYFS_SINCE.\"");
    CHECK(log.text == "=since .\n;");
}

TEST_CASE("of a command that fails nothing is taken, and its first complaint is told") {
    fetched log;
    log.run("echo one; echo 'no such log group' >&2; exit 3");
    CHECK(log.text.empty());
    CHECK(log.problem == "the command failed with exit code 3: no such log group");
    log.run("echo one; echo waiting >&2; exec sleep 60", std::nullopt, 1s);
    CHECK(log.text.empty());
    CHECK(log.complains("was ended after 1.0 s without an answer: waiting"));
    log.run("yes");
    CHECK(log.text.empty());
    CHECK(log.complains("let it print less at a time"));
    log.run(R"(echo '[{"id":"1","message":"one"},')");
    CHECK(log.complains("cannot be read"));
}
