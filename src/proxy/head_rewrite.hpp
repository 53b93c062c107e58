// What of a request's head is refused and what is forwarded, in both directions. Pure.
// Protocol: RFC 9110, sections 7.6.1 and 10.1.1; RFC 9112, sections 3.2 and 6.3.
#pragma once

#include <proxy/message_head.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::proxy {

/// A request that the proxy answers itself.
struct refusal {
    // No aggregate: GCC 12 destroys an aggregate temporary in a co_await expression twice.
    refusal(int code, std::string text, bool ends = false)
        : status(code), message(std::move(text)), closes(ends) {}
    int status;
    std::string message;
    bool closes;  ///< where the request ends is in doubt, or what follows is no better
    std::chrono::seconds retry_after{0};  ///< 0: nothing is said of it
};

/// Where a request goes: the target in origin form, and the host that it names.
struct request_target {
    std::string_view host;    ///< of an absolute target, else of the Host field; "" if none
    std::string_view target;  ///< begins with '/', or is "*"
};

/// Whether a field goes on in the next line: an old form that servers read differently, or not at
/// all (RFC 9112, section 5.2).
[[nodiscard]] bool has_folded_line(std::string_view head) noexcept;

/// A head that must not be forwarded: methods, targets, Host fields and codings that would mean
/// different things to us and to the upstream.
[[nodiscard]] std::optional<refusal> check_request(const message_head& head);
/// Of a head that check_request() lets through.
[[nodiscard]] request_target reduce_target(const message_head& head) noexcept;
[[nodiscard]] bool expects_continue(const message_head& head) noexcept;

/// How a body is framed on its way to the upstream.
struct body_framing {
    bool chunked = false;
    std::optional<std::uint64_t> bytes;  ///< Content-Length; neither: no body
};

/// Appends the head for the upstream: `target` in the request line, Host rewritten to `upstream`,
/// hop-by-hop fields, Expect and `left_out` left out, everything else in its order and case.
void write_request_head(std::string& out, const message_head& head, std::string_view target,
                        std::string_view upstream, const body_framing& framing,
                        std::string_view left_out = {});

/// Whether a response's head leaves no doubt where its body ends. What the client gets of it are
/// mostly the upstream's own bytes, and the client may be less forgiving than our parser, or more.
[[nodiscard]] bool is_sound_response(const message_head& head) noexcept;

/// How a response is framed on its way to the client.
struct response_framing {
    bool client_http_1_1 = true;
    bool keep_alive = true;   ///< the client's connection
    bool rechunked = false;   ///< we write chunks of our own: no Content-Length
    bool de_chunked = false;  ///< the end of the connection ends the body
};

/// Whether the head can be forwarded as the bytes that came.
[[nodiscard]] bool forward_as_is(const message_head& head,
                                 const response_framing& framing) noexcept;
/// Appends the head for the client.
void write_response_head(std::string& out, const message_head& head,
                         const response_framing& framing);

/// The standard's words for a status that the proxy answers itself.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

}  // namespace tallyfs::proxy
