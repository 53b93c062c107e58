// What Ollama answers, read and passed on as the exchange does it: the client has to get one
// response, delimited in one way, with the same content. Format: RFC 9112.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"
#include "fuzz/wire.hpp"

#include <tallyfs/dialect/response.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <proxy/head_rewrite.hpp>

#include <array>
#include <charconv>
#include <memory>
#include <optional>

namespace tallyfs::fuzz {

namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

/// How the client asked.
struct asking {
    bool head = false;
    bool http_1_1 = true;
    bool keep_alive = true;
    bool injected = false;  ///< usage was asked for on its behalf
};

enum class ending { incomplete, broken, complete };

/// One response as it was read from the connection to Ollama.
class reading {
  public:
    explicit reading(const asking& asked) : asked_(asked) { begin(); }

    proxy::message_head head;
    ending how = ending::incomplete;
    bool head_done = false;
    std::string arrived;
    std::size_t head_begin = 0;  ///< behind interim responses
    std::size_t head_end = 0;
    std::size_t used = 0;
    std::string content;
    bool has_body = false;
    bool until_end = false;  ///< the end of the connection ends the body

    void take(std::string_view piece) {
        arrived += piece;
        while (how == ending::incomplete && !head_done && used < arrived.size())
            if (!take_head()) break;
        if (how == ending::incomplete && head_done) take_body();
    }
    void end() {
        if (how != ending::incomplete || !head_done) return;
        error_code error;
        parser_->put_eof(error);
        how = error || !parser_->is_done() ? ending::broken : ending::complete;
    }
    [[nodiscard]] bool chunked() const { return parser_->chunked(); }

  private:
    void begin() {
        parser_ = std::make_unique<proxy::response_parser>(head);
        parser_->skip(asked_.head);
    }
    error_code put() {
        const std::vector<char> own(arrived.begin() + static_cast<std::ptrdiff_t>(used),
                                    arrived.end());
        error_code error;
        used += parser_->put(asio::buffer(own.data(), own.size()), error);
        content += parser_->take_piece();
        return error;
    }
    /// False where more bytes are needed.
    bool take_head() {
        const auto error = put();
        if (error == beast_http::error::need_more) return false;
        const std::string_view bytes(arrived.data() + head_begin, used - head_begin);
        if (error || !proxy::is_sound_response(head) || proxy::has_folded_line(bytes) ||
            head.status() == 101) {
            how = ending::broken;
        } else if (head.status() < 200) {
            head_begin = used;
            begin();
        } else {
            head_done = true;
            head_end = used;
            has_body = !parser_->is_done();
            until_end = has_body && parser_->need_eof();
        }
        return !error;
    }
    void take_body() {
        while (!parser_->is_done()) {
            if (used == arrived.size()) return;
            const auto error = put();
            if (error == beast_http::error::need_more) return;
            if (error) {
                how = ending::broken;
                return;
            }
        }
        how = ending::complete;
    }

    asking asked_;
    std::unique_ptr<proxy::response_parser> parser_;
};

std::unique_ptr<reading> read(std::string_view input, int cutting, const asking& asked) {
    auto read = std::make_unique<reading>(asked);
    in_pieces(input, cutting, [&](std::string_view piece) { read->take(piece); });
    read->end();
    return read;
}

void require_same(const reading& a, const reading& b) {
    // When a response that is none is noticed may depend on the cuts: never whether it is taken.
    const bool taken = a.how == ending::complete;
    require(taken == (b.how == ending::complete), "cuts do not decide whether it is a response");
    if (!taken) return;
    require(a.head.status() == b.head.status() && a.head.fields_text() == b.head.fields_text() &&
                a.head_begin == b.head_begin && a.head_end == b.head_end,
            "cuts do not change a head");
    require(a.content == b.content && a.used == b.used, "cuts do not change a body");
}

/// What the client gets, and what it has to understand.
struct passed_on {
    std::string bytes;
    std::string content;
    bool keep_alive = false;
};

std::string as_chunks(std::string_view content) {
    std::string out;
    if (!content.empty()) {
        std::array<char, 16> digits{};
        const auto end =
            std::to_chars(digits.data(), digits.data() + digits.size(), content.size(), 16);
        out.append(digits.data(), end.ptr).append("\r\n").append(content).append("\r\n");
    }
    return out.append("0\r\n\r\n");
}

passed_on pass_on(const reading& response, const asking& asked) {
    const bool filtered = asked.injected && response.has_body && response.head.status() == 200;
    const bool coded = response.chunked() || filtered;
    const bool ends_with_connection =
        response.has_body && (response.until_end || (!asked.http_1_1 && coded));
    const proxy::response_framing framing{asked.http_1_1, asked.keep_alive && !ends_with_connection,
                                          filtered && asked.http_1_1,
                                          response.has_body && !asked.http_1_1 && coded};
    passed_on out{{}, response.content, framing.keep_alive};
    if (filtered) {
        out.content.clear();
        dialect::usage_event_filter filter;
        filter.feed(response.content, out.content);
        filter.finish(out.content);
    }
    const bool raw = !framing.rechunked && !framing.de_chunked;
    const auto arrived = std::string_view(response.arrived);
    if (raw && proxy::forward_as_is(response.head, framing)) {
        out.bytes = arrived.substr(response.head_begin, response.head_end - response.head_begin);
    } else {
        proxy::write_response_head(out.bytes, response.head, framing);
    }
    if (raw) out.bytes += arrived.substr(response.head_end, response.used - response.head_end);
    if (framing.rechunked) out.bytes += as_chunks(out.content);
    if (framing.de_chunked) out.bytes += out.content;
    return out;
}

void check_client(const passed_on& passed, const reading& response, const asking& asked) {
    const auto strict = read_head_strictly(passed.bytes);
    require(status_of_line(strict.first_line) == response.head.status(), "the status is kept");
    const auto framing = framing_of(strict);
    const auto rest = std::string_view(passed.bytes).substr(strict.bytes);
    const int status = response.head.status();
    if (asked.head || status == 204 || status == 304) {
        require(rest.empty() && passed.content.empty(), "no body where there can be none");
    } else if (framing.chunked) {
        require(asked.http_1_1, "an HTTP/1.0 client gets no chunks");
        const auto chunks = read_chunks(rest);
        require(chunks && chunks->bytes == rest.size() && chunks->content == passed.content,
                "chunks mean the same to everybody");
    } else if (framing.length) {
        require(*framing.length == rest.size() && rest == passed.content,
                "a body is as long as its head says");
    } else {
        require(!passed.keep_alive && rest == passed.content,
                "a body without a length ends with the connection");
    }
    if (!passed.keep_alive)
        require(strict.value("Connection") == "close", "a connection that ends is announced");

    asking same = asked;
    same.injected = false;
    const auto again = read(passed.bytes, 0, same);
    require(again->how == ending::complete && again->content == passed.content &&
                again->used == passed.bytes.size(),
            "the client gets one response with the same content");
}

}  // namespace

void http_response(std::string_view input) {
    const auto flags = take_choice(input, 16);
    const asking asked{(flags & 1) != 0, (flags & 2) == 0, (flags & 4) == 0, (flags & 8) != 0};
    const auto whole = read(input, 0, asked);
    for (int cutting = 1; cutting < cuttings; ++cutting)
        require_same(*whole, *read(input, cutting, asked));
    if (whole->how != ending::complete) return;
    check_client(pass_on(*whole, asked), *whole, asked);
}

}  // namespace tallyfs::fuzz
