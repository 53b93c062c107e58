// The turn of the day from the journal to the mount: whatever the clock does, and wherever in it
// a process is killed, each call is in one day, and all files agree on which.
#include "support/catch.hpp"
#include "views/world.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

using namespace tallyfs;
using namespace std::chrono_literals;
using test::some_call;
using strings = std::vector<std::string>;

namespace {

wall_time at(const char* rfc3339) {
    return parse_rfc3339(rfc3339).value();
}

std::int64_t calls_in(test::world& w, const std::string& path) {
    return nlohmann::json::parse(w.read(path))["total"]["calls"].get<std::int64_t>();
}

std::int64_t calls_today(test::world& w) {
    return calls_in(w, "usage/" + w.read("usage/today.json"));
}

/// The names of usage/day or usage/month, once each.
strings periods(test::world& w, const std::string& path) {
    strings found;
    for (const auto& name : w.names(path)) {
        if (name.ends_with(".json")) found.push_back(name.substr(0, name.size() - 5));
    }
    return found;
}

/// Where each of the links to today leads, asked at one moment.
strings links_to_today(test::world& w) {
    return w.ask([&] {
        strings targets;
        for (const char* path : {"calls/today.jsonl", "usage/today.txt", "usage/today.json",
                                 "usage/today.csv", "usage/this-month.txt"}) {
            const auto node = tree::resolve(*w.root, path).value();
            targets.push_back(std::get<tree::link>(node.content).target);
        }
        return targets;
    });
}

strings links_on(const std::string& day) {
    return {"day/" + day + ".jsonl", "day/" + day + ".txt", "day/" + day + ".json",
            "day/" + day + ".csv", "month/" + day.substr(0, 7) + ".txt"};
}

std::ptrdiff_t lines_of(const std::string& text) {
    return std::ranges::count(text, '\n');
}

}  // namespace

TEST_CASE("a call that runs across midnight belongs to the day in which it ended, everywhere") {
    zone::use("Europe/Berlin");
    test::world w("2026-11-20T22:59:50Z");
    const auto began = w.clock.wall();
    w.clock.step_to(at("2026-11-20T23:00:10Z"));
    auto call = some_call("n8n", "qwen3:14b");
    call.duration_ms = 20s;
    w.append(call, began);
    CHECK(links_to_today(w) == links_on("2026-11-21"));
    CHECK(calls_in(w, "usage/day/2026-11-20.json") == 0);
    CHECK(calls_in(w, "usage/day/2026-11-21.json") == 1);
    CHECK(calls_in(w, "usage/services/n8n/today.json") == 1);
    CHECK(w.read("calls/day/2026-11-20.jsonl").empty());
    const auto line = nlohmann::json::parse(w.read("calls/day/2026-11-21.jsonl"));
    CHECK(w.read("usage/days.csv").find("\n2026-11-21,1,") != std::string::npos);
    CHECK(w.read("usage/day/2026-11-21.csv").find("\n2026-11-20T23:00:00") != std::string::npos);
    const auto id = line["id"].get<std::string>();
    CHECK(nlohmann::json::parse(w.read("calls/by-id/" + id + "/call.json")) == line);
}

TEST_CASE("the links to today move at the first instant of the day, all together") {
    zone::use("Europe/Berlin");
    test::world w("2026-11-30T22:59:59.999999Z");
    w.append(some_call("n8n", "m"));
    CHECK(links_to_today(w) == links_on("2026-11-30"));
    w.clock.step_to(at("2026-11-30T23:00:00Z"));
    // Whether or not the live tick has turned the day by now: they agree.
    const auto now = links_to_today(w);
    CHECK((now == links_on("2026-11-30") || now == links_on("2026-12-01")));
    w.append(some_call("n8n", "m"));
    CHECK(links_to_today(w) == links_on("2026-12-01"));
    CHECK(calls_in(w, "usage/day/2026-11-30.json") == 1);
    CHECK(calls_in(w, "usage/month/2026-11.json") == 1);
    CHECK(calls_in(w, "usage/month/2026-12.json") == 1);
}

TEST_CASE("the days on which the clocks change have 23 and 25 hours of calls") {
    zone::use("Europe/Berlin");
    struct turn {
        const char* day;
        const char* begin;
        const char* end;
        std::ptrdiff_t quarters;
    };
    const auto of =
        GENERATE(turn{"2027-03-28", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z", 23 * 4},
                 turn{"2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25 * 4});
    test::world w(of.begin);
    for (auto now = at(of.begin); now < at(of.end); now += 15min) {
        w.clock.step_to(now);
        w.append(some_call("n8n", "m"));
    }
    w.clock.step_to(at(of.end) - 1us);
    w.append(some_call("n8n", "m"));
    CHECK(links_to_today(w) == links_on(of.day));
    w.clock.step_to(at(of.end));
    w.append(some_call("n8n", "m"));
    const std::string name = of.day;
    CHECK(calls_in(w, "usage/day/" + name + ".json") == of.quarters + 1);
    CHECK(lines_of(w.read("usage/day/" + name + ".csv")) == 1 + of.quarters);
    CHECK(lines_of(w.read("calls/day/" + name + ".jsonl")) == of.quarters + 1);
    CHECK(w.read("usage/day/" + name + ".txt").find(name + ", whole day\n") != std::string::npos);
    CHECK(calls_today(w) == 1);
    CHECK(periods(w, "usage/day").size() == 2);
}

TEST_CASE("a clock that jumps forward makes no days of the time between") {
    zone::use("Europe/Berlin");
    test::world w("2026-11-28T12:00:00Z");
    w.append(some_call("n8n", "m"));
    w.clock.step_to(at("2027-01-03T12:00:00Z"));
    w.append(some_call("n8n", "m"));
    CHECK(w.names("calls/day") == strings{"2026-11-28.jsonl", "2027-01-03.jsonl"});
    CHECK(periods(w, "usage/day") == strings{"2026-11-28", "2027-01-03"});
    CHECK(periods(w, "usage/month") == strings{"2026-11", "2027-01"});
    CHECK(lines_of(w.read("usage/days.csv")) == 3);
    CHECK(links_to_today(w) == links_on("2027-01-03"));
    CHECK_FALSE(w.find("usage/day/2026-12-24.txt"));
    CHECK_FALSE(w.find("calls/day/2026-12-24.jsonl"));
}

TEST_CASE("a clock that steps back by days keeps today where it was, also over a start") {
    zone::use("Europe/Berlin");
    test::world before("2026-11-25T12:00:00Z");
    before.append(some_call("n8n", "m"));
    before.clock.step_to(at("2026-11-20T12:00:00Z"));
    before.append(some_call("n8n", "m"));
    CHECK(links_to_today(before) == links_on("2026-11-25"));
    before.views.stop();
    test::world w("2026-11-20T13:00:00Z", [&](const std::filesystem::path& into) {
        std::filesystem::copy(before.directory.path() / "calls", into / "calls");
    });
    w.append(some_call("n8n", "m"));
    CHECK(links_to_today(w) == links_on("2026-11-25"));
    CHECK(periods(w, "usage/day") == strings{"2026-11-25"});
    CHECK(calls_today(w) == 3);
    CHECK(calls_in(w, "usage/total.json") == 3);
}

namespace {

/// What a kill or a power cut can leave of the turn from the 20th to the 21st, beside the lines
/// of the 20th: each file's name and what is appended to it.
struct leftover {
    const char* what;
    std::vector<std::pair<std::string, std::string>> added;
    std::string aside;  ///< the tail that is kept, "" if none
    std::string aside_name;
};

std::vector<leftover> leftovers() {
    const std::string torn = "{\"v\":1,\"time\":";
    const std::string zeros(5000, '\0');
    return {
        {"nothing of the new day", {}, "", ""},
        {"the new segment, without a line", {{"2026-11-21.jsonl", ""}}, "", ""},
        {"the new segment, with a torn line",
         {{"2026-11-21.jsonl", torn}},
         torn,
         "2026-11-21.jsonl.torn"},
        {"the new segment, with zeros",
         {{"2026-11-21.jsonl", zeros}},
         zeros,
         "2026-11-21.jsonl.torn"},
        {"the last line of the old day torn, no new segment",
         {{"2026-11-20.jsonl", torn}},
         torn,
         "2026-11-20.jsonl.torn"},
        {"the last line of the old day torn, the new segment empty",
         {{"2026-11-20.jsonl", torn}, {"2026-11-21.jsonl", ""}},
         "",
         ""},
        {"both torn",
         {{"2026-11-20.jsonl", zeros}, {"2026-11-21.jsonl", torn}},
         torn,
         "2026-11-21.jsonl.torn"},
        {"a second part of the old day, without a line", {{"2026-11-20.2.jsonl", ""}}, "", ""},
        {"a torn old day, and an empty second part",
         {{"2026-11-20.jsonl", torn}, {"2026-11-20.2.jsonl", ""}},
         "",
         ""},
    };
}

}  // namespace

TEST_CASE("a kill at any step of the turn of the day loses no call and counts none twice") {
    zone::use("Europe/Berlin");
    for (const auto& left : leftovers()) {
        // The ledger of then, and no ledger at all.
        for (const bool with_ledger : {true, false}) {
            INFO(left.what << ", with the ledger " << with_ledger);
            test::world before("2026-11-20T22:59:00Z");
            for (int i = 0; i < 3; ++i) before.append(some_call("n8n", "m"));
            CHECK(calls_in(before, "usage/total.json") == 3);
            before.views.stop();
            test::world w("2026-11-20T23:00:01Z", [&](const std::filesystem::path& into) {
                std::filesystem::copy(before.directory.path(), into,
                                      std::filesystem::copy_options::recursive);
                if (!with_ledger) {
                    std::filesystem::remove(into / "ledger.sqlite");
                    std::filesystem::remove(into / "ledger.sqlite-wal");
                }
                for (const auto& [name, bytes] : left.added) {
                    std::ofstream(into / "calls" / name, std::ios::app | std::ios::binary) << bytes;
                }
            });
            CHECK(w.ledger.was_reset().empty());
            CHECK(links_to_today(w) == links_on("2026-11-21"));
            w.append(some_call("n8n", "m"));
            CHECK(calls_in(w, "usage/day/2026-11-20.json") == 3);
            CHECK(calls_in(w, "usage/day/2026-11-21.json") == 1);
            CHECK(calls_in(w, "usage/total.json") == 4);
            CHECK(lines_of(w.read("calls/day/2026-11-20.jsonl")) == 3);
            CHECK(lines_of(w.read("calls/day/2026-11-21.jsonl")) == 1);
            CHECK(w.ask([&] { return w.ledger.unreadable_lines(); }) == 0);
            if (left.aside.empty()) continue;
            std::ifstream aside(w.directory.path() / "calls" / left.aside_name, std::ios::binary);
            CHECK(std::string(std::istreambuf_iterator<char>(aside), {}) == left.aside + "\n");
        }
    }
}
