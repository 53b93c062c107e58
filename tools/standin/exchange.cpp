#include "exchange.hpp"

#include "go_json.hpp"
#include "world.hpp"

#include <array>
#include <charconv>
#include <ctime>

namespace tallyfs::standin {
namespace {

// The size of net/http's buffer: a reply that fits is sent with its length.
constexpr std::size_t sized_bytes_max = 2048;

std::string_view reason(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 204:
            return "No Content";
        case 307:
            return "Temporary Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 413:
            return "Request Entity Too Large";
        case 417:
            return "Expectation Failed";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        default:
            return "status code";
    }
}

// The Date header's value changes once a second; making it costs more than the rest of a head.
const std::string& http_date() {
    static thread_local std::time_t made_at = 0;
    static thread_local std::string text;
    const auto now = std::time(nullptr);
    if (now != made_at) {
        made_at = now;
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        std::array<char, 64> buffer{};
        const auto used =
            std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        text.assign(buffer.data(), used);
    }
    return text;
}

std::string hex(std::size_t value) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
    return {digits.data(), end};
}

std::string request_id() {
    static thread_local std::uint64_t counter = 0;
    std::string digits = std::to_string(++counter);
    return "req_" + std::string(24 - std::min<std::size_t>(24, digits.size()), '0') + digits;
}

}  // namespace

std::string error_body(dialect errors, int status, std::string_view message) {
    if (errors == dialect::native) return "{\"error\":" + quote(message) + "}";
    std::string_view type = "api_error";
    if (status == 400) type = "invalid_request_error";
    if (status == 404) type = "not_found_error";
    if (errors == dialect::openai) {
        return "{\"error\":{\"message\":" + quote(message) + ",\"type\":\"" + std::string(type) +
               "\",\"param\":null,\"code\":null}}";
    }
    if (status == 401) type = "authentication_error";
    if (status == 403) type = "permission_error";
    if (status == 429) type = "rate_limit_error";
    if (status == 503 || status == 529) type = "overloaded_error";
    return "{\"type\":\"error\",\"error\":{\"type\":\"" + std::string(type) +
           "\",\"message\":" + quote(message) + "},\"request_id\":\"" + request_id() + "\"}";
}

bool exchange::reusable() const {
    return keep_alive && !close_after_ && !client.gone && !wanted.close && !wanted.until_close;
}

std::string exchange::head(int status, std::string_view type, std::string_view length_line) {
    std::string out = http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
    out += std::to_string(status);
    out += ' ';
    out += reason(status);
    out += "\r\n";
    // What handlers set is sorted; what the server adds comes after it.
    const auto type_line = "Content-Type: " + std::string(type) + "\r\n";
    std::string_view own = response_headers;
    const auto after_type = own.find("\r\nVary:");
    if (type.empty()) {
        out += own;
    } else if (after_type != std::string_view::npos) {
        out += own.substr(0, after_type + 2);
        out += type_line;
        out += own.substr(after_type + 2);
    } else {
        out += own;
        out += type_line;
    }
    out += "Date: ";
    out += http_date();
    out += "\r\n";
    const bool length_first = length_line.starts_with("Content-Length");
    if (length_first) out += length_line;
    if (!http_1_0 && !keep_alive) out += "Connection: close\r\n";
    if (http_1_0 && keep_alive && length_first) out += "Connection: keep-alive\r\n";
    if (!length_first) out += length_line;
    out += "\r\n";
    head_sent_ = true;
    return out;
}

task<bool> exchange::write(std::string_view bytes) {
    error_code error;
    // Nearly always the socket takes it at once: no trip through the reactor.
    const auto taken = client.socket.write_some(asio::buffer(bytes), error);
    if (!error && taken == bytes.size()) co_return true;
    if (!error) bytes.remove_prefix(taken);
    if (!error || error == asio::error::would_block || error == asio::error::try_again) {
        error = {};
        co_await asio::async_write(client.socket, asio::buffer(bytes),
                                   asio::redirect_error(awaiting, error));
    }
    if (error) client.gone = true;
    co_return !client.gone;
}

task<bool> exchange::obey_wishes() {
    if (wanted.die_after && pieces_ >= *wanted.die_after) {
        client.cut();
        co_return false;
    }
    if (wanted.delay_ms > 0 && pieces_ == 0) {
        const bool going = co_await client.wait_exactly(std::chrono::milliseconds(wanted.delay_ms));
        if (!going) {
            co_return false;
        }
    }
    const bool stalls = wanted.stall_after && pieces_ == *wanted.stall_after;
    while ((stalls || wanted.gate) && !client.gone && shared.permits == 0) {
        co_await client.wait_for_news();
    }
    if (client.gone) co_return false;
    if (stalls || wanted.gate) --shared.permits;
    co_return true;
}

task<> exchange::reply(int status, std::string_view type, std::string_view content) {
    const bool going = co_await obey_wishes();
    if (!going) co_return;
    ++pieces_;
    const bool no_body = method == "HEAD";
    const bool sized = content.size() <= sized_bytes_max;
    std::string length;
    if (wanted.until_close) {
        keep_alive = false;
    } else if (sized) {
        length = "Content-Length: " + std::to_string(content.size()) + "\r\n";
    } else if (!http_1_0 && !no_body) {
        length = "Transfer-Encoding: chunked\r\n";
    }
    if (status == 204) length.clear();
    close_after_ = http_1_0 && length.empty();
    std::string out = head(status, type, length);
    const bool chunked = length.starts_with("Transfer");
    if (!no_body) {
        if (chunked) out += hex(content.size()) + "\r\n";
        const bool dies_inside = wanted.die_after && *wanted.die_after == pieces_;
        out += dies_inside ? content.substr(0, content.size() / 2) : content;
        if (dies_inside) {
            const bool sent = co_await write(out);
            if (sent) client.cut();
            co_return;
        }
        if (chunked) out += "\r\n0\r\n\r\n";
    }
    co_await write(out);
}

task<> exchange::fail(int status, std::string_view message) {
    auto content = error_body(errors, status, message);
    if (errors == dialect::native) {
        co_await reply(status, "application/json; charset=utf-8", content);
        co_return;
    }
    content += '\n';
    if (!streamed_errors) response_headers.clear();
    co_await reply(status, "application/json", content);
}

task<> exchange::reject(int status, std::string_view message) {
    response_headers.clear();
    const auto content = error_body(errors, status, message);
    co_await reply(status, "application/json; charset=utf-8", content);
}

void exchange::begin_stream(std::string_view type) {
    chunked_ = !http_1_0 && !wanted.until_close;
    close_after_ = !chunked_;
    if (wanted.until_close) keep_alive = false;
    std::string length = chunked_ ? "Transfer-Encoding: chunked\r\n" : "";
    if (wanted.trailer && chunked_) response_headers += "Trailer: X-Standin-Pieces\r\n";
    pending_ = head(200, type, length);
}

std::string exchange::framed(std::string_view bytes) const {
    if (!chunked_) return std::string(bytes);
    std::string out = hex(bytes.size());
    out += "\r\n";
    out += bytes;
    out += "\r\n";
    return out;
}

task<bool> exchange::write_framed(std::string_view bytes) {
    std::string out;
    if (wanted.coalesce || wanted.chunk_bytes > 0) {
        gathered_ += bytes;
        if (wanted.coalesce) co_return true;
        while (gathered_.size() >= wanted.chunk_bytes) {
            out += framed(std::string_view(gathered_).substr(0, wanted.chunk_bytes));
            gathered_.erase(0, wanted.chunk_bytes);
        }
        if (out.empty()) co_return true;
    } else {
        out = framed(bytes);
    }
    if (!pending_.empty()) out.insert(0, std::exchange(pending_, {}));
    co_return co_await write(out);
}

task<bool> exchange::piece(std::string_view bytes) {
    const bool going = co_await obey_wishes();
    if (!going) co_return false;
    ++pieces_;
    co_return co_await write_framed(bytes);
}

task<bool> exchange::piece_as_is(std::string_view bytes) {
    co_return co_await write_framed(bytes);
}

task<> exchange::end_stream() {
    if (client.gone) co_return;
    std::string out = std::exchange(pending_, {});
    if (!gathered_.empty()) out += framed(gathered_);
    if (chunked_) {
        out += "0\r\n";
        if (wanted.trailer) out += "X-Standin-Pieces: " + std::to_string(pieces_) + "\r\n";
        out += "\r\n";
    }
    co_await write(out);
}

}  // namespace tallyfs::standin
