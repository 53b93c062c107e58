// What the body of an inference request asks for. Sans-I/O and incremental: fed the same bytes
// cut at any position it reports the same. Source: Ollama's api/types.go at v0.33; docs/ollama.md.
#pragma once

#include <tallyfs/dialect/route.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::dialect {

/// Keys are matched as Go matches them: without case, the last one wins.
struct request_report {
    /// The body began with a complete JSON object (what follows Ollama ignores), or was a form.
    /// Where it is false, only model, ambiguous, stream and options say what was seen until then.
    bool readable = false;
    /// Not readable, and yet Ollama may read it: a number, a form or a coding that is beyond us.
    /// What is no JSON at all it cannot read either.
    bool beyond_us = false;
    bool ambiguous = false;  ///< `model` stood there twice, with different values
    std::optional<std::string> model;
    bool stream = false;  ///< asked for, or the route's default
    /// An empty prompt, input or list of messages: loads a model, or unloads it. Not on the
    /// routes where Ollama answers that with 400.
    bool lifecycle = false;
    bool unload = false;                ///< … with keep_alive 0, on generate and chat
    std::optional<bool> include_usage;  ///< stream_options.include_usage as written
    /// A tool that makes Ollama search the web by itself (Anthropic's web_search_…).
    bool web_search = false;
    std::int64_t prompt_bytes = 0;               ///< text in prompts and messages, images left out
    std::optional<std::int64_t> context_length;  ///< options.num_ctx
    std::string options;      ///< JSON object: num_ctx, num_gpu, num_batch, main_gpu, num_thread,
                              ///< use_mmap, draft_num_predict, shift, keep_alive as far as given;
                              ///< "" if none was
    std::string prompt_hash;  ///< 32 hex digits; "" if unreadable
};

/// Limits of a request: a nesting deeper than Go's own (10,000) is unreadable. Memory is flat
/// whatever the body's size. The stack must have room for that depth: about 1 MiB.
class request_reader {
  public:
    /// `content_type` and `content_encoding` as in the request's head ("" if absent). As with
    /// Ollama a transcription is a form and everything else JSON, whatever the type says; "zstd"
    /// is decoded on /v1 routes, up to `decoded_bytes_max`.
    /// `hash_key` keys the HMAC-SHA-256 over operation, prompts, messages and images.
    request_reader(operation op, std::string_view content_type, std::string_view content_encoding,
                   std::string_view hash_key, std::size_t decoded_bytes_max = 64u << 20);
    ~request_reader();
    request_reader(request_reader&&) noexcept;
    request_reader& operator=(request_reader&&) noexcept;

    /// For another request, with the same key and limit: cheaper than a new reader.
    void restart(operation op, std::string_view content_type, std::string_view content_encoding);

    /// Never fails: what cannot be read is reported as not readable.
    void feed(std::string_view bytes);
    /// After the last byte; once for each request.
    [[nodiscard]] request_report finish();

  private:
    struct implementation;  // JSON parser, decoder and digest
    std::unique_ptr<implementation> implementation_;
};

/// The body of an OpenAI chat request with usage asked for: `stream_options.include_usage` set to
/// true by an edit of the text, every other byte kept. nullopt where nothing is to be done: not a
/// stream, not readable, or include_usage written by the client (true or false). Two stream_options
/// are one, as in Go.
[[nodiscard]] std::optional<std::string> ask_for_usage(std::string_view body,
                                                       const request_report& report);

}  // namespace tallyfs::dialect
