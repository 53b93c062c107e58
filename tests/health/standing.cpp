#include "support/catch.hpp"

#include <tallyfs/health/standing.hpp>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;

namespace {

const wall_time start = *parse_rfc3339("2026-11-20T12:00:00Z");

finding some_finding(std::string subject = "slot a",
                     health::severity severity = severity::warning) {
    finding made;
    made.rule = "slots";
    made.subject = std::move(subject);
    made.severity = severity;
    made.title = "slot is inactive";
    return made;
}

/// What came of one look, as "opened slot a".
std::string text_of(const std::vector<finding_change>& changes) {
    std::string text;
    for (const auto& change : changes) {
        if (!text.empty()) text += ", ";
        text += std::string(to_string(change.event)).substr(8) + " " + change.finding.subject;
    }
    return text;
}

struct life {
    standing_findings findings;
    wall_time now = start;

    std::string light(std::vector<finding> seen, bool whole = true) {
        now += 10s;
        return text_of(findings.take("", std::move(seen), now, whole));
    }
    std::string full(std::string_view database, std::vector<finding> seen, bool whole = true) {
        now += 30min;
        return text_of(findings.take(database, std::move(seen), now, whole));
    }
    [[nodiscard]] std::size_t open() const { return findings.all().size(); }
};

}  // namespace

TEST_CASE(
    "a finding of light looks opens when it is seen twice, and closes when it is away thrice") {
    life of;
    CHECK(of.light({some_finding()}).empty());
    CHECK(of.open() == 0);
    CHECK(of.light({some_finding()}) == "opened slot a");
    CHECK(of.light({some_finding()}).empty());
    CHECK(of.light({}).empty());
    CHECK(of.light({}).empty());
    CHECK(of.open() == 1);
    CHECK(of.light({}) == "closed slot a");
    CHECK(of.open() == 0);
}

TEST_CASE("a finding that comes and goes with every look neither opens nor closes") {
    life of;
    for (int i = 0; i < 10; ++i) {
        CHECK(of.light({some_finding()}).empty());
        CHECK(of.light({}).empty());
    }
    CHECK(of.open() == 0);
    CHECK(of.light({some_finding()}).empty());
    CHECK(of.light({some_finding()}) == "opened slot a");
    for (int i = 0; i < 10; ++i) {
        CHECK(of.light({}).empty());
        CHECK(of.light({}).empty());
        CHECK(of.light({some_finding()}).empty());
    }
    CHECK(of.open() == 1);
}

TEST_CASE("a critical finding opens at once, and one that becomes critical is told at once") {
    life of;
    CHECK(of.light({some_finding("a", severity::critical)}) == "opened a");
    CHECK(of.light({some_finding("a"), some_finding("b")}).empty());
    CHECK(of.light({some_finding("a"), some_finding("b")}) == "opened b");
    const auto changes =
        of.findings.take("", {some_finding("b", severity::critical)}, of.now + 10s, true);
    REQUIRE(text_of(changes) == "worsened b");
    CHECK(changes.at(0).severity_before == severity::warning);
    CHECK(changes.at(0).finding.severity == severity::critical);
}

TEST_CASE("a severity that goes up and down is told once") {
    life of;
    (void)of.light({some_finding()});
    (void)of.light({some_finding()});
    CHECK(of.light({some_finding("slot a", severity::critical)}) == "worsened slot a");
    for (int i = 0; i < 10; ++i) {
        CHECK(of.light({some_finding()}).empty());
        CHECK(of.findings.all().at(0).severity == severity::critical);
        CHECK(of.light({some_finding("slot a", severity::critical)}).empty());
    }
    CHECK(of.light({some_finding()}).empty());
    CHECK(of.light({some_finding()}).empty());
    CHECK(of.light({some_finding()}) == "eased slot a");
    CHECK(of.findings.all().at(0).severity == severity::warning);
}

TEST_CASE("a full snapshot is believed at once, and only about its own database") {
    life of;
    auto found = some_finding("public.orders", severity::info);
    found.database = "app";
    CHECK(of.full("app", {found}) == "opened public.orders");
    CHECK(of.full("other", {}).empty());
    for (int i = 0; i < 5; ++i) CHECK(of.light({}).empty());
    CHECK(of.open() == 1);
    found.severity = severity::warning;
    CHECK(of.full("app", {found}) == "worsened public.orders");
    CHECK(of.full("app", {}) == "closed public.orders");
}

TEST_CASE("nothing is over because looks that rules compare with are missing") {
    life of;
    (void)of.full("app", {some_finding("t")});
    (void)of.light({some_finding()});
    (void)of.light({some_finding()});
    for (int i = 0; i < 5; ++i) CHECK(of.light({}, false).empty());
    CHECK(of.full("app", {}, false).empty());
    CHECK(of.open() == 2);
    CHECK(of.full("app", {}) == "closed t");
}

TEST_CASE("a finding began when its figures say, else when it was seen first") {
    life of;
    auto told = some_finding("told");
    told.since = start - 3h;
    (void)of.light({some_finding(), told});
    (void)of.light({some_finding(), told});
    told.since = start - 1h;  // the oldest session of several is gone
    (void)of.light({some_finding(), told});
    const auto open = of.findings.all();
    REQUIRE(open.size() == 2);
    CHECK(open[0].subject == "told");
    CHECK(open[0].since == start - 3h);
    CHECK(open[1].since == start + 10s);
    auto ahead = some_finding("ahead", severity::critical);
    ahead.since = start + 24h;  // the server's clock is wrong
    (void)of.light({ahead});
    CHECK(of.findings.all().at(0).since == of.now);
}

TEST_CASE("what was open before a restart is neither opened twice nor forgotten") {
    life of;
    auto found = some_finding();
    found.since = start - 24h;
    of.findings.restore(found, "", start - 24h);
    auto of_table = some_finding("t");
    of_table.database = "app";
    of.findings.restore(of_table, "app", start);
    CHECK(of.open() == 2);
    CHECK(of.light({some_finding()}).empty());
    CHECK(of.findings.all().at(1).since == start - 24h);
    CHECK(of.full("app", {}) == "closed t");
    CHECK(of.light({}).empty());
    CHECK(of.light({}).empty());
    CHECK(of.light({}) == "closed slot a");
}

TEST_CASE("a finding that stands for long is told again each week") {
    life of;
    of.findings.restore(some_finding(), "", start);
    CHECK(of.light({some_finding()}).empty());
    of.now = start + tell_again_after;
    CHECK(of.light({some_finding()}) == "stands slot a");
    CHECK(of.light({some_finding()}).empty());
}

TEST_CASE("what full snapshots of a database showed is closed when there are no more") {
    life of;
    auto of_table = some_finding("t");
    of_table.database = "app";
    (void)of.full("app", {of_table});
    auto commits = some_finding("app");
    commits.database = "app";
    (void)of.light({commits, some_finding()});
    CHECK(of.light({commits, some_finding()}) == "opened slot a, opened app");
    CHECK(of.findings.databases() == std::set<std::string>{"app"});
    CHECK(of.findings.forget("other").empty());
    CHECK(text_of(of.findings.forget("app")) == "closed t");
    CHECK(of.findings.databases().empty());
    // Light looks are about the whole server: they still see what is wrong there.
    CHECK(of.open() == 2);
    CHECK(text_of(of.findings.forget_all()) == "closed app, closed slot a");
}

TEST_CASE("the worst of very many findings are kept, each once") {
    life of;
    std::vector<finding> many;
    for (int i = 0; i < 2'000; ++i) many.push_back(some_finding(std::to_string(i)));
    many.push_back(some_finding("worst", severity::critical));
    many.push_back(some_finding("worst", severity::info));
    (void)of.full("app", many);
    CHECK(of.open() == findings_of_look_max);
    CHECK(of.findings.all().at(0).subject == "worst");
    CHECK(of.findings.all().at(0).severity == severity::critical);
}

TEST_CASE("a server that does not answer is told at its third failure, and once") {
    reach_log reach;
    CHECK_FALSE(reach.failed("refused", start));
    CHECK(reach.now().problem == "refused");
    CHECK_FALSE(reach.answered(start + 1s));
    CHECK(reach.now() == reachability{start + 1s, "", std::nullopt});
    CHECK_FALSE(reach.failed("refused", start + 2s));
    CHECK_FALSE(reach.failed("refused", start + 3s));
    CHECK(reach.failed("timed out", start + 4s));
    CHECK_FALSE(reach.failed("refused", start + 5s));
    CHECK(reach.now() == reachability{start + 1s, "refused", start + 2s});
    CHECK(reach.answered(start + 6s));
    CHECK_FALSE(reach.answered(start + 7s));
    reach.restore("refused", start);
    CHECK_FALSE(reach.failed("refused", start + 8s));
    CHECK(reach.now().failing_since == start);
    CHECK(reach.answered(start + 9s));
}
