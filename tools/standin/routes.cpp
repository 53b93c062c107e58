#include "routes.hpp"

#include "host_rule.hpp"
#include "inference.hpp"
#include "world.hpp"

#include <array>

namespace tallyfs::standin {
namespace {

struct known_route {
    std::string_view path;
    std::string_view methods;  ///< as in Allow
    route what;
};

constexpr std::array<known_route, 26> known{{
    {"/", "HEAD, GET", route::root},
    {"/api/version", "HEAD, GET", route::version},
    {"/api/tags", "HEAD, GET", route::tags},
    {"/api/ps", "GET", route::ps},
    {"/api/status", "GET", route::status},
    {"/api/experimental/model-recommendations", "GET", route::recommendations},
    {"/api/show", "POST", route::show},
    {"/v1/models", "GET", route::openai_models},
    {"/api/generate", "POST", route::generate},
    {"/api/chat", "POST", route::chat},
    {"/api/embed", "POST", route::embed},
    {"/api/embeddings", "POST", route::embeddings},
    {"/v1/chat/completions", "POST", route::openai_chat},
    {"/v1/completions", "POST", route::openai_completion},
    {"/v1/embeddings", "POST", route::openai_embeddings},
    {"/v1/responses", "POST", route::responses},
    {"/v1/messages", "POST", route::messages},
    {"/v1/audio/transcriptions", "POST", route::transcription},
    {"/api/pull", "POST", route::pull},
    {"/api/push", "POST", route::push},
    {"/api/create", "POST", route::create},
    {"/api/copy", "POST", route::copy},
    {"/api/delete", "DELETE", route::remove},
    {"/api/me", "POST", route::account},
    {"/api/signout", "POST", route::account},
    {"/api/experimental/web_search", "POST", route::account},
}};

bool allows(std::string_view methods, std::string_view method) {
    const auto at = methods.find(method);
    if (at == std::string_view::npos) return false;
    const auto end = at + method.size();
    return (at == 0 || methods[at - 1] == ' ') && (end == methods.size() || methods[end] == ',');
}

}  // namespace

bool is_inference(route r) {
    return r >= route::generate && r <= route::transcription;
}

route find_route(std::string_view method, std::string_view path, std::string& allow) {
    const auto judge = [&](std::string_view methods, route r) {
        if (allows(methods, method)) return r;
        allow = methods;
        return route::wrong_method;
    };
    for (const auto& k : known) {
        if (k.path == path) return judge(k.methods, k.what);
    }
    if (path.starts_with("/v1/models/")) return judge("GET", route::openai_model);
    if (path.starts_with("/api/blobs/")) return judge("HEAD, POST", route::blob);
    return route::none;
}

task<bool> turn_away(exchange& x, route r, const std::string& allow) {
    if (r == route::wrong_method) x.response_headers += "Allow: " + allow + "\r\n";
    if (x.shared.settings.check_host) {
        const auto origin = judge_origin(x.origin, x.host);
        if (!host_allowed(x.host) || origin == origin_verdict::refused) {
            co_await x.reply(403, "", "");
            co_return true;
        }
        if (origin == origin_verdict::allowed) {
            x.response_headers +=
                "Access-Control-Allow-Origin: " + x.origin + "\r\nVary: Origin\r\n";
            if (x.method == "OPTIONS") {
                co_await x.reply(204, "", "");
                co_return true;
            }
        }
    }
    if (r == route::wrong_method) {
        co_await x.reply(405, "text/plain", "405 method not allowed");
        co_return true;
    }
    if (r != route::none) co_return false;
    std::string allowed;
    std::string tidy = x.path;
    for (auto at = tidy.find("//"); at != std::string::npos; at = tidy.find("//"))
        tidy.erase(at, 1);
    if (tidy.size() > 1 && tidy.back() == '/') tidy.pop_back();
    if (tidy != x.path && find_route(x.method, tidy, allowed) != route::none) {
        x.response_headers += "Location: " + tidy + "\r\n";
        co_await x.reply(x.method == "GET" ? 301 : 307, "", "");
        co_return true;
    }
    co_await x.reply(404, "text/plain", "404 page not found");
    co_return true;
}

task<> serve(exchange& x, route r) {
    if (x.path.starts_with("/v1/")) x.errors = dialect::openai;
    switch (r) {
        case route::generate:
            return serve_inference(x, operation::generate);
        case route::chat:
            return serve_inference(x, operation::chat);
        case route::openai_chat:
            return serve_inference(x, operation::openai_chat);
        case route::openai_completion:
            return serve_inference(x, operation::openai_completion);
        case route::responses:
            return serve_inference(x, operation::responses);
        case route::messages:
            x.errors = dialect::anthropic;
            return serve_inference(x, operation::messages);
        case route::transcription:
            return serve_inference(x, operation::transcription);
        case route::embed:
            return serve_embed(x, embed_form::embed);
        case route::embeddings:
            return serve_embed(x, embed_form::embeddings);
        case route::openai_embeddings:
            return serve_embed(x, embed_form::openai);
        case route::pull:
        case route::push:
        case route::create:
        case route::copy:
        case route::remove:
        case route::blob:
        case route::account:
            return serve_manage(x, r);
        default:
            return serve_poll(x, r);
    }
}

}  // namespace tallyfs::standin
