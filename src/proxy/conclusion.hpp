// What a call's line says of its request and its result. Pure.
// Format: docs/formats.md, "A call's line".
#pragma once

#include <tallyfs/dialect/request.hpp>
#include <tallyfs/dialect/response.hpp>
#include <tallyfs/dialect/route.hpp>
#include <tallyfs/record/call.hpp>

#include <proxy/residency.hpp>

namespace tallyfs::proxy {

/// Names and wishes, once the request's body was read. Of a route that is no inference only the
/// dialect and the endpoint are known: `request` is then nullptr.
void describe_request(record::call& line, const dialect::route& route,
                      const dialect::request_report* request);

struct call_evidence {
    const dialect::request_report& request;
    const dialect::response_report* response = nullptr;  ///< nullptr: no body was read
    residency_facts residency;
};

/// Tokens, durations, cold start and the cut prompt of an inference call.
void describe_result(record::call& line, const call_evidence& evidence);

/// How the upstream ended a response whose body ended as its framing announced.
struct response_end {
    int status = 200;
    bool head_request = false;
    bool terminal_expected = false;  ///< inference: the dialect has a last event
    const dialect::response_report* report = nullptr;
};
[[nodiscard]] record::outcome judge_end(const response_end& end) noexcept;

/// Ollama cuts a prompt that is longer than the context without an error: embeddings to the limit,
/// generate and chat to about half of it or below (docs/ollama.md). `prompt_bytes` is then more
/// text than fits, at 4 bytes a token, and more than the counted tokens can stand for, at 6; where
/// the count stops at the limit itself 3 bytes a token are enough. nullopt where a fact is missing.
[[nodiscard]] std::optional<bool> judge_prompt_cut(std::optional<std::int64_t> prompt_tokens,
                                                   std::optional<std::int64_t> context_limit,
                                                   std::int64_t prompt_bytes) noexcept;

}  // namespace tallyfs::proxy
