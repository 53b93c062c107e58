#include <tallyfs/base/text.hpp>
#include <tallyfs/dialect/route.hpp>

#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace tallyfs::dialect {
namespace {

// The names that Ollama gives a status, in its own compatible replies.
std::string_view openai_type(int status) {
    if (status == 400) return "invalid_request_error";
    return status == 404 ? "not_found_error" : "api_error";
}

std::string_view anthropic_type(int status) {
    switch (status) {
        case 400:
            return "invalid_request_error";
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 429:
            return "rate_limit_error";
        case 503:
        case 529:
            return "overloaded_error";
        default:
            return "api_error";
    }
}

std::string new_request_id() {
    std::array<unsigned char, 12> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
        throw std::runtime_error("no random bytes for a request id");
    constexpr std::string_view digits = "0123456789abcdef";
    std::string id = "req_";
    for (const auto byte : random) {
        id += digits[byte >> 4];
        id += digits[byte & 15];
    }
    return id;
}

}  // namespace

error_reply make_error(family dialect, int status, std::string_view message) {
    std::string text;
    append_json_string(text, message);
    if (dialect == family::native)
        return {"application/json; charset=utf-8", "{\"error\":" + text + "}"};
    std::string body;
    if (dialect == family::anthropic) {
        body = R"({"type":"error","error":{"type":")";
        body.append(anthropic_type(status)).append(R"(","message":)").append(text);
        body.append(R"(},"request_id":")").append(new_request_id()).append("\"}\n");
    } else {
        body = R"({"error":{"message":)";
        body.append(text).append(R"(,"type":")").append(openai_type(status));
        body.append("\",\"param\":null,\"code\":null}}\n");
    }
    return {"application/json", std::move(body)};
}

}  // namespace tallyfs::dialect
