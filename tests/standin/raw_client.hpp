// A client that shows the bytes: what was received, as it stood on the wire, and when.
// Source: socket(7); RFC 9112 for the chunked framing it takes apart.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::test {

struct raw_reply {
    int status = 0;
    std::string head;                 ///< with the status line, up to the empty line
    std::string body;                 ///< de-chunked
    std::vector<std::string> chunks;  ///< of a chunked body
    std::string trailers;
    bool chunked = false;
    bool complete = false;  ///< the framing's end was seen
};

class raw_client {
  public:
    explicit raw_client(std::uint16_t port);
    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;
    ~raw_client();

    void send(std::string_view bytes);
    /// "POST path" with the headers every request has, and `headers` ("Name: value\r\n" lines).
    void post(std::string_view path, std::string_view body, std::string_view headers = "");
    void get(std::string_view path, std::string_view headers = "");

    /// One reply; what does not come within 10 s is missing from it.
    [[nodiscard]] raw_reply read_reply(bool head_only = false);
    /// One HTTP chunk of a streamed reply whose head was read before; "" at the end.
    [[nodiscard]] std::string read_head();
    [[nodiscard]] std::string read_chunk();
    /// True when nothing can be read for `silence`; false if bytes or the end came.
    [[nodiscard]] bool silent_for(std::chrono::milliseconds silence);
    [[nodiscard]] bool at_end();  ///< waits for bytes or the end
    void close();
    void half_close();

  private:
    bool fill();
    std::string take_line();
    std::string take(std::size_t bytes);

    int descriptor_ = -1;
    std::string buffer_;
};

}  // namespace tallyfs::test
