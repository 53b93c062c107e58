#include "notify/sample.hpp"

#include <tallyfs/base/digest.hpp>

using namespace tallyfs;
using namespace tallyfs::notify;
using tallyfs::notify::test::office;
using tallyfs::notify::test::sample_time;

namespace {

std::string fact_of(const message& m, std::string_view name) {
    for (const auto& one : m.facts) {
        if (one.name == name) return one.value;
    }
    return "";
}

approval::identity bea() {
    return {"bea", 1001, approval::known_by::uid};
}

std::string everything(const message& m) {
    return m.title + m.text() + m.subject + m.link + m.event + m.head;
}

}  // namespace

TEST_CASE("a new request says who asks, for what, whom it waits for and where to decide") {
    const office o;
    const auto m = o.tell(approval::request_opened{o.request});
    REQUIRE(m);
    CHECK(m->event == "approval.requested");
    CHECK(m->title == "Approval is asked for: 0042 Allow gpt-oss:120b-cloud for uid:1000");
    CHECK(fact_of(*m, "Asked by") == "anna");
    CHECK(fact_of(*m, "Kind") == "cloud-model");
    CHECK(fact_of(*m, "Waits for") == "manager (bea)");
    CHECK(m->link == "http://127.0.0.1:11435/page/0042");
    CHECK_FALSE(m->ends);
}

TEST_CASE(
    "no message holds reason, evidence, plan, undo, callback or a parameter of another name") {
    const office o;
    const std::vector<approval::event> events{
        approval::request_opened{o.request},
        approval::step_decided{42,
                               sample_time,
                               1,
                               approval::verdict::reject,
                               bea(),
                               {},
                               "hash",
                               false,
                               "TEXT-OF-A-PERSON"},
        approval::step_delegated{42, sample_time, 1, bea(), {}, "carl", "TEXT-OF-A-PERSON"},
        approval::step_reminded{42, sample_time, 1},
        approval::step_escalated{42, sample_time, 1},
        approval::objection_raised{42, sample_time, bea(), "TEXT-OF-A-PERSON"},
        approval::request_revised{42, sample_time, bea(), "EVIDENCE", "PLAN"},
        approval::request_withdrawn{42, sample_time, bea(), "TEXT-OF-A-PERSON"},
        approval::request_expired{42, sample_time},
        approval::execution_finished{42, sample_time, approval::ending::failed, "RESULT"},
        approval::execution_unknown{42, sample_time, "WHY-UNKNOWN"},
        approval::outcome_settled{
            42, sample_time, approval::settlement::done, bea(), {}, "TEXT-OF-A-PERSON"}};
    for (const auto& event : events) {
        const auto m = o.tell(event);
        REQUIRE(m);
        const auto all = everything(*m);
        for (const char* hidden : {"REASON", "EVIDENCE", "PLAN", "UNDO", "CALLBACK", "PARAMETER",
                                   "TEXT-OF", "RESULT", "WHY-"}) {
            INFO(name_of(event) << " " << all);
            CHECK(all.find(hidden) == std::string::npos);
        }
        CHECK(m->title.find("0042") != std::string::npos);
    }
}

TEST_CASE("an approved step says for whom it waits now, and what ends a request says so") {
    const office o;
    const auto first = o.tell(approval::step_decided{
        42, sample_time, 1, approval::verdict::approve, bea(), {}, "hash", false, ""});
    REQUIRE(first);
    CHECK(first->event == "approval.decided");
    CHECK(fact_of(*first, "Decided by") == "bea");
    CHECK(fact_of(*first, "Waits for") == "owner (bea)");
    CHECK_FALSE(first->ends);
    const auto rejected = o.tell(approval::step_decided{
        42, sample_time, 1, approval::verdict::reject, bea(), {}, "hash", false, "no"});
    REQUIRE(rejected);
    CHECK(rejected->event == "approval.rejected");
    CHECK(rejected->ends);
    const auto done =
        o.tell(approval::execution_finished{42, sample_time, approval::ending::ok, "x"});
    REQUIRE(done);
    CHECK(done->event == "approval.done");
    CHECK(done->ends);
    CHECK_FALSE(o.tell(approval::execution_started{42, sample_time, "hash"}));
}

TEST_CASE("the head of a message is the number and the hash of the action's own line") {
    record::action action;
    action.number = 17;
    action.previous = record::no_line_before;
    action.event = "setting.changed";
    action.subject = "log_level";
    std::string line;
    append_line(line, action);
    const office o;
    const auto m = message_of(line, o.known());
    REQUIRE(m);
    line.pop_back();
    CHECK(m->head == "17:" + sha256_hex(line));
}

TEST_CASE("the value of a setting is told only where that is harmless") {
    const office o;
    const auto level = o.tell("setting.changed", "log_level", R"({"from":"info","to":"debug"})");
    REQUIRE(level);
    CHECK(level->title == "Setting log_level was changed by anna");
    CHECK(fact_of(*level, "From") == "info");
    CHECK(fact_of(*level, "To") == "debug");
    const auto rule = o.tell("setting.changed", "redact/names", R"({"to":"SECRET-PATTERN"})");
    REQUIRE(rule);
    CHECK(everything(*rule).find("SECRET") == std::string::npos);
    const auto removed = o.tell("setting.removed", "redact/names", R"({"from":"SECRET-PATTERN"})");
    REQUIRE(removed);
    CHECK(everything(*removed).find("SECRET") == std::string::npos);
}

TEST_CASE("budgets and a broken chain are told with their figures") {
    const office o;
    const auto budget =
        o.tell("budget.warned", "team-a", R"({"measure":"tokens_per_day","used":81,"limit":100})");
    REQUIRE(budget);
    CHECK(budget->severity == severity::warning);
    CHECK(budget->text() == "Budget: team-a\nMeasure: tokens_per_day\nUsed: 81\nLimit: 100");
    const auto broken = o.tell("chain.broken", "actions",
                               R"({"breaks":2,"file":"2026-11-20.jsonl","line":3,"what":"x"})");
    REQUIRE(broken);
    CHECK(broken->severity == severity::critical);
    CHECK(fact_of(*broken, "Places") == "2");
    CHECK_FALSE(o.tell("permission.given", "0042", "{}"));
    CHECK_FALSE(message_of("no action", o.known()));
}

TEST_CASE("a target wants all, or groups and events by name") {
    CHECK(wants({}, "budget.warned"));
    CHECK(wants({"budgets"}, "budget.warned"));
    CHECK(wants({"approvals", "budget.warned"}, "budget.warned"));
    CHECK_FALSE(wants({"approvals"}, "budget.warned"));
    CHECK_FALSE(wants({"approval"}, "approval.done"));
}

TEST_CASE("what cannot be seen is replaced, and a cut never splits a character") {
    CHECK(visible("a\nb\tc", 100) == "a b c");
    CHECK(visible("a\x1b[31m", 100) == "a\xef\xbf\xbd[31m");
    CHECK(visible("a\xe2\x80\xae"
                  "b",
                  100) ==
          "a\xef\xbf\xbd"
          "b");
    CHECK(visible("a\xff"
                  "b",
                  100) ==
          "a\xef\xbf\xbd"
          "b");
    CHECK(visible("\xf3\xa0\x81\x81", 100) == "\xef\xbf\xbd");
    CHECK(visible("\xc3\xa4\xc3\xa4", 3) == "\xc3\xa4");
    CHECK(visible("\xe4\xb8\xad\xf0\x9f\x98\x80", 100) == "\xe4\xb8\xad\xf0\x9f\x98\x80");
}
