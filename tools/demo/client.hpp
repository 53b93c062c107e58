// A small blocking HTTP client, one connection a caller, as the services of the demo would use.
// Source: RFC 9112; https://www.boost.org/doc/libs/release/libs/beast/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tallyfs::demo {

struct target {
    std::string host = "127.0.0.1";
    std::string port = "11433";
};
/// Reads "http://host:port"; throws std::runtime_error if it is something else.
[[nodiscard]] target read_url(std::string_view url);

struct call {
    std::string path;
    std::string body;
    std::string headers;  ///< "Name: value\r\n" lines
    /// > 0: the client goes away once it has read so many bytes of the reply.
    std::size_t leave_after_bytes = 0;
    bool is_form = false;
};

/// Keeps its connection between calls. Not thread-safe.
class client {
  public:
    explicit client(target where);
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    ~client();

    /// The status of the reply, or 0 when the client left on purpose; throws
    /// boost::system::system_error when the connection fails.
    int send(const call& wanted);

  private:
    struct implementation;  // keeps Asio out of this header
    std::unique_ptr<implementation> implementation_;
};

}  // namespace tallyfs::demo
