#include "approval/world.hpp"

using namespace tallyfs;
using namespace tallyfs::approval;
using tallyfs::approval::test::one_step;
using tallyfs::approval::test::three_steps;
using tallyfs::approval::test::world;

namespace {

error_code parse_error(std::string_view text) {
    const auto parsed = parse_event(text);
    return parsed ? error_code() : parsed.error();
}
const std::string head = R"({"event":"step_reminded","number":1,"at":"2026-11-21T10:00:00Z",)";

}  // namespace

TEST_CASE("the text of an event is as documented") {
    const step_decided e{42,
                         test::start_time,
                         1,
                         verdict::approve,
                         {"fay", 1006, known_by::uid},
                         {way::deputy, "bea", {}},
                         "ab12",
                         true,
                         {}};
    CHECK(event_text(e) ==
          R"({"event":"step_decided","number":42,"at":"2024-10-04T00:00:00.000000Z","step":1,)"
          R"("verdict":"approve","who":{"person":"fay","uid":1006,"known_by":"uid"},)"
          R"("capacity":{"way":"deputy","for":"bea"},"hash":"ab12","code_given":true})");
}

TEST_CASE("a root's uid survives the text of an event") {
    const objection_raised e{1, test::start_time, {"uid:0", 0, known_by::uid}, "no"};
    const auto again = parse_event(event_text(e));
    REQUIRE(again);
    CHECK(*again == event(e));
}

TEST_CASE("unknown fields of an event are ignored") {
    const auto parsed = parse_event(head + R"("step":1,"later":{"more":[1]}})");
    REQUIRE(parsed);
    CHECK(std::get<step_reminded>(*parsed).step == 1);
}

TEST_CASE("an event that misses something or has it of the wrong type is refused") {
    const auto bad = make_error_code(approval_errc::bad_event);
    for (const auto* const text :
         {"", "{", "null", "[]", "7", "{}", R"({"event":7})", R"({"event":"step_reminded"})"}) {
        INFO(text);
        CHECK(parse_error(text) == bad);
    }
    for (const auto* const rest :
         {"\"x\":1}", "\"step\":\"1\"}", "\"step\":-1}", "\"step\":1.5}", "\"step\":4294967296}",
          "\"step\":null}", "\"step\":1", "\"step\":1}}"}) {
        INFO(rest);
        CHECK(parse_error(head + rest) == bad);
    }
    CHECK(parse_error(head + "\"step\":1}") == error_code());
    CHECK(parse_error(head + "\"step\":1}" + std::string(event_bytes_max, ' ')) == bad);
    CHECK(parse_error(R"({"event":"setting_changed","x":1})") ==
          make_error_code(approval_errc::unknown_event));
    const std::string decided =
        R"({"event":"objection_raised","number":1,"at":"2026-11-21T10:00:00Z","text":"no","who":)";
    for (const auto* const who :
         {"{}}", "\"ann\"}", R"({"person":"ann"}})", R"({"person":"","known_by":"uid"}})",
          R"({"person":"ann","known_by":"magic"}})", R"({"person":"ann","known_by":0}})",
          R"({"person":"ann","known_by":"uid","uid":-1}})",
          R"({"person":"ann","known_by":"uid","uid":"0"}})"}) {
        INFO(who);
        CHECK(parse_error(decided + who) == bad);
    }
    CHECK(parse_error(R"({"event":"request_expired","number":1,"at":"yesterday"})") == bad);
}

TEST_CASE("the largest request fits into an event, and a larger one is refused") {
    world w(one_step());
    auto asked = world::cloud_model();
    asked.title = std::string(title_bytes_max, 't');
    asked.reason = std::string(reason_bytes_max, 'r');
    asked.evidence = std::string(evidence_bytes_max, 'e');
    asked.plan = std::string(plan_bytes_max, 'p');
    const auto number = w.open(w.by("ann"), asked);
    CHECK(event_text(w.journal.back()).size() <= event_bytes_max);
    CHECK(number == 1);
    asked.evidence = std::string(evidence_bytes_max, '\n');
    asked.title = "another";
    asked.parameters["model"] = "another";
    const auto refused = w.requests.open(asked, w.by("ann"), w.rule, w.at());
    REQUIRE(!refused);
    CHECK(refused.error().code == make_error_code(approval_errc::too_large));
    const auto revised = w.requests.revise(1, asked.evidence, asked.plan, w.by("ann"), w.at());
    REQUIRE(!revised);
    CHECK(revised.error().code == make_error_code(approval_errc::too_large));
}

TEST_CASE("an event that cannot follow is refused and changes nothing") {
    world w(three_steps());
    const auto number = w.open("ann");
    const auto opened = w.journal.back();
    const auto before = w.requests;
    const auto refuses = [&](const event& e, approval_errc reason) {
        INFO(event_text(e));
        const auto done = w.requests.apply(e);
        CHECK((!done && done.error() == make_error_code(reason)));
        CHECK(w.requests == before);
    };
    const auto bad = approval_errc::bad_event;
    const identity ann{"ann", 1001, known_by::uid};
    const auto hash = plan_hash(w.at_number(number).request);
    const auto decided = [&](std::uint32_t step, const std::string& of) {
        return step_decided{number, w.now, step, verdict::approve, ann, {}, of, false, {}};
    };
    refuses(opened, bad);
    auto tampered = std::get<request_opened>(opened);
    tampered.request.number = 2;
    tampered.request.asked.kind = "../../etc";
    refuses(tampered, bad);
    tampered.request.asked.kind = "action";
    tampered.request.chain.steps.clear();
    refuses(tampered, bad);
    refuses(decided(0, hash), bad);
    refuses(decided(2, hash), bad);
    refuses(decided(4, hash), bad);
    refuses(decided(1, "0000"), bad);
    refuses(step_delegated{number, w.now, 2, ann, {}, "hal", "x"}, bad);
    refuses(step_escalated{number, w.now, 2}, bad);
    refuses(objection_answered{number, w.now, 1, ann, "x"}, bad);
    refuses(execution_started{number, w.now, hash}, bad);
    refuses(execution_finished{number, w.now, ending::ok, {}}, bad);
    refuses(execution_absent{number, w.now}, bad);
    refuses(execution_unknown{number, w.now, {}}, bad);
    refuses(outcome_settled{number, w.now, settlement::done, ann, {}, "x"}, bad);
    refuses(request_expired{9, w.now}, approval_errc::unknown_number);
}

TEST_CASE("a start on another plan than the approved one is refused") {
    world w(one_step());
    const auto number = w.open("ann");
    w.approve(number, 1, "bea");
    CHECK(!w.requests.apply(execution_started{number, w.now, "0000"}));
    CHECK(w.state_of(number) == state::approved);
}
