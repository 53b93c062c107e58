#include "support/catch.hpp"

#include <tallyfs/approval/chain.hpp>

using namespace tallyfs::approval;

TEST_CASE("without a configured chain one owner decides within three days") {
    const chains none;
    const auto& rule = none.find("cloud-model", "prod");
    REQUIRE(rule.steps.size() == 1);
    CHECK(rule.steps.front().role == "owner");
    CHECK(rule.expires_seconds == std::chrono::hours(72));
}
