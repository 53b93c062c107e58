// The kind of request that changes a setting which nobody changes alone.
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/state/setting_change_kind.hpp>

using namespace tallyfs;
using namespace tallyfs::state;
using namespace tallyfs::test;

namespace {

struct guarded_settings {
    explicit guarded_settings(const std::filesystem::path& folder)
        : lines(folder / "actions", clock),
          settings({{.name = "health/query_texts",
                     .allowed = "masked or plain",
                     .default_value = "masked",
                     .by_request = "kind=setting-change",
                     .judge = one_of({"masked", "plain"}),
                     .apply = [this](const std::string&,
                                     const std::string* value) { in_force = *value; }},
                    {.name = "log_level",
                     .default_value = "info",
                     .judge = one_of({"info", "debug"}),
                     .apply = [](const std::string&, const std::string*) {}}}),
          actions(lines, folder / "head", "host",
                  [this](const record::action& past) { last = past; }) {
        settings.put_in_force();
        kind = setting_change_kind(settings, actions);
    }
    std::string ask(approval::parameters all) {
        asked = {};
        asked.number = 7;
        asked.asked.parameters = std::move(all);
        return kind.prepare(asked.asked);
    }

    manual_clock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    std::string in_force;
    journal::stream lines;
    state::settings settings;
    record::action last;
    action_log actions;
    approval_kind kind;
    approval::request asked;
};

}  // namespace

TEST_CASE("a guarded setting changes by a request, and back by its undo") {
    const temporary_directory folder;
    guarded_settings o(folder.path());
    REQUIRE(o.ask({{"setting", "health/query_texts"}, {"value", "plain"}}).empty());
    CHECK(o.asked.asked.plan == "control/health/query_texts: masked -> plain");
    CHECK(o.kind.probe(o.asked) == approval::probe::effect_absent);
    CHECK(o.kind.execute(o.asked).done);
    CHECK(o.in_force == "plain");
    CHECK(o.kind.probe(o.asked) == approval::probe::effect_there);
    auto undoing = o.asked;
    undoing.asked.plan = o.asked.asked.undo;
    CHECK(o.kind.execute(undoing).done);
    CHECK(o.in_force == "masked");
}

TEST_CASE("a request for a setting that was changed since does nothing") {
    const temporary_directory folder;
    guarded_settings o(folder.path());
    REQUIRE(o.ask({{"setting", "health/query_texts"}, {"value", "plain"}}).empty());
    REQUIRE(o.kind.execute(o.asked).done);
    const auto again = o.kind.execute(o.asked);
    CHECK_FALSE(again.done);
    CHECK(again.result.find("ask again") != std::string::npos);
}

TEST_CASE("what is no guarded setting, or no value of it, cannot be asked for") {
    const temporary_directory folder;
    guarded_settings o(folder.path());
    CHECK(o.ask({{"setting", "log_level"}, {"value", "debug"}}).find("takes no request") !=
          std::string::npos);
    CHECK(o.ask({{"setting", "nothing"}, {"value", "x"}}).find("README") != std::string::npos);
    CHECK(o.ask({{"setting", "health/query_texts"}, {"value", "loud"}}).find("masked or plain") !=
          std::string::npos);
    CHECK(o.ask({{"setting", "health/query_texts"}, {"value", "masked"}}).find("already") !=
          std::string::npos);
    CHECK(o.ask({{"setting", "health/query_texts"}, {"colour", "red"}}).find("has no") !=
          std::string::npos);
}
