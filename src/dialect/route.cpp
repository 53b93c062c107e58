#include "dialect/percent.hpp"

#include <tallyfs/dialect/route.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::dialect {
namespace {

struct known_route {
    std::string_view methods;  ///< separated by one space
    std::string_view pattern;  ///< a last segment that begins with ':' stands for any one
    route_class kind;
    family dialect;
    operation op;
};

using enum route_class;
using enum family;
using op = operation;

constexpr std::array known_routes{
    known_route{"POST", "/api/generate", inference, native, op::generate},
    known_route{"POST", "/api/chat", inference, native, op::chat},
    known_route{"POST", "/api/embed", inference, native, op::embed},
    known_route{"POST", "/api/embeddings", inference, native, op::embeddings},
    known_route{"POST", "/v1/chat/completions", inference, openai, op::openai_chat},
    known_route{"POST", "/v1/completions", inference, openai, op::openai_completion},
    known_route{"POST", "/v1/embeddings", inference, openai, op::openai_embeddings},
    known_route{"POST", "/v1/responses", inference, responses, op::responses},
    known_route{"POST", "/v1/messages", inference, anthropic, op::messages},
    known_route{"POST", "/v1/audio/transcriptions", inference, openai, op::transcription},
    known_route{"GET HEAD", "/", poll, native, op::none},
    known_route{"GET HEAD", "/api/version", poll, native, op::none},
    known_route{"GET HEAD", "/api/tags", poll, native, op::none},
    known_route{"GET", "/api/status", poll, native, op::none},
    known_route{"GET", "/api/ps", poll, native, op::none},
    known_route{"GET", "/v1/models", poll, openai, op::none},
    known_route{"GET", "/v1/models/:model", poll, openai, op::none},
    known_route{"GET", "/api/experimental/model-recommendations", poll, native, op::none},
    known_route{"POST", "/api/show", poll, native, op::none},
    known_route{"POST", "/api/pull", admin, native, op::none},
    known_route{"POST", "/api/push", admin, native, op::none},
    known_route{"POST", "/api/create", admin, native, op::none},
    known_route{"POST", "/api/copy", admin, native, op::none},
    known_route{"DELETE", "/api/delete", admin, native, op::none},
    known_route{"POST HEAD", "/api/blobs/:digest", admin, native, op::none},
    known_route{"POST", "/api/me", account, native, op::none},
    known_route{"POST", "/api/signout", account, native, op::none},
    known_route{"DELETE", "/api/user/keys/:key", account, native, op::none},
    known_route{"POST", "/api/experimental/web_search", cloud, native, op::none},
    known_route{"POST", "/api/experimental/web_fetch", cloud, native, op::none},
    // Their models can be remote as well, and are not read: some versions of Ollama have them.
    known_route{"POST", "/v1/images/generations", cloud, openai, op::none},
    known_route{"POST", "/v1/images/edits", cloud, openai, op::none},
};

bool method_matches(std::string_view methods, std::string_view method) {
    while (!methods.empty()) {
        const auto end = std::min(methods.find(' '), methods.size());
        if (methods.substr(0, end) == method) return true;
        methods.remove_prefix(std::min(end + 1, methods.size()));
    }
    return false;
}

bool path_matches(std::string_view pattern, std::string_view path) {
    const auto parameter = pattern.find(':');
    if (parameter == std::string_view::npos) return path == pattern;
    if (!path.starts_with(pattern.substr(0, parameter))) return false;
    const auto value = path.substr(parameter);
    // "." and ".." never reach a route: Go redirects to the cleaned path.
    return !value.empty() && value != "." && value != ".." && value.find('/') == value.npos;
}

family guess_family(std::string_view path) {
    const auto below = [path](std::string_view prefix) {
        return path.starts_with(prefix) &&
               (path.size() == prefix.size() || path[prefix.size()] == '/');
    };
    if (below("/v1/messages")) return anthropic;
    if (below("/v1/responses")) return responses;
    return below("/v1") ? openai : native;
}

}  // namespace

std::string_view to_string(family value) noexcept {
    constexpr std::array<std::string_view, 4> names{"native", "openai", "responses", "anthropic"};
    return names[static_cast<std::size_t>(value)];
}

std::string_view to_string(route_class value) noexcept {
    constexpr std::array<std::string_view, 6> names{"inference", "poll",  "admin",
                                                    "account",   "cloud", "other"};
    return names[static_cast<std::size_t>(value)];
}

route classify(std::string_view method, std::string_view path) {
    // Ollama's router sees the decoded path: /api/%67enerate runs a model.
    const auto decoded = decode_percent(path_of_target(path));
    if (!decoded) return {other, guess_family(path), op::none, "other"};
    const auto found = std::ranges::find_if(known_routes, [&](const known_route& candidate) {
        return path_matches(candidate.pattern, *decoded) &&
               method_matches(candidate.methods, method);
    });
    if (found == known_routes.end()) return {other, guess_family(*decoded), op::none, "other"};
    return {found->kind, found->dialect, found->op, std::string(found->pattern)};
}

}  // namespace tallyfs::dialect
