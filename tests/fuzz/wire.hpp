// HTTP/1.1 read as strictly as the standard allows, by code that shares nothing with the proxy:
// what the proxy writes has to be understood by it, in one way only. Format: RFC 9112.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyfs::fuzz {

struct strict_head {
    std::string_view first_line;
    std::vector<std::pair<std::string_view, std::string_view>> fields;  ///< as they stand there
    std::size_t bytes = 0;                                              ///< with the blank line

    [[nodiscard]] std::size_t count(std::string_view name) const;
    [[nodiscard]] std::string_view value(std::string_view name) const;
};

/// The head that `bytes` begins with. Requires that there is one, with lines that end in CR LF,
/// names that are tokens, and values without control characters.
[[nodiscard]] strict_head read_head_strictly(std::string_view bytes);

/// Requires that "METHOD TARGET HTTP/1.1" has no other blanks or control characters.
struct request_line {
    std::string_view method;
    std::string_view target;
};
[[nodiscard]] request_line split_request_line(std::string_view line);
/// Requires "HTTP/1.1 200 reason".
[[nodiscard]] int status_of_line(std::string_view line);

/// How the body behind a head is framed. Requires that Content-Length and Transfer-Encoding stand
/// there at most once, not both, and in their plainest form.
struct strict_framing {
    bool chunked = false;
    std::optional<std::uint64_t> length;
};
[[nodiscard]] strict_framing framing_of(const strict_head& head);

/// A chunked body with all its chunks, and how many bytes it takes on the wire; nullopt where
/// `bytes` does not begin with a whole one.
struct chunked_body {
    std::string content;
    std::size_t bytes = 0;
};
[[nodiscard]] std::optional<chunked_body> read_chunks(std::string_view bytes);

}  // namespace tallyfs::fuzz
