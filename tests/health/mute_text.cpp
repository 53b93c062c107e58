#include "support/catch.hpp"

#include <tallyfs/health/mutes.hpp>

using namespace tallyfs;
using namespace tallyfs::health;

TEST_CASE("a mute is read from its words, with the reason to the end") {
    const auto parsed = parse_mute(
        "rule=slots place=prod/orders subject=debezium until=2026-11-23T00:00:00Z reason=known, "
        "DB-12");
    REQUIRE(parsed.problem.empty());
    CHECK(parsed.value.rule == "slots");
    CHECK(parsed.value.place == "prod/orders");
    CHECK(parsed.value.subject == "debezium");
    CHECK(to_rfc3339(parsed.value.until) == "2026-11-23T00:00:00.000000Z");
    CHECK(parsed.value.reason == "known, DB-12");
}

TEST_CASE("a mute has a rule that exists, an end and a reason") {
    const auto problem = [](const char* text) { return parse_mute(text).problem; };
    CHECK(problem("rule=idle_in_transacton until=2026-12-01 reason=x").find("did you mean") !=
          std::string::npos);
    CHECK(problem("rule=locks reason=x").find("until=") != std::string::npos);
    CHECK(problem("rule=locks until=2026-12-01").find("reason=") != std::string::npos);
    CHECK(problem("rule=locks until=tomorrow reason=x").find("until=") != std::string::npos);
    CHECK(problem("until=2026-12-01 reason=x").find("rule=") != std::string::npos);
    CHECK(problem("locks") == "\"locks\" is no key=value");
    CHECK(problem("rule=locks colour=red").find("no colour") != std::string::npos);
    CHECK(problem("") != "");
}
