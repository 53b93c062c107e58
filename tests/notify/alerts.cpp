#include "notify/sample.hpp"
#include "support/catch.hpp"

using namespace tallyfs;

namespace {

record::action alert(std::string event, std::string detail) {
    record::action made;
    made.number = 9;
    made.previous = std::string(64, '0');
    made.node = "host";
    made.event = std::move(event);
    made.subject = "7";
    made.actor.by = "anna";
    made.detail = std::move(detail);
    return made;
}

std::optional<notify::message> told(const record::action& action) {
    static const approval::people nobody;
    std::string line;
    append_line(line, action);
    return notify::message_of(
        line, {[](std::uint32_t) { return std::nullopt; }, nobody,
               [](std::string_view, std::string_view) { return false; }, "http://127.0.0.1:11435"});
}

std::string detail(bool pages, const std::string& window = "2026-11-20T13:25:00Z") {
    return R"({"id":"person-dml|prod/orders-cl|jd|)" + window +
           R"(","title":"A person changed data by hand","rule":"person-dml",)"
           R"("cluster":"prod/orders-cl","user":"jd","window":")" +
           window + R"(","events":3,"statements":2,"rows":40,"text":"DELETE public.orders",)" +
           "\"pages\":" + (pages ? "true" : "false") + "}";
}

}  // namespace

TEST_CASE("an alert that pages is told, with who, where and how much, and no SQL") {
    const auto message = told(alert("alert.opened", detail(true)));
    REQUIRE(message);
    CHECK(message->title == "A person changed data by hand: jd on prod/orders-cl");
    CHECK(message->link == "http://127.0.0.1:11435/audit/alerts/open/7-person-dml");
    CHECK(message->severity == notify::severity::warning);
    CHECK_FALSE(message->ends);
    CHECK(message->text().find("Statements: 2\nRows: 40") != std::string::npos);
}

TEST_CASE("an alert of the digest is not told, and one that counts on only where it pages") {
    CHECK_FALSE(told(alert("alert.opened", detail(false))));
    CHECK_FALSE(told(alert("alert.counted", detail(false))));
    CHECK(told(alert("alert.counted", detail(true))));
    CHECK_FALSE(told(alert("alert.acknowledged", detail(true))));
    CHECK_FALSE(told(alert("alert.opened", "{}")));
}

TEST_CASE("each window has a subject of its own, and its end has the same one") {
    const auto first = told(alert("alert.opened", detail(true)));
    const auto second = told(alert("alert.opened", detail(true, "2026-11-20T13:30:00Z")));
    const auto closed = told(alert("alert.closed", detail(false)));
    REQUIRE((first && second && closed));
    CHECK(first->subject != second->subject);
    CHECK(closed->subject == first->subject);
    CHECK(closed->ends);
    CHECK(closed->link == "http://127.0.0.1:11435/audit/alerts/closed/7-person-dml");
}
