// What a response reports, while it passes. Sans-I/O and incremental: fed the same bytes cut at
// any position it reports the same. Source: Ollama's api/types.go at v0.33; docs/ollama.md.
//
// The numbers of embeddings are passed over without being parsed: a mistake inside one of them
// is noticed or not, depending on where the bytes are cut.
#pragma once

#include <tallyfs/dialect/request.hpp>
#include <tallyfs/dialect/route.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::dialect {

struct response_report {
    std::optional<std::string> model;           ///< as answered
    std::optional<std::int64_t> prompt_tokens;  ///< reported by upstream, never estimated here
    std::optional<std::int64_t> output_tokens;
    /// Events of a stream with text, thinking or tool calls: about a token each. 0 for a single
    /// reply, which shows nothing of its tokens.
    std::int64_t content_events = 0;
    std::int64_t content_bytes = 0;  ///< of that text, and of the texts in calls of tools
    std::optional<std::chrono::nanoseconds> total, load, prompt_eval, eval;  ///< native only
    /// Native only: the host that served the call, if that was not the upstream itself.
    std::optional<std::string> remote_host;
    std::optional<std::string> done_reason;  ///< finish_reason, stop_reason in the other dialects
    std::optional<std::string> error;        ///< text of an error body or error event
    /// The dialect's last event was seen whole. For a single reply: its JSON was; for an error
    /// and for what is no inference: finish() was called.
    bool terminal = false;
};

class response_reader {
  public:
    /// `content_type` says whether one document, lines or events follow; operation::none is for
    /// replies of other routes, of which only an error is read.
    response_reader(operation op, int status, std::string_view content_type);
    ~response_reader();
    response_reader(response_reader&&) noexcept;
    response_reader& operator=(response_reader&&) noexcept;

    /// For another response: cheaper than a new reader.
    void restart(operation op, int status, std::string_view content_type);

    /// Bytes of the body, without transfer coding. After it, report() is up to date.
    void feed(std::string_view bytes);
    /// After the last byte of a body that ended as its framing announced.
    void finish();
    [[nodiscard]] const response_report& report() const noexcept;
    /// Whether the body is lines or events: then its last one is the end for who reads it, whatever
    /// bytes follow. A single document ends with the body.
    [[nodiscard]] bool is_stream() const noexcept;

  private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

/// Takes the usage event that the client did not ask for out of an OpenAI chat stream, and
/// passes every other byte on, by whole event. Use only where ask_for_usage() changed the request.
class usage_event_filter {
  public:
    /// Appends to `out` what may be forwarded of the events completed by `bytes`.
    void feed(std::string_view bytes, std::string& out);
    /// At the end of the body: appends an incomplete last event.
    void finish(std::string& out);

  private:
    std::string pending_;  ///< start of an event; passed on unfiltered beyond 1 MiB
    bool oversized_ = false;
    bool line_is_blank_ = true;  ///< nothing but CR in the current line so far
};

}  // namespace tallyfs::dialect
