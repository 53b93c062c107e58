// A client's connection: a request is read as the session reads it, and what would go to Ollama
// has to be one request that cannot be misunderstood. Format: RFC 9112.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"
#include "fuzz/wire.hpp"

#include <tallyfs/dialect/route.hpp>
#include <tallyfs/http/host_rule.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <proxy/head_rewrite.hpp>
#include <proxy/own_reply.hpp>

#include <memory>

namespace tallyfs::fuzz {

namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

constexpr std::string_view upstream_name = "127.0.0.1:11434";

enum class ending { incomplete, malformed, complete };

/// One request as it was read from its connection.
struct reading {
    proxy::message_head head;
    std::unique_ptr<proxy::request_parser> parser = std::make_unique<proxy::request_parser>(head);
    ending head_ending = ending::incomplete;
    ending body_ending = ending::incomplete;
    std::string arrived;    ///< of the connection
    std::size_t begin = 0;  ///< behind blank lines
    std::size_t used = 0;   ///< behind what the parser has taken
    std::string body;

    void take(std::string_view piece) {
        arrived += piece;
        if (head_ending == ending::incomplete) take_head();
        if (head_ending == ending::complete && body_ending == ending::incomplete) take_body();
    }

  private:
    /// Memory of its own, so that who reads beyond its end is found out.
    error_code put() {
        const std::vector<char> own(arrived.begin() + static_cast<std::ptrdiff_t>(used),
                                    arrived.end());
        error_code error;
        used += parser->put(asio::buffer(own.data(), own.size()), error);
        const auto piece = parser->take_piece();
        body += piece;
        return error;
    }
    void take_head() {
        const auto input = [this] { return std::string_view(arrived).substr(used); };
        while (used == begin && input().starts_with("\r\n")) begin = used += 2;
        if (input().empty() || input() == "\r") return;
        const auto error = put();
        if (parser->is_header_done() && !error) {
            const bool folded =
                proxy::has_folded_line(std::string_view(arrived).substr(begin, used - begin));
            head_ending = folded ? ending::malformed : ending::complete;
        } else if (error && error != beast_http::error::need_more) {
            head_ending = ending::malformed;
        }
    }
    void take_body() {
        while (!parser->is_done()) {
            if (used == arrived.size()) return;
            const auto error = put();
            if (error == beast_http::error::need_more) return;
            if (error) {
                body_ending = ending::malformed;
                return;
            }
        }
        body_ending = ending::complete;
    }
};

std::unique_ptr<reading> read(std::string_view input, int cutting) {
    auto read = std::make_unique<reading>();
    read->parser->eager(false);
    in_pieces(input, cutting, [&](std::string_view piece) { read->take(piece); });
    return read;
}

void require_same(const reading& a, const reading& b) {
    // When a head that is none is noticed may depend on the cuts: never whether it is taken.
    const bool taken = a.head_ending == ending::complete;
    require(taken == (b.head_ending == ending::complete),
            "cuts do not decide whether it is a head");
    if (!taken) return;
    require(a.head.method() == b.head.method() && a.head.target() == b.head.target() &&
                a.head.http_1_1() == b.head.http_1_1() &&
                a.head.fields_text() == b.head.fields_text() && a.head.size() == b.head.size(),
            "cuts do not change a head");
    const bool whole = a.body_ending == ending::complete;
    require(whole == (b.body_ending == ending::complete),
            "cuts do not decide whether it is a body");
    if (!whole) return;
    require(a.body == b.body && a.used == b.used, "cuts do not change a body");
}

void check_refusal(const proxy::refusal& refused, const proxy::message_head& head) {
    require(refused.status >= 400 && refused.status < 600, "a refusal has an error's status");
    for (const auto dialect : {dialect::family::native, dialect::family::openai,
                               dialect::family::responses, dialect::family::anthropic}) {
        std::string out;
        const auto reply = dialect::make_error(dialect, refused.status, refused.message);
        proxy::write_own_reply(out, refused.status, reply, {.http_1_1 = head.http_1_1()});
        const auto written = read_head_strictly(out);
        require(status_of_line(written.first_line) == refused.status, "a reply has its status");
        require(framing_of(written).length == out.size() - written.bytes, "a reply has its length");
    }
}

/// What the bytes behind the head are by the framing that goes to Ollama.
void check_body(const reading& request, const strict_framing& framing, std::size_t head_end) {
    if (request.body_ending != ending::complete) return;
    const auto rest = std::string_view(request.arrived).substr(head_end);
    if (framing.chunked) {
        const auto chunks = read_chunks(rest);
        require(
            chunks && chunks->content == request.body && head_end + chunks->bytes == request.used,
            "chunks mean the same to everybody");
    } else {
        const auto length = framing.length.value_or(0);
        require(request.body.size() == length && rest.starts_with(request.body) &&
                    head_end + length == request.used,
                "a body is as long as its head says");
    }
}

void check_forwarded(const reading& request, std::size_t head_end) {
    const auto& head = request.head;
    const auto goes_to = proxy::reduce_target(head);
    const auto path = dialect::split_base_path(goes_to.target);
    const proxy::body_framing framing{
        request.parser->chunked(),
        request.parser->content_length()
            ? std::optional<std::uint64_t>(*request.parser->content_length())
            : std::nullopt};
    std::string out;
    proxy::write_request_head(out, head, path.target, upstream_name, framing);

    const auto strict = read_head_strictly(out);
    require(strict.bytes == out.size(), "nothing follows the head");
    const auto line = split_request_line(strict.first_line);
    require(line.method == head.method() && line.target == path.target, "the request line is kept");
    require(strict.count("Host") == 1 && strict.value("Host") == upstream_name,
            "Ollama sees its own name");
    const auto strictly_framed = framing_of(strict);
    require(strictly_framed.chunked == framing.chunked &&
                strictly_framed.length == (framing.chunked ? std::nullopt : framing.bytes),
            "the framing is kept");
    for (const auto* const name : {"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
                                   "Upgrade", "HTTP2-Settings", "Expect"})
        require(strict.count(name) == 0, "what is meant for the proxy stays there");
    check_body(request, strictly_framed, head_end);

    const auto again = read(out, 0);
    require(again->head_ending == ending::complete && !proxy::check_request(again->head),
            "what is forwarded is acceptable");
    std::string twice;
    proxy::write_request_head(twice, again->head, again->head.target(), upstream_name, framing);
    require(twice == out, "what is forwarded stays as it is from there on");
    const auto named = tallyfs::http::own_names{"this-machine", nullptr};
    require(tallyfs::http::host_allowed(upstream_name, named), "our own name is allowed");
    (void)tallyfs::http::host_allowed(goes_to.host, named);
}

}  // namespace

void http_request(std::string_view input) {
    const auto whole = read(input, 0);
    for (int cutting = 1; cutting < cuttings; ++cutting)
        require_same(*whole, *read(input, cutting));
    if (whole->head_ending != ending::complete) return;
    if (const auto refused = proxy::check_request(whole->head))
        return check_refusal(*refused, whole->head);
    // The head ends with the first blank line: the parser takes no other line end.
    const auto end = whole->arrived.find("\r\n\r\n", whole->begin);
    require(end != std::string::npos, "a head ends with a blank line");
    check_forwarded(*whole, end + 4);
}

}  // namespace tallyfs::fuzz
