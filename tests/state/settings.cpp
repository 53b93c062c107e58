#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/state/settings.hpp>

using namespace tallyfs;
using namespace tallyfs::state;
using namespace tallyfs::test;

namespace {

/// Settings of each kind, with what was put in force.
struct office {
    std::vector<setting_definition> definitions() {
        const auto note = [this](const char* name) {
            return [this, name](const std::string& entry, const std::string* value) {
                in_force[entry.empty() ? name : name + ("/" + entry)] =
                    value != nullptr ? *value : "(removed)";
            };
        };
        return {{.name = "level",
                 .default_value = "info",
                 .judge = one_of({"error", "info", "debug"}),
                 .apply = note("level")},
                {.name = "days",
                 .default_value = "30",
                 .needs_newline = true,
                 .judge = whole_number(0, 3650),
                 .apply = note("days")},
                {.name = "group/days",
                 .default_value = "7",
                 .judge = whole_number(0, 3650),
                 .apply = note("group/days")},
                {.name = "group/texts",
                 .collection = true,
                 .judge =
                     [](std::string_view text) {
                         return judged_value{std::string(text), ""};
                     },
                 .apply = note("group/texts")},
                {.name = "texts",
                 .collection = true,
                 .judge = [](std::string_view text) -> judged_value {
                     if (text == "bad") return {"", "is bad"};
                     return {std::string(text), ""};
                 },
                 .apply = note("texts")},
                {.name = "services",
                 .collection = true,
                 .leaf = "capture",
                 .judge = one_of({"off", "full"}),
                 .apply = note("services")}};
    }
    void change(std::string_view name, std::string_view entry, std::string_view text) {
        REQUIRE(
            settings.change(settings.propose(name, entry, text), {"anna", "uid", 1000}, actions));
    }
    [[nodiscard]] std::string reason(std::string_view name, std::string_view text) const {
        return settings.propose(name, "", text).reason;
    }
    [[nodiscard]] std::string value(const std::string& key) const {
        return settings.current()->values.at(key).text;
    }

    explicit office(const std::filesystem::path& folder)
        : lines(folder / "actions", clock),
          settings(definitions()),
          actions(lines, folder / "head", "host",
                  [this](const record::action& past) { settings.replay(past); }) {
        settings.put_in_force();
    }

    manual_clock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    std::map<std::string, std::string> in_force;
    journal::stream lines;
    state::settings settings;
    action_log actions;
};

}  // namespace

TEST_CASE("a setting begins with its default, in force") {
    const temporary_directory folder;
    const office o(folder.path());
    CHECK(o.value("level") == "info");
    CHECK(o.in_force.at("level") == "info");
    CHECK(o.settings.current()->history.empty());
}

TEST_CASE("a change is in force at once and after a restart, with who made it") {
    const temporary_directory folder;
    {
        office o(folder.path());
        o.change("level", "", "DEBUG\n");
        o.change("texts", "10-first", "some text\n");
        o.change("texts", "20-second", "more\n");
        REQUIRE(o.settings.change(o.settings.propose_removal("texts", "20-second"),
                                  {"anna", "uid", 1000}, o.actions));
        CHECK(o.in_force.at("level") == "debug");
        CHECK(o.in_force.at("texts/20-second") == "(removed)");
    }
    const office o(folder.path());
    CHECK(o.value("level") == "debug");
    CHECK(o.in_force.at("level") == "debug");
    CHECK(o.in_force.at("texts/10-first") == "some text");
    CHECK_FALSE(o.in_force.contains("texts/20-second"));
    const auto& history = o.settings.current()->history;
    REQUIRE(history.size() == 4);
    CHECK(history.front().actor.by == "anna");
    CHECK(history.front().subject == "level");
}

TEST_CASE("a bad value has a reason, and the nearest right one where there is one") {
    const temporary_directory folder;
    const office o(folder.path());
    CHECK(o.reason("level", "debgu\n").find("did you mean debug?") != std::string::npos);
    CHECK(o.reason("level", "loud\n").find("did you mean") == std::string::npos);
    CHECK(o.reason("level", "") == "is empty");
    CHECK(o.reason("level", "info\ndebug\n").find("more than one line") != std::string::npos);
    CHECK(o.reason("level", std::string(5000, 'x') + "\n").find("4096") != std::string::npos);
    CHECK(o.reason("level", "\xff\n") == "is not UTF-8");
    CHECK(o.reason("days", "3651\n").find("0 to 3650") != std::string::npos);
    CHECK(o.reason("days", "-1\n") != "");
    CHECK(o.reason("days", "1.5\n") != "");
    CHECK(o.reason("days", "1 000\n") != "");
    CHECK(o.reason("colour", "red\n").find("there is no setting") != std::string::npos);
    CHECK(o.reason("level", "info") == "");
}

TEST_CASE("half a number is not taken for a whole one") {
    const temporary_directory folder;
    const office o(folder.path());
    CHECK(o.reason("days", "36\n") == "");
    CHECK(o.reason("days", "36").find("newline") != std::string::npos);
}

TEST_CASE("default restores the default, and the value in force is no change") {
    const temporary_directory folder;
    office o(folder.path());
    CHECK_FALSE(o.settings.propose("level", "", "info\n").changes);
    o.change("level", "", "debug\n");
    o.change("level", "", "default\n");
    CHECK(o.value("level") == "info");
    CHECK(o.in_force.at("level") == "info");
}

TEST_CASE("names in a collection are names that a shell can take, and bounded in number") {
    const temporary_directory folder;
    office o(folder.path());
    const auto reason = [&](std::string_view entry) {
        return o.settings.propose("texts", entry, "text\n").reason;
    };
    CHECK(reason("10-cloud_models.v2") == "");
    for (const auto* entry : {"", ".hidden", "a b", "a/b", "..", "\xc3\xa9", "a\n"}) {
        CAPTURE(entry);
        CHECK(reason(entry) != "");
    }
    CHECK(reason(std::string(65, 'a')) != "");
    for (int i = 0; i < 200; ++i) o.change("texts", "t" + std::to_string(i), "text\n");
    CHECK(reason("one-more") == "there are 200 already");
    CHECK(reason("t0") == "");
    CHECK(o.settings.propose_removal("texts", "absent").reason != "");
    CHECK(o.settings.propose_removal("level", "").reason != "");
}

TEST_CASE("what a later version does not allow any more leaves the default, and is said") {
    const temporary_directory folder;
    {
        journal::stream lines(folder.path() / "actions", system_clock_source());
        action_log actions(lines, folder.path() / "head", "host", [](const record::action&) {});
        REQUIRE(actions.record("setting.changed", "level", {}, R"({"to":"shout"})"));
        REQUIRE(actions.record("setting.changed", "colour", {}, R"({"to":"red"})"));
        REQUIRE(actions.record("setting.changed", "texts/a", {}, R"({"to":7})"));
    }
    const office o(folder.path());
    CHECK(o.value("level") == "info");
}

TEST_CASE("a service has a value of its own, which default takes away again") {
    const temporary_directory folder;
    {
        office one(folder.path());
        one.change("services", "a b%2Fc", "full");
        CHECK(one.value("services/a b%2Fc/capture") == "full");
        CHECK(one.in_force.at("services/a b%2Fc") == "full");
        CHECK(one.settings.propose("services", "x", "nonsense").reason != "");
        CHECK(one.settings.propose("services", "a/b", "full").reason != "");
        CHECK(one.settings.propose("services", "", "full").reason != "");
        CHECK_FALSE(one.settings.propose("services", "x", "default").changes);
        one.change("services", "x", "off");
        one.change("services", "x", "default");
        CHECK_FALSE(one.settings.current()->values.contains("services/x/capture"));
        CHECK(one.settings.current()->history.back().event == "setting.removed");
    }
    const office again(folder.path());
    CHECK(again.in_force.at("services/a b%2Fc") == "full");
    CHECK_FALSE(again.in_force.contains("services/x"));
}

TEST_CASE("settings in a directory of their own are found again by their whole names") {
    const temporary_directory folder;
    {
        office o(folder.path());
        CHECK(o.in_force.at("group/days") == "7");
        o.change("group/days", "", "14\n");
        o.change("group/texts", "10-first", "some text\n");
    }
    const office o(folder.path());
    CHECK(o.value("group/days") == "14");
    CHECK(o.in_force.at("group/texts/10-first") == "some text");
    CHECK(o.value("days") == "30");
}
