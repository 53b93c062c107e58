#include "trail/checkpoint.hpp"

#include "support/catch.hpp"

using namespace tallyfs;
using trail::checkpoint;

namespace {

checkpoint example() {
    checkpoint made;
    made.log_place = R"({"file":"a \"quoted\" one"})";
    made.archives_place = "{}";
    made.segment = "2026-11-20.jsonl";
    made.offset = 4711;
    made.number = 17;
    made.newest = wall_time(std::chrono::microseconds(1'763'600'000'000'000));
    made.windows_from = made.newest - std::chrono::minutes(5);
    made.sessions["6b00dd29.3957"] = {12, made.newest};
    made.begun_until = made.newest - std::chrono::hours(1);
    made.noise[*day::parse("2026-11-20")]["health check"] = 3;
    made.entries = 20;
    return made;
}

}  // namespace

TEST_CASE("a checkpoint is read back as it was written") {
    CHECK(trail::parse_checkpoint(to_json(example())) == example());
    CHECK(trail::parse_checkpoint(to_json(checkpoint{})) == checkpoint{});
}

TEST_CASE("a checkpoint of before begun_until was in it is one, and of nothing it is known") {
    auto text = to_json(example());
    const auto begin = text.find("\"begun_until\":");
    text.erase(begin, text.find(',', begin) + 1 - begin);
    const auto read = trail::parse_checkpoint(text);
    REQUIRE(read);
    CHECK_FALSE(read->begun_until);
    CHECK(read->sessions == example().sessions);
}

TEST_CASE("a checkpoint that is cut off anywhere is none") {
    const auto whole = to_json(example());
    // Without its newline it is whole.
    for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
        INFO(size);
        CHECK_FALSE(trail::parse_checkpoint(whole.substr(0, size)));
    }
}

TEST_CASE("a checkpoint of another version, or of other types, is none") {
    auto text = to_json(example());
    const auto change = [&](const std::string& from, const std::string& to) {
        auto other = text;
        other.replace(other.find(from), from.size(), to);
        return other;
    };
    CHECK_FALSE(trail::parse_checkpoint(change("\"v\":1", "\"v\":2")));
    CHECK_FALSE(trail::parse_checkpoint(change("\"number\":17", "\"number\":\"17\"")));
    CHECK_FALSE(trail::parse_checkpoint(change("2026-11-20\":{", "yesterday\":{")));
    CHECK_FALSE(trail::parse_checkpoint("[]"));
}
