#include "support/catch.hpp"

#include <tallyfs/dialect/route.hpp>

#include <array>

using namespace tallyfs::dialect;

namespace {

struct route_case {
    std::string_view method;
    std::string_view path;
    route_class kind;
    family dialect;
    operation op;
    std::string_view endpoint;
};

void check_route(const route_case& expected) {
    INFO(expected.method << " " << expected.path);
    const auto found = classify(expected.method, expected.path);
    CHECK(to_string(found.kind) == to_string(expected.kind));
    CHECK(to_string(found.dialect) == to_string(expected.dialect));
    CHECK(found.op == expected.op);
    CHECK(found.endpoint == expected.endpoint);
}

using enum route_class;
using enum family;
using op = operation;

}  // namespace

TEST_CASE("every inference route has its operation and dialect") {
    for (const auto& expected : std::initializer_list<route_case>{
             {"POST", "/api/generate", inference, native, op::generate, "/api/generate"},
             {"POST", "/api/chat", inference, native, op::chat, "/api/chat"},
             {"POST", "/api/embed", inference, native, op::embed, "/api/embed"},
             {"POST", "/api/embeddings", inference, native, op::embeddings, "/api/embeddings"},
             {"POST", "/v1/chat/completions", inference, openai, op::openai_chat,
              "/v1/chat/completions"},
             {"POST", "/v1/completions", inference, openai, op::openai_completion,
              "/v1/completions"},
             {"POST", "/v1/embeddings", inference, openai, op::openai_embeddings, "/v1/embeddings"},
             {"POST", "/v1/responses", inference, responses, op::responses, "/v1/responses"},
             {"POST", "/v1/messages", inference, anthropic, op::messages, "/v1/messages"},
             {"POST", "/v1/audio/transcriptions", inference, openai, op::transcription,
              "/v1/audio/transcriptions"}})
        check_route(expected);
}

TEST_CASE("every other route has its class and pattern") {
    for (const auto& expected : std::initializer_list<route_case>{
             {"GET", "/", poll, native, op::none, "/"},
             {"HEAD", "/", poll, native, op::none, "/"},
             {"GET", "/api/version", poll, native, op::none, "/api/version"},
             {"HEAD", "/api/version", poll, native, op::none, "/api/version"},
             {"GET", "/api/tags", poll, native, op::none, "/api/tags"},
             {"HEAD", "/api/tags", poll, native, op::none, "/api/tags"},
             {"GET", "/api/status", poll, native, op::none, "/api/status"},
             {"GET", "/api/ps", poll, native, op::none, "/api/ps"},
             {"GET", "/v1/models", poll, openai, op::none, "/v1/models"},
             {"GET", "/v1/models/qwen3:14b", poll, openai, op::none, "/v1/models/:model"},
             {"GET", "/api/experimental/model-recommendations", poll, native, op::none,
              "/api/experimental/model-recommendations"},
             {"POST", "/api/show", poll, native, op::none, "/api/show"},
             {"POST", "/api/pull", admin, native, op::none, "/api/pull"},
             {"POST", "/api/push", admin, native, op::none, "/api/push"},
             {"POST", "/api/create", admin, native, op::none, "/api/create"},
             {"POST", "/api/copy", admin, native, op::none, "/api/copy"},
             {"DELETE", "/api/delete", admin, native, op::none, "/api/delete"},
             {"POST", "/api/blobs/sha256:12ab", admin, native, op::none, "/api/blobs/:digest"},
             {"HEAD", "/api/blobs/sha256:12ab", admin, native, op::none, "/api/blobs/:digest"},
             {"POST", "/api/me", account, native, op::none, "/api/me"},
             {"POST", "/api/signout", account, native, op::none, "/api/signout"},
             {"DELETE", "/api/user/keys/c3No", account, native, op::none, "/api/user/keys/:key"},
             {"POST", "/api/experimental/web_search", cloud, native, op::none,
              "/api/experimental/web_search"},
             {"POST", "/api/experimental/web_fetch", cloud, native, op::none,
              "/api/experimental/web_fetch"},
             {"POST", "/v1/images/generations", cloud, openai, op::none, "/v1/images/generations"},
             {"POST", "/v1/images/edits", cloud, openai, op::none, "/v1/images/edits"}})
        check_route(expected);
}

TEST_CASE("the path is compared decoded and without the query, as Ollama does") {
    for (const auto* path : {"/api/generate?x=/1", "/api/%67enerate", "/api%2Fgenerate",
                             "http://host:1/api/generate", "http://host:1/api/generate?x"})
        check_route({"POST", path, inference, native, op::generate, "/api/generate"});
}

TEST_CASE("what Ollama does not route is other, in the dialect of its prefix") {
    for (const auto& expected : std::initializer_list<route_case>{
             {"GET", "/api/generate", other, native, op::none, "other"},
             {"post", "/api/generate", other, native, op::none, "other"},
             {"HEAD", "/api/ps", other, native, op::none, "other"},
             {"OPTIONS", "/api/chat", other, native, op::none, "other"},
             {"POST", "/api/generate/", other, native, op::none, "other"},
             {"POST", "//api/generate", other, native, op::none, "other"},
             {"POST", "/API/generate", other, native, op::none, "other"},
             {"POST", "/api/../api/generate", other, native, op::none, "other"},
             {"POST", "/api/%zz", other, native, op::none, "other"},
             {"POST", "/api/generate%", other, native, op::none, "other"},
             {"POST", "/api/blobs/", other, native, op::none, "other"},
             {"POST", "/api/blobs/..", other, native, op::none, "other"},
             {"POST", "/api/blobs/a/b", other, native, op::none, "other"},
             {"GET", "/v1/models/a%2Fb", other, openai, op::none, "other"},
             {"GET", "/metrics", other, native, op::none, "other"},
             {"POST", "/v1/messages/count_tokens", other, anthropic, op::none, "other"},
             {"GET", "/v1/responses/resp_1", other, responses, op::none, "other"},
             {"POST", "/v1/messagesx", other, openai, op::none, "other"},
             {"POST", "/v1/moderations", other, openai, op::none, "other"},
             {"POST", "/v10", other, native, op::none, "other"},
             {"OPTIONS", "*", other, native, op::none, "other"},
             {"GET", "", other, native, op::none, "other"}})
        check_route(expected);
}

TEST_CASE("a name's value is found in a query as Go finds it") {
    using tallyfs::dialect::query_value;
    CHECK(query_value("/v1/x", "model") == std::nullopt);
    CHECK(query_value("/v1/x?", "model") == std::nullopt);
    CHECK(query_value("/v1/x?a=1&Model=y", "model") == std::nullopt);
    CHECK(query_value("/v1/x?a=1&model=y&model=z", "model") == "y");
    CHECK(query_value("/v1/x?mod%65l=a%3Acloud+b", "model") == "a:cloud b");
    CHECK(query_value("/v1/x?model=%zz&model=%4&model=x;y&model=a=b", "model") == "a=b");
    CHECK(query_value("/v1/x?model", "model") == "");
    CHECK(query_value("/v1/x?model=&model=x", "model") == "");
}
