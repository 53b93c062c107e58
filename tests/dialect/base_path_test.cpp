#include "support/catch.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/dialect/route.hpp>

using namespace tallyfs::dialect;

namespace {

void check_split(std::string_view target, std::string_view service, std::string_view task,
                 std::string_view forwarded) {
    INFO(target);
    const auto split = split_base_path(target);
    CHECK(split.service.value_or("(none)") == service);
    CHECK(split.task.value_or("(none)") == task);
    CHECK(split.target == forwarded);
}

}  // namespace

TEST_CASE("the base path names a service and perhaps a task") {
    check_split("/as/x/api/chat", "x", "(none)", "/api/chat");
    check_split("/as/x/nightly/api/chat", "x", "nightly", "/api/chat");
    check_split("/as/x/v1/chat/completions?a=b", "x", "(none)", "/v1/chat/completions?a=b");
    check_split("/as/x/nightly/v1/models/a%2Fb", "x", "nightly", "/v1/models/a%2Fb");
    check_split("/as/x", "x", "(none)", "/");
    check_split("/as/x/", "x", "(none)", "/");
    check_split("/as/x?q=/api/", "x", "(none)", "/?q=/api/");
    check_split("/as/x/nightly/", "x", "nightly", "/");
    check_split("http://host:1/as/x/nightly/api/chat", "x", "nightly", "/api/chat");
}

TEST_CASE("what follows the service and is no route is not a task") {
    check_split("/as/x/nightly", "x", "(none)", "/nightly");
    check_split("/as/x/metrics?q", "x", "(none)", "/metrics?q");
    check_split("/as/x/api/", "x", "(none)", "/api/");
    check_split("/as/x/a/b/api/chat", "x", "(none)", "/a/b/api/chat");
    check_split("/as/x/api/api/chat", "x", "api", "/api/chat");
    check_split("/as/x//api/chat", "x", "(none)", "//api/chat");
    check_split("/as/x/../api/chat", "x", "(none)", "/../api/chat");
}

TEST_CASE("service and task are percent-decoded") {
    check_split("/as/n8n%20%C3%BC/e%2Fmail/api/chat", "n8n \xC3\xBC", "e/mail", "/api/chat");
    check_split("/as/a%2Fb/api/chat", "a/b", "(none)", "/api/chat");
}

TEST_CASE("a target without a usable service is forwarded as it is") {
    for (const auto* target : {"/", "/api/chat", "/as", "/as/", "/as//api/chat", "/as/../api/chat",
                               "/as/./api/chat", "/as/%2E%2E/api/chat", "/as/%zz/api/chat",
                               "/as/?x", "/AS/x/api/chat", "/asx/y/api/chat", "//as/x/api/chat"})
        check_split(target, "(none)", "(none)", target);
    check_split("*", "(none)", "(none)", "/*");
    check_split("http://host", "(none)", "(none)", "/");
    check_split("http://host?q", "(none)", "(none)", "/?q");
}

TEST_CASE("a long label is cut at its limit, between two characters") {
    std::string label(tallyfs::limits::label_bytes_max - 1, 'a');
    const auto split = split_base_path("/as/" + label + "%C3%BC/api/chat");
    CHECK(split.service == label);
    CHECK(split.target == "/api/chat");
}
