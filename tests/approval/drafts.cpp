#include "support/catch.hpp"

#include <tallyfs/approval/request.hpp>

using namespace tallyfs;
using namespace tallyfs::approval;

namespace {

const std::vector<std::string> kinds{"action", "budget", "cloud-model"};

std::string sentence_for(std::string_view text) {
    const auto read = parse_draft(text, kinds);
    REQUIRE(!read);
    return read.error().sentence;
}

}  // namespace

TEST_CASE("a request is read from lines") {
    const auto read = parse_draft(
        "# please\r\nkind=cloud-model\r\n\r\nreason = it is = slow \r\n"
        "env=prod\r\nmodel=qwen3-coder:480b-cloud\r\nPrincipal=unit:n8n",
        kinds);
    REQUIRE(read);
    CHECK(read->kind == "cloud-model");
    CHECK(read->reason == "it is = slow");
    CHECK(read->environment == "prod");
    CHECK(read->parameters ==
          parameters{{"model", "qwen3-coder:480b-cloud"}, {"Principal", "unit:n8n"}});
    CHECK(read->title == "cloud-model Principal=unit:n8n model=qwen3-coder:480b-cloud");
}

TEST_CASE("a request is read from a JSON object") {
    const auto read = parse_draft(R"(
        {"kind":"action","title":"Restart n8n","evidence":"line 1\nline 2",
         "callback":"https://n8n.local/hook?id=1","environment":"qa","dry":true,
         "parameters":{"tries":3,"season":"winter"}})",
                                  kinds);
    REQUIRE(read);
    CHECK(read->title == "Restart n8n");
    CHECK(read->evidence == "line 1\nline 2");
    CHECK(read->callback == "https://n8n.local/hook?id=1");
    CHECK(read->parameters == parameters{{"dry", "true"}, {"season", "winter"}, {"tries", "3"}});
}

TEST_CASE("a request that is not understood says what to do") {
    const std::vector<std::pair<std::string, std::string>> table{
        {"", "the request is empty"},
        {"  \n\t", "the request is empty"},
        {"\xef\xbb\xbf", "the request is empty"},
        {"kind", "line 1 is not key=value"},
        {"kind=action\nplease", "line 2 is not key=value"},
        {"=x", "line 1 is not key=value"},
        {"reason=x", "kind= is missing: say what you ask for; one of action, budget, cloud-model"},
        {"kind=action", "reason= is missing"},
        {"kind=bugdet\nreason=x", "there is no kind bugdet; did you mean budget?"},
        {"kind=zzzzzz\nreason=x", "there is no kind zzzzzz; one of action, budget, cloud-model"},
        {"kind=action\nkind=budget\nreason=x", "kind is there twice"},
        {"kind=action\nreason=x\nenv=qa\nenvironment=prod", "environment is there twice"},
        {"kind=action\nreason=x\nA=1\nA=2", "the parameter A is there twice"},
        {"kidn=action\nreason=x", "unknown key kidn; did you mean kind?"},
        {"kind=action\nreasn=x", "unknown key reasn; did you mean reason?"},
        {"kind=action\nreason=x\nenviroment=prod", "did you mean environment?"},
        {"kind=action\nreason=x\nplan=DROP", "plan is not for you to say"},
        {"kind=action\nreason=x\nUndo=DROP", "Undo is not for you to say"},
        {"kind=action\nreason=x\na b=1", "a parameter called a b is refused"},
        {"kind=action\nreason=x\nenv=../x", "env is made of lowercase words"},
        {"kind=action\nreason=x\ncallback=ftp://x", "callback has to be an address"},
        {"kind=action\nreason=x\ncallback=http://a b", "callback has to be an address"},
        {"kind=action\nreason=x\nm=a\xe2\x80\x8b", "holds characters that cannot be seen"},
        {"kind=action\nreason=x\nm=\xff", "holds characters that cannot be seen"},
        {"[]", "this is not valid JSON: write one object"},
        {"{\"kind\":\"action\"", "this is not valid JSON"},
        {"{\"kind\":\"action\",\"kind\":\"budget\",\"reason\":\"x\"}", "kind is there twice"},
        {"{\"kind\":\"action\",\"reason\":\"x\",\"parameters\":{\"a\":1,\"a\":2}}",
         "a is there twice"},
        {"{\"kind\":\"action\",\"Kind\":\"budget\",\"reason\":\"x\"}", "kind is there twice"},
        {"{\"kind\":\"action\",\"reason\":\"x\",\"a\":1,\"parameters\":{\"a\":2}}",
         "the parameter a is there twice"},
        {"{\"kind\":[\"action\"]}", "kind is no text or number"},
        {"{\"kind\":null}", "kind is no text or number"},
        {"{\"kind\":\"action\",\"reason\":\"x\",\"a\":\"1\\nb = 2\"}", "has several lines"},
        {"{\"kind\":\"action\",\"reason\":\"x\",\"parameters\":{\"a\":{}}}",
         "the parameter a is no text or number"},
        {"{\"kind\":\"action\",\"reason\":\"x\",\"parameters\":\"a\"} x", "not valid JSON"},
    };
    for (const auto& [text, expected] : table) {
        INFO(text);
        const auto sentence = sentence_for(text);
        INFO(sentence);
        CHECK(sentence.find(expected) != std::string::npos);
    }
}

TEST_CASE("every text of a request has a limit") {
    const auto refused = [](void (*change)(draft&)) {
        draft asked;
        asked.kind = "action";
        asked.title = "title";
        change(asked);
        const auto read = checked(asked);
        return !read && (read.error().code == make_error_code(approval_errc::too_large) ||
                         read.error().code == make_error_code(approval_errc::bad_command));
    };
    CHECK(!refused([](draft& d) { d.title = std::string(title_bytes_max, 'x'); }));
    CHECK(refused([](draft& d) { d.title = std::string(title_bytes_max + 1, 'x'); }));
    CHECK(refused([](draft& d) { d.reason = std::string(reason_bytes_max + 1, 'x'); }));
    CHECK(!refused([](draft& d) { d.evidence = std::string(evidence_bytes_max, 'x'); }));
    CHECK(refused([](draft& d) { d.evidence = std::string(evidence_bytes_max + 1, 'x'); }));
    CHECK(refused([](draft& d) { d.plan = std::string(plan_bytes_max + 1, 'x'); }));
    CHECK(refused([](draft& d) { d.undo = std::string(plan_bytes_max + 1, 'x'); }));
    CHECK(refused([](draft& d) { d.kind = std::string(word_bytes_max + 1, 'x'); }));
    CHECK(refused([](draft& d) { d.environment = std::string(word_bytes_max + 1, 'x'); }));
    CHECK(
        refused([](draft& d) { d.callback = "https://" + std::string(callback_bytes_max, 'x'); }));
    CHECK(refused([](draft& d) { d.parameters["a"] = std::string(value_bytes_max + 1, 'x'); }));
    CHECK(refused([](draft& d) { d.parameters[std::string(word_bytes_max + 1, 'x')] = "a"; }));
    CHECK(refused([](draft& d) {
        for (std::size_t i = 0; i <= parameters_max; ++i) d.parameters[std::to_string(i)] = "a";
    }));
    CHECK(refused([](draft& d) { d.parameters[""] = "a"; }));
    CHECK(!parse_draft("kind=action\nreason=" + std::string(event_bytes_max, 'x')));
}

TEST_CASE("a kind is fit for a directory's name") {
    for (const std::string kind : {"", "../x", "a/b", "-a", "a-", "A", "a_b", "a b", "\xc3\xa4"}) {
        draft asked;
        asked.kind = kind;
        INFO(kind);
        CHECK(!checked(asked));
    }
}

TEST_CASE("what people read before a decision holds nothing that hides") {
    draft asked;
    asked.kind = "action";
    asked.evidence =
        "a\x1b[2Kb\r\nc\rd\te\xe2\x80\xae"
        "f\xff\xf3\xa0\x81\x81g";
    const auto clean = checked(asked);
    REQUIRE(clean);
    const std::string sign = "\xef\xbf\xbd";
    CHECK(clean->evidence == "a" + sign + "[2Kb\nc\nd\te" + sign + "f" + sign + sign + "g");
    asked.plan = "DROP\x1b[2K";
    CHECK(!checked(asked));
}

TEST_CASE("a number is shown with four digits and read in any form") {
    CHECK(number_text(42) == "0042");
    CHECK(number_text(12345) == "12345");
    CHECK(parse_number("0042-cloud-model") == 42U);
    CHECK(parse_number("42") == 42U);
    for (const auto* const text : {"", "-", "0", "x", "4x", " 4", "4294967296", "+4", "-4"}) {
        INFO(text);
        CHECK(parse_number(text) == std::nullopt);
    }
}
