// result.json of a request whose effect is measured later by another module.
#include "support/catch.hpp"
#include "views/world.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

void replay(world& w, const approval::event& event) {
    record::action past;
    past.event = "approval." + std::string(name_of(event));
    past.detail = event_text(event);
    w.approvals.replay(past);
}

/// A request that was approved and carried out.
void carry_out_one(world& w) {
    approval::request request;
    request.number = 1;
    request.asked = {"pg-vacuum", "prod", "Vacuum", "", {}, "", "VACUUM t", "", ""};
    request.requester = {"databases", std::nullopt, approval::known_by::policy};
    request.created = w.clock.wall();
    replay(w, approval::request_opened{request});
    approval::step_decided decided;
    decided.number = 1;
    decided.at = w.clock.wall();
    decided.step = 1;
    decided.who = {"anna", 1000, approval::known_by::uid};
    decided.hash = plan_hash(request);
    replay(w, decided);
    replay(w, approval::execution_started{1, w.clock.wall(), plan_hash(request)});
    replay(w, approval::execution_finished{1, w.clock.wall(), approval::ending::ok, "vacuumed"});
}

}  // namespace

TEST_CASE("result.json has what was measured of the effect, and changes when that does") {
    world w("2026-11-20T10:00:00Z");
    carry_out_one(w);
    views::sources all{w.calls,     w.rollups, w.ledger,  w.counters,  w.views.live(),
                       w.sweeper,   w.gauge,   w.control, w.approvals, w.budgets,
                       w.canceller, w.actions, {}};
    std::optional<views::later_effect> measured;
    all.effects = [&](std::uint32_t) { return measured; };
    const auto root = views::make_root(all);
    const auto node = [&] {
        return w.ask(
            [&] { return *tree::resolve(*root, "approvals/done/0001-pg-vacuum/result.json"); });
    };
    const auto text = [](const tree::node& file) {
        return std::get<tree::text_file>(file.content).render();
    };
    const auto before = node();
    CHECK(text(before).find("effect") == std::string::npos);
    measured = {R"({"before":{"figures":{"dead_rows":7}},"after_hour":null})",
                w.clock.wall() + std::chrono::hours(1)};
    const auto after = node();
    CHECK(text(after).find(R"("dead_rows": 7)") != std::string::npos);
    CHECK(after.changed == measured->changed);
    CHECK(std::get<tree::text_file>(after.content).version !=
          std::get<tree::text_file>(before.content).version);
}
