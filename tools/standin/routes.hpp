// Sends a request to what answers it, with Ollama's own rules for methods, hosts and paths.
// Source: Ollama v0.33 server/routes.go, measured; docs/ollama.md.
#pragma once

#include "exchange.hpp"

namespace tallyfs::standin {

enum class route : unsigned char {
    none,
    wrong_method,
    root,
    version,
    tags,
    ps,
    status,
    show,
    recommendations,
    openai_models,
    openai_model,
    generate,
    chat,
    embed,
    embeddings,
    openai_chat,
    openai_completion,
    openai_embeddings,
    responses,
    messages,
    transcription,
    pull,
    push,
    create,
    copy,
    remove,
    blob,
    account,
};

/// `allow` is set for wrong_method.
[[nodiscard]] route find_route(std::string_view method, std::string_view path, std::string& allow);
[[nodiscard]] bool is_inference(route r);

/// Everything before the handler: 403, 307, 404, 405. True if it answered.
[[nodiscard]] task<bool> turn_away(exchange& x, route r, const std::string& allow);
/// Answers; the body has been read, except for a blob.
[[nodiscard]] task<> serve(exchange& x, route r);

// The handlers that are not inference.
[[nodiscard]] task<> serve_poll(exchange& x, route r);
[[nodiscard]] task<> serve_manage(exchange& x, route r);

}  // namespace tallyfs::standin
