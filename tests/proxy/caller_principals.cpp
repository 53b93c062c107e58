#include "proxy/caller_address.hpp"
#include "proxy/caller_support.hpp"
#include "support/catch.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/limits.hpp>

using namespace tallyfs::proxy;
using tallyfs::startup_error;
using tallyfs::record::service_source;
using tallyfs::test::sample_process;
using tallyfs::test::sample_request;

namespace {

caller_rules rules_with_keys() {
    caller_options options;
    options.keys = {{"n8n", "sk-one"}, {"agents", "sk-two"}, {"agents", "sk-three"}};
    return caller_rules(std::move(options));
}

caller with_headers(const caller_rules& rules, std::map<std::string, std::string> headers) {
    sample_request request;
    request.headers = std::move(headers);
    return request.identified_by(rules);
}

std::string range_of(const std::string& address, std::vector<address_range> ranges) {
    caller_options options;
    options.ranges = std::move(ranges);
    sample_request request;
    request.peer_address = address;
    return request.identified_by(caller_rules(std::move(options))).principal;
}

bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string refusal(caller_options options) {
    try {
        const caller_rules rules(std::move(options));
    } catch (const startup_error& error) {
        CHECK(error.exit_code() == 2);
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("the principal is the key, the cgroup, the user, the range or the address") {
    caller_options options;
    options.keys = {{"n8n", "sk-one"}};
    options.ranges = {{"office", "127.0.0.0/8"}};
    const caller_rules rules(options);
    sample_request request;
    request.headers["X-Api-Key"] = "sk-one";
    request.process = sample_process("node", "docker:3f2a91c7e0b2");
    CHECK(request.identified_by(rules).principal == "key:n8n");
    request.headers.clear();
    CHECK(request.identified_by(rules).principal == "docker:3f2a91c7e0b2");
    request.process = sample_process("node", "n8n.service");
    CHECK(request.identified_by(rules).principal == "unit:n8n.service");
    request.process = sample_process("node", "user@1000.service/n8n.service");
    CHECK(request.identified_by(rules).principal == "unit:user@1000.service/n8n.service");
    request.process = sample_process("node", "user@1000.service/docker:3f2a91c7e0b2");
    CHECK(request.identified_by(rules).principal == "unit:user@1000.service/docker:3f2a91c7e0b2");
    request.process = sample_process("node", "docker:x.service");
    CHECK(request.identified_by(rules).principal == "unit:docker:x.service");
    request.process = sample_process("node");
    CHECK(request.identified_by(rules).principal == "uid:1000");
    request.process = sample_process("node", "", std::nullopt);
    CHECK(request.identified_by(rules).principal == "range:office");
    request.process.reset();
    CHECK(request.identified_by(rules).principal == "range:office");
    CHECK(request.identified_by(caller_rules({})).principal == "address:127.0.0.1");
}

TEST_CASE("nothing that a client says changes its principal") {
    const caller_rules rules = rules_with_keys();
    sample_request quiet;
    quiet.process = sample_process("agent.py");
    sample_request loud = quiet;
    loud.path_service = "key:n8n";
    loud.path_task = "unit:n8n.service";
    loud.process->name = "n8n.service";
    loud.headers = {{"X-Service", "uid:0"},        {"User-Agent", "docker:3f2a91c7e0b2/1"},
                    {"X-Task", "range:office"},    {"X-Forwarded-For", "10.0.0.1"},
                    {"Authorization", "Bearer x"}, {"X-Api-Key", "n8n"}};
    CHECK(loud.identified_by(rules).principal == "uid:1000");
    CHECK(loud.identified_by(rules).principal == quiet.identified_by(rules).principal);
}

TEST_CASE("an API key is taken from Authorization and from X-Api-Key") {
    const caller_rules rules = rules_with_keys();
    const auto found = with_headers(rules, {{"authorization", "Bearer sk-one"}});
    CHECK(found.service == "n8n");
    CHECK(found.from == service_source::key);
    CHECK(found.principal == "key:n8n");
    CHECK(with_headers(rules, {{"Authorization", "bearer  sk-two "}}).principal == "key:agents");
    CHECK(with_headers(rules, {{"x-api-key", " sk-three "}}).principal == "key:agents");
    CHECK(with_headers(rules, {{"Authorization", "Bearer ollama"}, {"x-api-key", "sk-one"}})
              .principal == "key:n8n");
}

TEST_CASE("what is not exactly a key is none") {
    const caller_rules rules = rules_with_keys();
    for (const char* value : {"", "sk-one", "Bearer", "Bearer ", "Bearer\tsk-one", "Bearersk-one",
                              "Basic sk-one", "Bearer sk-on", "Bearer sk-onee", "Bearer SK-ONE",
                              "Bearer sk-one, sk-two", "Bearer \"sk-one\""}) {
        INFO(value);
        CHECK(with_headers(rules, {{"Authorization", value}}).principal == "address:127.0.0.1");
    }
    CHECK(with_headers(rules, {{"X-Api-Key", "Bearer sk-one"}}).principal == "address:127.0.0.1");
    CHECK(with_headers(caller_rules({}), {{"X-Api-Key", ""}}).principal == "address:127.0.0.1");
}

TEST_CASE("the most specific range wins, whatever the order") {
    const std::vector<address_range> ranges{{"all", "0.0.0.0/0"},
                                            {"desk", "10.1.2.3"},
                                            {"net", "10.0.0.0/8"},
                                            {"floor", "10.1.2.128/25"},
                                            {"net-again", "10.0.0.0/8"}};
    CHECK(range_of("10.1.2.3", ranges) == "range:desk");
    CHECK(range_of("10.1.2.127", ranges) == "range:net");
    CHECK(range_of("10.1.2.128", ranges) == "range:floor");
    CHECK(range_of("11.0.0.0", ranges) == "range:all");
    CHECK(range_of("::ffff:10.1.2.3", ranges) == "range:desk");
    CHECK(range_of("fd00::1", ranges) == "address:fd00::1");
}

TEST_CASE("ranges of IPv6 hold what they say") {
    const std::vector<address_range> ranges{{"local", "fd00::/8"},
                                            {"lab", "fd00:1:2:8000::/49"},
                                            {"mapped", "::ffff:10.0.0.0/104"},
                                            {"all", "::/0"}};
    CHECK(range_of("fd00:ffff::1", ranges) == "range:local");
    CHECK(range_of("fd00:1:2:8000::7", ranges) == "range:lab");
    CHECK(range_of("fd00:1:2:7fff::7", ranges) == "range:local");
    CHECK(range_of("FE80:0:0:0::1%eth0", ranges) == "range:all");
    CHECK(range_of("10.9.9.9", ranges) == "range:mapped");
    CHECK(range_of("11.9.9.9", ranges) == "address:11.9.9.9");
    CHECK(range_of("2001:DB8:0:0::1", {}) == "address:2001:db8::1");
}

TEST_CASE("a range that is none is refused with what to write instead") {
    for (const char* range :
         {"", "office", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "10.0.0/8",
          "10.0.0.0/8/8", "fd00::/129", "::ffff:10.0.0.0/95", "fe80::1%eth0", "10.0.0.1 ", "/8"}) {
        INFO(range);
        caller_options options;
        options.ranges = {{"office", range}};
        CHECK(mentions(refusal(options), "10.0.0.0/8"));
    }
}

TEST_CASE("keys and names that could not tell services apart are refused, and never shown") {
    const auto with_keys = [](std::vector<api_key> keys) {
        caller_options options;
        options.keys = std::move(keys);
        return refusal(options);
    };
    CHECK(mentions(with_keys({{"n8n", ""}}), "n8n"));
    CHECK(mentions(with_keys({{" ", "sk-one"}}), "no name"));
    const std::string twice = with_keys({{"n8n", "sk-one"}, {"agents", "sk-one"}});
    CHECK(mentions(twice, "'n8n' and 'agents'"));
    CHECK(twice.find("sk-one") == std::string::npos);
    CHECK(mentions(with_keys({{std::string(250, 'x'), "sk-one"}}), "longer"));
    caller_options options;
    options.ranges = {{"", "10.0.0.0/8"}};
    CHECK(mentions(refusal(options), "no name"));
}
