#include "proxy/caller_label.hpp"
#include "proxy/caller_support.hpp"
#include "support/catch.hpp"

#include <tallyfs/base/limits.hpp>

using namespace tallyfs::proxy;
using tallyfs::record::service_source;
using tallyfs::test::sample_process;
using tallyfs::test::sample_request;

namespace {

caller_options all_options() {
    caller_options options;
    options.keys = {{"from-key", "secret"}};
    options.ranges = {{"from-range", "127.0.0.0/8"}};
    return options;
}

sample_request everything() {
    sample_request request;
    request.path_service = "from-path";
    request.path_task = "task-of-path";
    request.headers = {{"x-service", "from-header"},
                       {"X-TASK", "task-of-header"},
                       {"Authorization", "Bearer secret"},
                       {"User-Agent", "from-agent/1.2 (linux)"}};
    request.listener_service = "from-port";
    request.process = sample_process("from-process");
    return request;
}

void check_label(const caller& found, const char* service, service_source from) {
    CHECK(found.service == service);
    CHECK(found.from == from);
}

}  // namespace

TEST_CASE("the first source that answers names the service") {
    const caller_rules rules(all_options());
    sample_request request = everything();
    check_label(request.identified_by(rules), "from-path", service_source::path);
    request.path_service.reset();
    check_label(request.identified_by(rules), "from-header", service_source::header);
    request.headers.erase("x-service");
    check_label(request.identified_by(rules), "from-key", service_source::key);
    request.headers.erase("Authorization");
    check_label(request.identified_by(rules), "from-port", service_source::listener);
    request.listener_service.clear();
    check_label(request.identified_by(rules), "from-range", service_source::listener);
    const caller_rules no_ranges({});
    check_label(request.identified_by(no_ranges), "from-process", service_source::process);
    request.process.reset();
    check_label(request.identified_by(no_ranges), "from-agent", service_source::user_agent);
    request.headers.clear();
    check_label(request.identified_by(no_ranges), "127.0.0.1", service_source::address);
}

TEST_CASE("a blank answer is none, and the next source is asked") {
    const caller_rules rules({});
    sample_request request = everything();
    request.headers.erase("Authorization");
    request.listener_service = " ";
    for (const char* blank :
         {"", " ", "\t \r\n", "\x01\x7f", "\xC2\xA0", "\xE2\x80\x8B\xEF\xBB\xBF"}) {
        request.path_service = blank;
        request.headers["x-service"] = blank;
        request.process = sample_process(blank);
        check_label(request.identified_by(rules), "from-agent", service_source::user_agent);
        request.path_task = blank;
        CHECK(request.identified_by(rules).task == "task-of-header");
        CHECK(request.identified_by(rules).process == std::nullopt);
    }
    request.headers["User-Agent"] = " /1.0";
    check_label(request.identified_by(rules), "127.0.0.1", service_source::address);
}

TEST_CASE("a hostile label is made harmless") {
    CHECK(clean_label("a\nb\tc\x1b[31m") == "a b c [31m");
    CHECK(clean_label(std::string_view("a\0b", 3)) == "a b");
    CHECK(clean_label("  n8n  ") == "n8n");
    CHECK(clean_label("caf\xC3\xA9") == "caf\xC3\xA9");
    CHECK(clean_label("a\xFF") == "a\xEF\xBF\xBD");
    CHECK(clean_label("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(clean_label("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(clean_label("\xE2\x82") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(clean_label("\xF0\x9F\xA6\x99") == "\xF0\x9F\xA6\x99");
    CHECK(clean_label("a\xE2\x80\xAE"
                      "b") == "a b");
    for (const auto* unseen : {"\xD8\x9C", "\xC2\xAD", "\xE1\xA0\x8E", "\xE2\x81\xA6",
                               "\xF3\xA0\x81\x81", "\xE2\x80\x8E", "\xC2\x85"}) {
        CHECK(clean_label("a" + std::string(unseen) + "b") == "a b");
    }
    CHECK(clean_label("../../etc/passwd") == "../../etc/passwd");
}

TEST_CASE("a long label is cut between characters") {
    CHECK(clean_label(std::string(1000, 'x')) ==
          std::string(tallyfs::limits::label_bytes_max, 'x'));
    std::string accents;
    for (int i = 0; i < 300; ++i) accents += "\xC3\xA9";
    const auto label = clean_label("x" + accents);
    REQUIRE(label);
    CHECK(label->size() == tallyfs::limits::label_bytes_max - 1);
    CHECK(label->ends_with("\xC3\xA9"));
}

TEST_CASE("the headers for services and tasks can be configured, and are asked in order") {
    caller_options options;
    options.service_headers = {"X-App", "X-Team"};
    options.task_headers = {"X-Job"};
    const caller_rules rules(options);
    sample_request request;
    request.headers = {{"x-team", "search"}, {"x-job", "nightly"}, {"X-Service", "ignored"}};
    check_label(request.identified_by(rules), "search", service_source::header);
    CHECK(request.identified_by(rules).task == "nightly");
    request.headers["X-APP"] = "crawler";
    check_label(request.identified_by(rules), "crawler", service_source::header);
}

TEST_CASE("a task comes from the path, then from a header, else there is none") {
    const caller_rules rules({});
    sample_request request = everything();
    CHECK(request.identified_by(rules).task == "task-of-path");
    request.path_task.reset();
    CHECK(request.identified_by(rules).task == "task-of-header");
    request.headers.clear();
    CHECK(request.identified_by(rules).task == std::nullopt);
}

TEST_CASE("a process is called by its container or unit, else by its program or script") {
    const auto label = [](const char* name, const char* cgroup) {
        return std::string(process_label(sample_process(name, cgroup)));
    };
    CHECK(label("node", "n8n.service") == "n8n");
    CHECK(label("node", "n8n@blue.service") == "n8n@blue");
    CHECK(label("node", "user@1000.service/n8n.service") == "n8n");
    CHECK(label("node", "docker:3f2a91c7e0b2") == "docker:3f2a91c7e0b2");
    CHECK(label("agent.py", "") == "agent");
    CHECK(label("search.jar", "") == "search");
    CHECK(label(".py", "") == ".py");
    CHECK(label("backup.tar", "") == "backup.tar");
    CHECK(label("curl", "") == "curl");
    CHECK(label("", "").empty());

    sample_request request;
    request.process = sample_process("agent.py", "docker:3f2a91c7e0b2");
    const auto found = request.identified_by(caller_rules({}));
    CHECK(found.service == "docker:3f2a91c7e0b2");
    CHECK(found.process == "agent.py");
}

TEST_CASE("a client library's own User-Agent counts only where no process is known") {
    const caller_rules rules({});
    sample_request request;
    for (const char* library : {"python-requests/2.31", "Go-http-client/1.1", "curl/8.5.0"}) {
        request.headers["User-Agent"] = library;
        request.process = sample_process("mailer");
        check_label(request.identified_by(rules), "mailer", service_source::process);
        request.process = sample_process("");
        CHECK(request.identified_by(rules).from == service_source::user_agent);
    }
    CHECK(user_agent_product("ollama-python/0.6.1 (x86_64 linux) Python/3.12") == "ollama-python");
    CHECK(user_agent_product("  curl 8") == "curl");
    CHECK(user_agent_product("/x").empty());
    CHECK(user_agent_product("").empty());
}

TEST_CASE("a request without any way to read headers is known by its address") {
    request_words words;
    const auto found = caller_rules({}).identify(words, {"::ffff:10.1.2.3", 1, "", 2}, {});
    check_label(found, "10.1.2.3", service_source::address);
    CHECK(found.principal == "address:10.1.2.3");
    check_label(caller_rules({}).identify(words, {}, {}), "unknown", service_source::address);
}
