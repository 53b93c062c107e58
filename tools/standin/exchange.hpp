// One request and its reply, framed as Go's net/http frames it.
// Source: https://pkg.go.dev/net/http, measured; RFC 9112.
#pragma once

#include "connection.hpp"
#include "wishes.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace tallyfs::standin {

struct world;

/// How errors are worded: by the route that was called.
enum class dialect : unsigned char { native, openai, anthropic };

class exchange {
  public:
    exchange(connection& c, world& w) : client(c), shared(w) {}

    connection& client;
    world& shared;
    std::string method, target, path, body, content_type, content_encoding;
    std::string host, origin, response_headers;  ///< `response_headers`: set by the handler
    std::uint64_t body_bytes = 0;                ///< also of a body that was not kept
    bool http_1_0 = false;
    bool keep_alive = true;    ///< as the client asked
    bool expects_100 = false;  ///< and has not been answered yet
    wishes wanted;
    dialect errors = dialect::native;
    bool streamed_errors = false;  ///< a failed stream's error carries the stream's headers
    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();

    /// A whole reply: with Content-Length up to 2,048 bytes, else one chunk, as Go does.
    [[nodiscard]] task<> reply(int status, std::string_view type, std::string_view content);
    /// An error of the route's dialect, as the handler writes it.
    [[nodiscard]] task<> fail(int status, std::string_view message);
    /// An error found before the handler ran, which Ollama writes a little differently.
    [[nodiscard]] task<> reject(int status, std::string_view message);

    void begin_stream(std::string_view type);
    /// One write of the handler. False when the reply is over: the client left, or a wish did it.
    [[nodiscard]] task<bool> piece(std::string_view bytes);
    /// For a mid-stream error: pieces that no wish counts.
    [[nodiscard]] task<bool> piece_as_is(std::string_view bytes);
    [[nodiscard]] task<> end_stream();

    [[nodiscard]] std::int64_t pieces() const { return pieces_; }
    [[nodiscard]] bool head_sent() const { return head_sent_; }
    [[nodiscard]] bool ok() const { return !client.gone; }
    /// After the reply: whether the connection can serve another request.
    [[nodiscard]] bool reusable() const;

  private:
    [[nodiscard]] std::string head(int status, std::string_view type, std::string_view length_line);
    [[nodiscard]] task<bool> obey_wishes();
    [[nodiscard]] task<bool> write(std::string_view bytes);
    [[nodiscard]] task<bool> write_framed(std::string_view bytes);
    [[nodiscard]] std::string framed(std::string_view bytes) const;

    std::string pending_;  ///< head, or bytes that wait for a full chunk
    std::string gathered_;
    std::int64_t pieces_ = 0;
    bool head_sent_ = false;
    bool chunked_ = false;
    bool close_after_ = false;
};

/// The body of an error; `found_early` as in reject().
[[nodiscard]] std::string error_body(dialect errors, int status, std::string_view message);

}  // namespace tallyfs::standin
