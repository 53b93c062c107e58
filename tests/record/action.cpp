#include "support/catch.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/record/action.hpp>
#include <tallyfs/record/call.hpp>

using namespace tallyfs;

namespace {

record::action some_action() {
    record::action a;
    a.time = *parse_rfc3339("2026-11-20T07:55:04.123456Z");
    a.number = 17;
    a.previous = std::string(64, 'a');
    a.node = "host";
    a.event = "setting.changed";
    a.subject = "log_level";
    a.actor = {"anna", "uid", 1000};
    a.detail = R"({"from":"info","to":"debug"})";
    return a;
}

std::string line_of(const record::action& a) {
    std::string line;
    append_line(line, a);
    return line;
}

}  // namespace

TEST_CASE("an action's line is read as it was written") {
    const auto a = some_action();
    const auto line = line_of(a);
    CHECK(line ==
          R"({"v":1,"time":"2026-11-20T07:55:04.123456Z","n":17,"prev":")" + a.previous +
              R"(","node":"host","event":"setting.changed","subject":"log_level","by":"anna",)"
              R"("known_by":"uid","uid":1000,"detail":{"from":"info","to":"debug"}})"
              "\n");
    CHECK(record::parse_action(line).value() == a);
    auto daemon = a;
    daemon.actor = {};
    CHECK(record::parse_action(line_of(daemon)).value() == daemon);
}

TEST_CASE("names of an action cannot break out of its line, and are bounded") {
    auto a = some_action();
    a.subject = "a\nb\"}\x01\xff" + std::string(1000, 'x');
    const auto line = line_of(a);
    CHECK(line.find('\n') == line.size() - 1);
    const auto read = record::parse_action(line).value();
    CHECK(read.subject.starts_with("a\nb\"}"));
    CHECK(read.subject.size() <= limits::label_bytes_max + 8);
}

TEST_CASE("a detail that is no object or too long is a bug of who makes it") {
    auto a = some_action();
    a.detail = GENERATE(as<std::string>(), "", "[]", "{", "{\"a\":1}\n",
                        "{\"a\":\"" + std::string(record::action_detail_bytes_max, 'x') + "\"}");
    CHECK_THROWS(line_of(a));
}

TEST_CASE("the longest action fits into a line of the journal") {
    auto a = some_action();
    a.detail = "{\"a\":\"" + std::string(record::action_detail_bytes_max - 8, 'x') + "\"}";
    for (auto* name : {&a.node, &a.event, &a.subject, &a.actor.by, &a.actor.known_by}) {
        *name = std::string(10'000, '\x01');  // six bytes each when escaped
    }
    CHECK(line_of(a).size() <= limits::line_bytes_max);
}

TEST_CASE("what is no action is not read as one") {
    const auto line = line_of(some_action());
    const auto without = [&](const std::string& text) {
        auto changed = line;
        changed.erase(changed.find(text), text.size());
        return changed;
    };
    CHECK_FALSE(record::parse_action(""));
    CHECK_FALSE(record::parse_action("{}"));
    CHECK_FALSE(record::parse_action(line.substr(0, line.size() - 3)));
    CHECK_FALSE(record::parse_action(without("\"n\":17,")));
    CHECK_FALSE(record::parse_action(without(",\"event\":\"setting.changed\"")));
    CHECK_FALSE(record::parse_action(without(",\"detail\":{\"from\":\"info\",\"to\":\"debug\"}")));
    auto wrong = line;
    wrong.replace(wrong.find("\"uid\":1000"), 10, "\"uid\":-100");
    CHECK_FALSE(record::parse_action(wrong));
    auto upper = line;
    upper[upper.find("aaaa")] = 'A';
    CHECK_FALSE(record::parse_action(upper));
}
