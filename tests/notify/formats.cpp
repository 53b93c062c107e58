#include "notify/sample.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

using namespace tallyfs;
using namespace tallyfs::notify;
using nlohmann::json;
using nlohmann::ordered_json;
using tallyfs::notify::test::office;

namespace {

target target_of(format f, std::string address = "https://example.org/hooks/topic") {
    target made;
    made.name = "ops";
    made.format = f;
    made.address = *parse_web_address(address);
    return made;
}

message sample() {
    const office o;
    return *o.tell(approval::request_opened{o.request});
}

/// The golden file of a format: docs/notify.md shows parts of them.
std::string golden(const std::string& name) {
    std::ifstream file(std::string(TALLYFS_FIXTURES) + "/notify/" + name + ".json");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

message hostile() {
    auto m = sample();
    m.title = "@channel <!here> [free](http://evil.example) *x* `y` \"q\" \\ & www.evil.example";
    m.facts = {{"Model", "@all <@U1|x>"}};
    return m;
}

constexpr const char* space = "\xe2\x80\x8b";

}  // namespace

TEST_CASE("each format has the body that its golden file shows") {
    for (const auto& name : format_names()) {
        auto t = target_of(*parse_format(name));
        if (is_direct(t.format)) continue;  // the bodies of slack and mattermost
        t.token = "KEY";
        const auto made = format_message(t, sample());
        INFO(name);
        CHECK(ordered_json::parse(made.body).dump(2) + "\n" == golden(name));
        CHECK(made.headers.front().second == "application/json");
        CHECK(made.headers.at(1) ==
              std::pair<std::string, std::string>("Idempotency-Key", "docker-host-17"));
        CHECK(made.body.find(sample().head) != std::string::npos);
        CHECK(made.body.find("hooks") == std::string::npos);
    }
}

TEST_CASE("tokens go into the header that the format has for them") {
    auto t = target_of(format::opsgenie);
    t.token = "KEY";
    CHECK(format_message(t, sample()).headers.back().second == "GenieKey KEY");
    for (const auto f : {format::ntfy, format::json}) {
        auto other = target_of(f);
        other.token = "KEY";
        CHECK(format_message(other, sample()).headers.back().second == "Bearer KEY");
        other.token.clear();
        CHECK(format_message(other, sample()).headers.back().first == "Idempotency-Key");
    }
}

TEST_CASE("the end of a request closes the alarm that it raised") {
    auto over = sample();
    over.ends = true;
    auto t = target_of(format::pagerduty);
    const auto raised = json::parse(format_message(t, sample()).body);
    const auto resolved = json::parse(format_message(t, over).body);
    CHECK(raised["event_action"] == "trigger");
    CHECK(resolved["event_action"] == "resolve");
    CHECK(raised["dedup_key"] == resolved["dedup_key"]);
    t = target_of(format::opsgenie, "https://api.opsgenie.com/v2/alerts");
    CHECK(format_message(t, sample()).address.path == "/v2/alerts");
    CHECK(format_message(t, over).address.path ==
          "/v2/alerts/tallyfs%2Fdocker-host%2Fapproval%2F0042/close?identifierType=alias");
}

TEST_CASE("ntfy gets the topic of the address in the body, which goes to what is before it") {
    const auto made = format_message(target_of(format::ntfy, "https://ntfy.sh/a/mine"), sample());
    CHECK(made.address.path == "/a/");
    CHECK(json::parse(made.body)["topic"] == "mine");
}

TEST_CASE("a hostile name is no mention, link, command or markup in a chat") {
    const auto slack = json::parse(format_message(target_of(format::slack), hostile()).body);
    const std::string text = slack["text"];
    CHECK(text.find("<") == std::string::npos);
    CHECK(text.find("@channel") == std::string::npos);
    CHECK(text.find("http://") == std::string::npos);
    CHECK(text.find("www.") != std::string::npos);
    CHECK(text.find(std::string("www.") + space + "evil") != std::string::npos);
    CHECK(slack["blocks"][0]["text"]["type"] == "plain_text");
    CHECK(slack["blocks"][0]["fields"][0]["text"] ==
          std::string("Model: @") + space + "all &lt;@" + space + "U1|x&gt;");

    const auto chat = json::parse(format_message(target_of(format::mattermost), hostile()).body);
    const std::string marked = chat["text"];
    CHECK(marked.find("@channel") == std::string::npos);
    CHECK(marked.find("@all") == std::string::npos);
    CHECK(marked.find("[free]") == std::string::npos);
    CHECK(marked.find("\\[free\\](http:") != std::string::npos);
    CHECK(marked.find("http://evil") == std::string::npos);
    CHECK(marked.find("\\*x\\* \\`y\\`") != std::string::npos);
    CHECK(marked.find("(http://127.0.0.1:11435/page/0042)") != std::string::npos);
}

TEST_CASE("quotes, control characters and placeholders in a name cannot leave their string") {
    auto m = sample();
    m.title = "\",\"admin\":true,\"x\":\"{head}\x01\xff";
    auto t = target_of(format::json);
    t.body_template = R"({"text":"{title} {event}","more":["{subject}",1],"brace":"{ x }"})";
    REQUIRE(problem_of(t) == "");
    const auto body = json::parse(format_message(t, m).body);
    CHECK(body.size() == 3);
    CHECK(body["text"] == "\",\"admin\":true,\"x\":\"{head}\x01\xef\xbf\xbd approval.requested");
    CHECK(body["more"] == json::array({"0042", 1}));
    CHECK(body["brace"] == "{ x }");
    for (const auto& name : format_names()) {
        const auto each = target_of(*parse_format(name));
        if (is_direct(each.format)) continue;
        CHECK_NOTHROW(json::parse(format_message(each, m).body));
    }
}

TEST_CASE("what is wrong with a target is said with the nearest right name") {
    auto t = target_of(format::json);
    CHECK(problem_of(t) == "");
    t.events = {"aprovals"};
    CHECK(problem_of(t).find("did you mean approvals?") != std::string::npos);
    t.events.clear();
    t.body_template = R"({"text":"{titel}"})";
    CHECK(problem_of(t).find("did you mean title?") != std::string::npos);
    t.body_template = "{text}";
    CHECK(problem_of(t) == "template is no JSON object");
    t.body_template.clear();
    for (const char* name : {"", "../x", "a b", "a/b", "\xc3\xa4", "."}) {
        t.name = name;
        CHECK(problem_of(t).starts_with("name "));
    }
    CHECK(problem_of(target_of(format::pagerduty)).starts_with("token_file"));
    auto split = target_of(format::json);
    split.token = "a\r\nX-Evil: 1";
    CHECK(problem_of(split).starts_with("token_file"));
    CHECK(problem_of(target_of(format::ntfy, "https://ntfy.sh/")) != "");
}

TEST_CASE("an address is http or https with a host, and nothing that could split a header") {
    const auto a = parse_web_address("https://hooks.example.org/services/T/B?x=1#part");
    REQUIRE(a);
    CHECK(a->tls);
    CHECK(a->port == 443);
    CHECK(a->path == "/services/T/B?x=1");
    CHECK(a->host_header() == "hooks.example.org");
    CHECK(parse_web_address("http://[::1]:8080")->host_header() == "[::1]:8080");
    CHECK(parse_web_address("http://[::1]:8080")->is_loopback());
    CHECK(parse_web_address("http://h?x")->path == "/?x");
    for (const char* wrong :
         {"", "ftp://x/", "https://", "https:///x", "https://user:secret@host/", "https://h:0/",
          "https://h:99999/", "https://h:/", "https://h /", "https://h/\r\nX: 1", "https://[::1",
          "https://[x]/", "http://h\xc3\xa4/", "hooks.example.org"}) {
        INFO(wrong);
        CHECK_FALSE(parse_web_address(wrong));
    }
}
