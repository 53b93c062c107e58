// An inference request in one form for all dialects, and the generation that answers it.
// Source: Ollama v0.33 api/types.go, openai/, anthropic/; docs/ollama.md.
#pragma once

#include "exchange.hpp"
#include "go_json.hpp"

#include <standin/plan.hpp>
#include <standin/server.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::standin {

enum class operation : unsigned char {
    generate,
    chat,
    openai_chat,
    openai_completion,
    responses,
    messages,
    transcription,
};

struct inference {
    operation op = operation::generate;
    json::object body;
    std::string model;   ///< as requested; answered in the same spelling
    std::string prompt;  ///< all text, system first
    bool stream = true;
    bool empty = false;  ///< nothing to say: loads a model, or unloads it
    bool include_usage = false;
    bool truncates = true;
    bool thinks = true;
    std::int64_t output_tokens_max = 0;  ///< 0: no limit
    std::int64_t estimated_tokens = 0;   ///< what the Anthropic dialect announces first
    std::optional<std::int64_t> context_length;
    std::optional<std::chrono::milliseconds> keep_alive;
    std::string tool;  ///< the first tool's name, if the model should call it
};

/// A request refused before anything is done; `status` 0 if there is none.
struct refusal {
    int status = 0;
    std::string message;
    bool early = true;  ///< found while binding, see exchange::reject()
};

/// Reads `text` for `op`. The refusal's words are Ollama's.
[[nodiscard]] refusal read_inference(operation op, std::string_view text, inference& result);
[[nodiscard]] refusal read_transcription(std::string_view content_type, std::string_view text,
                                         inference& result);
[[nodiscard]] std::optional<std::chrono::milliseconds> read_keep_alive(const json::object& body);

enum class piece_kind : unsigned char { thinking, text, tool };
struct piece {
    piece_kind kind = piece_kind::text;
    std::string text;  ///< of a tool: its name
};

struct generation {
    const model* what = nullptr;
    std::vector<piece> pieces;
    std::string done_reason;
    std::int64_t prompt_tokens = 0;
    std::int64_t output_tokens = 0;
    bool unfinished = false;  ///< stopped without an end: no counts, no reason
    std::string answered_model;
    std::chrono::nanoseconds total{0}, load{0}, prompt_eval{0}, eval{0};
    std::uint64_t number = 0;  ///< makes ids

    [[nodiscard]] std::string text(piece_kind kind) const;
};

/// RFC 3339 with nanoseconds as Go writes it: trailing zeros dropped.
[[nodiscard]] std::string now_rfc3339();
[[nodiscard]] std::int64_t now_seconds();

/// Serves a request of one of the operations above, from the body to the last byte.
[[nodiscard]] task<> serve_inference(exchange& x, operation op);
/// `/api/embed`, `/api/embeddings`, `/v1/embeddings`.
enum class embed_form : unsigned char { embed, embeddings, openai };
[[nodiscard]] task<> serve_embed(exchange& x, embed_form form);

}  // namespace tallyfs::standin
