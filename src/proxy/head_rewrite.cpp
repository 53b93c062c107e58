#include "proxy/head_rewrite.hpp"

#include <tallyfs/base/text.hpp>

#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>

#include <array>
#include <charconv>

namespace tallyfs::proxy {

namespace {

bool is_hop_by_hop(http::field id) noexcept {
    switch (id) {
        case http::field::connection:
        case http::field::keep_alive:
        case http::field::proxy_connection:
        case http::field::te:
        case http::field::upgrade:
        case http::field::http2_settings:
            return true;
        default:
            return false;
    }
}

/// Whether a Connection field names this one: it is then meant for the next hop alone.
bool is_named_by_connection(const message_head& head, std::string_view name) {
    for (std::size_t i = 0; i < head.size(); ++i) {
        const auto field = head.at(i);
        if (field.id != http::field::connection) continue;
        for (const auto& token : http::token_list(field.value)) {
            if (equal_ignoring_case({token.data(), token.size()}, name)) return true;
        }
    }
    return false;
}

/// A page that was served under the name by which it calls us. Ollama accepts it by comparing it
/// with Host, so that the two are rewritten together.
bool is_same_origin(const message_head& head, std::string_view origin) {
    constexpr std::string_view scheme = "http://";
    return origin.starts_with(scheme) &&
           equal_ignoring_case(origin.substr(scheme.size()), reduce_target(head).host);
}

/// Length and coding cannot be made hop-by-hop by naming them: that would desynchronise the two
/// sides.
bool is_framing(http::field id) noexcept {
    return id == http::field::content_length || id == http::field::transfer_encoding ||
           id == http::field::host;
}

/// How the body was read here: named in Connection and so left out, the upstream would read it in
/// another way.
bool says_how_to_read(http::field id) noexcept {
    return id == http::field::content_type || id == http::field::content_encoding;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

void append_framing(std::string& out, const body_framing& framing) {
    if (framing.chunked) {
        out.append("Transfer-Encoding: chunked\r\n");
    } else if (framing.bytes) {
        std::array<char, 20> digits{};
        const auto end =
            std::to_chars(digits.data(), digits.data() + digits.size(), *framing.bytes);
        out.append("Content-Length: ").append(digits.data(), end.ptr).append("\r\n");
    }
}

/// The authority and the rest of "http://authority/path?query"; nullopt for another form.
std::optional<request_target> split_absolute(std::string_view target) noexcept {
    const auto scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return std::nullopt;
    const auto scheme = target.substr(0, scheme_end);
    if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) {
        return std::nullopt;
    }
    const auto rest = target.substr(scheme_end + 3);
    const auto path = rest.find_first_of("/?#");
    const auto authority = rest.substr(0, path);
    if (authority.empty() || authority.find('@') != std::string_view::npos) return std::nullopt;
    if (path == std::string_view::npos) return request_target{authority, "/"};
    if (rest[path] != '/') return std::nullopt;
    return request_target{authority, rest.substr(path)};
}

/// A head that is refused closes the connection: another server may see its end elsewhere.
refusal bad_head(int status, std::string message) {
    return {status, std::move(message), true};
}

std::optional<refusal> check_target(const message_head& head) {
    const auto target = head.target();
    // A fragment is for the client alone: some cut it off, others take it for a part of the path.
    if (target.find('#') != std::string_view::npos) {
        return bad_head(400, "the request target has a fragment");
    }
    if (target.starts_with('/')) return std::nullopt;
    if (target == "*" && head.verb() == http::verb::options) return std::nullopt;
    if (split_absolute(target)) return std::nullopt;
    return bad_head(400, "the request target is neither a path nor an absolute URL");
}

/// Names that Connection lists are looked for once a field: more of them than this is no client's
/// wish but work.
bool lists_too_much(const message_head& head) noexcept {
    constexpr std::size_t connection_bytes_max = 1024;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < head.size(); ++i) {
        const auto field = head.at(i);
        if (field.id == http::field::connection) bytes += field.value.size();
    }
    return bytes > connection_bytes_max;
}

}  // namespace

bool has_folded_line(std::string_view head) noexcept {
    for (auto at = head.find('\n'); at != std::string_view::npos && at + 1 < head.size();
         at = head.find('\n', at + 1)) {
        if (head[at + 1] == ' ' || head[at + 1] == '\t') return true;
    }
    return false;
}

std::optional<refusal> check_request(const message_head& head) {
    if (head.verb() == http::verb::connect || head.verb() == http::verb::trace) {
        return bad_head(405, std::string(head.method()) + " is not supported");
    }
    if (auto refused = check_target(head)) return refused;
    const auto hosts = head.count(http::field::host);
    if (hosts > 1) return bad_head(400, "more than one Host field");
    if (hosts == 0 && head.http_1_1()) return bad_head(400, "the Host field is missing");
    if (head.has(http::field::transfer_encoding)) {
        if (!head.http_1_1()) return bad_head(400, "Transfer-Encoding in an HTTP/1.0 request");
        if (!equal_ignoring_case(head.find(http::field::transfer_encoding), "chunked")) {
            return bad_head(501, "only the transfer coding \"chunked\" is supported");
        }
    }
    if (lists_too_much(head)) return bad_head(400, "the Connection field is too long");
    if (const auto expect = head.find(http::field::expect);
        head.has(http::field::expect) && !equal_ignoring_case(expect, "100-continue")) {
        return bad_head(417, "the only expectation that is supported is 100-continue");
    }
    return std::nullopt;
}

request_target reduce_target(const message_head& head) noexcept {
    if (const auto absolute = split_absolute(head.target())) return *absolute;
    return {head.find(http::field::host), head.target()};
}

bool expects_continue(const message_head& head) noexcept {
    return head.http_1_1() && equal_ignoring_case(head.find(http::field::expect), "100-continue");
}

void write_request_head(std::string& out, const message_head& head, std::string_view target,
                        std::string_view upstream, const body_framing& framing,
                        std::string_view left_out) {
    out.append(head.method()).append(" ").append(target).append(" HTTP/1.1\r\n");
    if (!head.has(http::field::host)) append_field(out, "Host", upstream);
    const bool names_others = head.has(http::field::connection);
    bool framed = false;
    for (std::size_t i = 0; i < head.size(); ++i) {
        const auto field = head.at(i);
        if (field.id == http::field::host) {
            append_field(out, field.name, upstream);
        } else if (field.id == http::field::origin && is_same_origin(head, field.value)) {
            append_field(out, field.name, std::string("http://").append(upstream));
        } else if (is_framing(field.id)) {
            if (!framed) append_framing(out, framing);
            framed = true;
        } else if (!is_hop_by_hop(field.id) && field.id != http::field::expect &&
                   field.id != http::field::trailer &&
                   !(!left_out.empty() && equal_ignoring_case(field.name, left_out)) &&
                   (!names_others || says_how_to_read(field.id) ||
                    !is_named_by_connection(head, field.name))) {
            append_field(out, field.name, field.value);
        }
    }
    if (!framed) append_framing(out, framing);
    out.append("\r\n");
}

bool is_sound_response(const message_head& head) noexcept {
    const auto lengths = head.count(http::field::content_length);
    const auto codings = head.count(http::field::transfer_encoding);
    if (lengths + codings > (head.status() < 200 ? 0 : 1)) return false;
    if (codings > 0) {
        return head.http_1_1() &&
               equal_ignoring_case(head.find(http::field::transfer_encoding), "chunked");
    }
    const auto length = head.find(http::field::content_length);
    return length.find_first_not_of("0123456789") == std::string_view::npos;
}

bool forward_as_is(const message_head& head, const response_framing& framing) noexcept {
    if (!framing.client_http_1_1 || !framing.keep_alive || framing.rechunked ||
        framing.de_chunked || !head.http_1_1()) {
        return false;
    }
    for (std::size_t i = 0; i < head.size(); ++i) {
        const auto field = head.at(i);
        const bool says_nothing =
            field.id == http::field::connection && equal_ignoring_case(field.value, "keep-alive");
        if (is_hop_by_hop(field.id) && !says_nothing) return false;
    }
    return true;
}

void write_response_head(std::string& out, const message_head& head,
                         const response_framing& framing) {
    std::array<char, 3> digits{};
    std::to_chars(digits.data(), digits.data() + digits.size(), head.status());
    out.append("HTTP/1.1 ").append(digits.data(), digits.size()).append(" ");
    out.append(head.reason()).append("\r\n");
    const bool names_others = head.has(http::field::connection);
    for (std::size_t i = 0; i < head.size(); ++i) {
        const auto field = head.at(i);
        const bool own_framing = framing.rechunked || framing.de_chunked;
        if (is_hop_by_hop(field.id)) continue;
        if (own_framing && (is_framing(field.id) || field.id == http::field::trailer)) continue;
        if (names_others && !is_framing(field.id) && is_named_by_connection(head, field.name)) {
            continue;
        }
        append_field(out, field.name, field.value);
    }
    if (framing.rechunked) append_field(out, "Transfer-Encoding", "chunked");
    if (!framing.keep_alive) {
        append_field(out, "Connection", "close");
    } else if (!framing.client_http_1_1) {
        append_field(out, "Connection", "keep-alive");
    }
    out.append("\r\n");
}

std::string_view reason_phrase(int status) noexcept {
    const auto reason = http::obsolete_reason(static_cast<http::status>(status));
    return {reason.data(), reason.size()};
}

}  // namespace tallyfs::proxy
