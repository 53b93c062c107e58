// A representative reply of each dialect, byte for byte as Ollama sends it, and how a client that
// reads it knows that it has all of it. Source: docs/ollama.md.
#pragma once

#include "proxy/support_proxy.hpp"

#include <string>
#include <vector>

namespace tallyfs::test {

/// What a client read of a reply.
struct seen_reply {
    std::string bytes;
    bool reset = false;  ///< the connection ended with a reset
    /// The proxy answered itself.
    [[nodiscard]] bool own_error() const { return bytes.starts_with("HTTP/1.1 502 "); }
};

/// How a client knows that it has everything.
enum class reply_end { last_event, whole_body, connection };

struct dialect_reply {
    std::string name;
    std::string request;
    std::string reply;
    reply_end end = reply_end::whole_body;
    std::string last{};      ///< the last event, or the body that the connection ends
    bool rewritten = false;  ///< the client gets it in another framing
    record::outcome outcome = record::outcome::ok;  ///< of the whole reply

    [[nodiscard]] std::size_t head_bytes() const { return reply.find("\r\n\r\n") + 4; }
    /// The bytes of the reply with which a client has everything.
    [[nodiscard]] std::size_t needed_bytes() const {
        return end == reply_end::last_event ? reply.find(last) + last.size() : reply.size();
    }
    [[nodiscard]] bool is_all(const seen_reply& seen) const;
};

[[nodiscard]] std::vector<dialect_reply> dialect_replies();

/// Reads on until the client has everything, an error of the proxy's own, or the end.
[[nodiscard]] seen_reply read_reply_of(const dialect_reply& expected, raw_socket& client,
                                       std::string already = {});

}  // namespace tallyfs::test
