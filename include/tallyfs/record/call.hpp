// One call to Ollama as a line of the `calls` stream, and back.
// Format: docs/formats.md, "A call's line": a JSON object with every field, in a fixed order.
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/uuid.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::record {

/// Durations of a call, in the line as milliseconds with three decimals.
using duration = std::chrono::microseconds;

/// How a call ended. `ok` means complete from upstream and recorded.
enum class outcome : std::uint8_t {
    ok,
    client_gone,
    upstream_error,
    truncated,
    refused,
    timeout,
    interrupted,
};
/// Where the token counts come from.
enum class tokens_from : std::uint8_t { reported, estimated, none };
/// Which source named the service, in order of precedence.
enum class service_source : std::uint8_t {
    path,
    header,
    key,
    listener,
    process,
    user_agent,
    address,
};
inline constexpr std::size_t service_sources = 7;

[[nodiscard]] std::string_view to_string(outcome value) noexcept;
[[nodiscard]] std::string_view to_string(tokens_from value) noexcept;
[[nodiscard]] std::string_view to_string(service_source value) noexcept;
[[nodiscard]] std::optional<outcome> parse_outcome(std::string_view text) noexcept;

/// The fields in the order of the line; an empty optional is `null`. Strings are any bytes: they
/// are made valid UTF-8 and cut to their limits (limits.hpp) when the line is written.
struct call {
    wall_time time{};  ///< when the line was appended; minus duration_ms gives the start
    uuid id;
    std::string node;     ///< name of this daemon's host
    std::string service;  ///< label; "(other)" once there are too many names
    std::optional<std::string> task;
    service_source service_from = service_source::address;
    std::string principal;  ///< "uid:1000", "unit:n8n.service", "address:10.0.0.7", "key:…"
    std::string client;     ///< address and port of the peer
    std::optional<std::string> process;  ///< name of the local process behind the socket
    std::string upstream;  ///< "127.0.0.1:11434"; "https://…" of a model that runs elsewhere
    std::string dialect;   ///< native, openai, responses, anthropic
    std::string endpoint;  ///< "/api/chat"; "load" and "unload" for lifecycle; "other"
    std::optional<std::string> model;
    std::optional<std::string> model_answered;
    std::optional<bool> stream;
    std::optional<int> status;  ///< HTTP status that the client got
    record::outcome outcome = outcome::ok;
    std::optional<std::int64_t> prompt_tokens;
    std::optional<std::int64_t> output_tokens;
    record::tokens_from tokens_from = tokens_from::none;
    duration duration_ms{};
    std::optional<duration> first_byte_ms;   ///< first byte of the response's head
    std::optional<duration> first_token_ms;  ///< first event with text, thinking or a tool call
    std::optional<duration> queue_ms;        ///< nobody worked for it: docs/architecture.md
    std::optional<duration> load_ms;
    std::optional<duration> prompt_eval_ms;
    std::optional<duration> eval_ms;
    std::optional<double> tokens_per_second;  ///< output tokens over eval_ms, one decimal
    std::optional<bool> cold_start;
    std::optional<std::string> evicted_model;  ///< models unloaded to make room, comma-separated
    std::optional<std::int64_t> context_limit;
    std::optional<bool> prompt_cut;
    std::int64_t request_bytes = 0;          ///< body as the client sent it
    std::int64_t response_bytes = 0;         ///< body as it reached the client, without its framing
    std::optional<std::string> prompt_hash;  ///< 32 hex digits of an HMAC-SHA-256
    std::optional<std::string> options;      ///< JSON object as text: what changes a model load
    std::optional<std::string> error;

    bool operator==(const call&) const = default;
};

/// Time that the model worked for this call: prompt evaluation, evaluation and, after a cold
/// start, the load; the call's whole duration where Ollama reports no evaluation (embeddings, and
/// the dialects without times). BUSY in usage/ is the sum.
[[nodiscard]] duration busy(const call& c) noexcept;

/// Where the call's data goes beyond Ollama's own machine: the host of a model that runs elsewhere
/// ("https://ollama.com:443", which `upstream` then holds), or what a route of Ollama's sends it
/// to; "" for a call that stays in the house. A refused call went nowhere, but would have.
[[nodiscard]] std::string_view destination(const call& c) noexcept;

/// Appends the line with its newline, at most limits::line_bytes_max.
void append_line(std::string& out, const call& c);

/// Reads a line, with or without its newline. Lines that this version wrote take a fast path of
/// fixed order; any other JSON object with the same fields is read as well, unknown fields
/// ignored. Errors: record_errc::not_json, missing_field, bad_value.
[[nodiscard]] result<call> parse_call(std::string_view line);
/// The same into `into`, whose memory is used again: for those who read many lines. After an
/// error nobody knows what is in it.
[[nodiscard]] result<void> parse_call(std::string_view line, call& into);

enum class record_errc { not_json = 1, missing_field, bad_value };
[[nodiscard]] error_code make_error_code(record_errc e) noexcept;

}  // namespace tallyfs::record
