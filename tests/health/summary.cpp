#include "support/catch.hpp"

#include <tallyfs/health/watched.hpp>

using namespace tallyfs;
using namespace tallyfs::health;

namespace {

standing_finding found(severity how_bad, std::string title) {
    standing_finding made;
    made.finding.severity = how_bad;
    made.finding.title = std::move(title);
    made.finding.database = "app";
    return made;
}

}  // namespace

TEST_CASE("one line about all servers names the worst that is not muted") {
    auto one = std::make_shared<watched_server>();
    one->id = {"prod", "orders-cl"};
    one->databases.resize(2);
    one->databases[1].reach.problem = "connection refused";
    auto muted = found(severity::critical, "wraparound near");
    muted.muted_by = "anna until tomorrow";
    one->findings = {muted, found(severity::info, "idle"), found(severity::warning, "late")};
    const auto made = summary_of({one});
    CHECK(made.databases == 2);
    CHECK(made.unreachable == 1);
    CHECK(made.critical == 0);
    CHECK(made.warning == 1);
    CHECK(made.info == 1);
    CHECK(made.worst == "prod/orders-cl/app: late");
    CHECK(summary_of({}).worst.empty());
}
