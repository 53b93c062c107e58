// Where an HTTP message ends, and what its body is without framing.
// Source: RFC 9112; as much of it as proxies and Ollama use between each other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tallyfs::bench {

/// Reads one message after the other from a connection; as cheap as can be, since what it costs is
/// load that the proxy under test does not get.
class message_reader {
  public:
    /// Takes what belongs to the message that is being read off the front of `bytes`; true when
    /// the message is complete (more bytes then belong to the next one). The decoded body goes to
    /// `body(std::string_view)`. Throws std::runtime_error at what is no HTTP.
    template <class Body>
    bool take(std::string_view& bytes, Body&& body) {
        if (state_ == state::done) begin();
        if (state_ == state::head && !take_head(bytes)) return false;
        while (state_ != state::done && !bytes.empty()) {
            if (state_ == state::sized || state_ == state::chunk) {
                const auto part = bytes.substr(0, static_cast<std::size_t>(left_));
                body(part);
                bytes.remove_prefix(part.size());
                left_ -= part.size();
                if (left_ == 0) state_ = state_ == state::sized ? state::done : state::chunk_end;
            } else {
                take_line(bytes);
            }
        }
        return state_ == state::done;
    }

    /// "POST /api/embed HTTP/1.1" or "HTTP/1.1 200 OK".
    [[nodiscard]] std::string_view start_line() const {
        return std::string_view(head_).substr(0, head_.find('\r'));
    }

  private:
    enum class state : unsigned char { head, sized, chunk, chunk_end, chunk_size, trailer, done };

    void begin();
    bool take_head(std::string_view& bytes);
    void read_head();
    void take_line(std::string_view& bytes);

    state state_ = state::head;
    std::uint64_t left_ = 0;  ///< of the body, or of a chunk
    std::string head_;
    std::string line_;
};

}  // namespace tallyfs::bench
