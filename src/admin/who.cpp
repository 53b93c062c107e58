#include "admin/who.hpp"

#include <tallyfs/base/text.hpp>

#include <openssl/evp.h>

#include <algorithm>

namespace tallyfs::admin {

namespace {

namespace beast_http = boost::beast::http;
using namespace std::chrono_literals;

bool is_from_our_page(const request& asked, const decisions& office) {
    if (asked.count(beast_http::field::origin) != 1) return false;
    const std::string_view origin = asked[beast_http::field::origin];
    if (!office.sign_on_origin.empty()) return origin == office.sign_on_origin;
    const auto host = origin.find("://");
    return host != std::string_view::npos &&
           origin.substr(host + 3) == std::string_view(asked[beast_http::field::host]);
}

std::string_view credentials(const request& asked, std::string_view scheme) {
    const std::string_view value = asked[beast_http::field::authorization];
    if (value.size() <= scheme.size() ||
        !equal_ignoring_case(value.substr(0, scheme.size()), scheme)) {
        return {};
    }
    return value.substr(scheme.size());
}

/// "" for what is not base64.
std::string decode_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return {};
    std::string plain(text.size() / 4 * 3, '\0');
    const int bytes = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(plain.data()),
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()));
    if (bytes < 0) return {};
    // Padding is decoded as zeros.
    const auto padding = text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
    plain.resize(static_cast<std::size_t>(bytes) - std::min<std::size_t>(padding, 2));
    return plain;
}

}  // namespace

asio::awaitable<void> pause(std::chrono::milliseconds length) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(length);
    co_await timer.async_wait(asio::use_awaitable);
}

std::string_view bearer(const request& asked) {
    return credentials(asked, "Bearer ");
}

std::string secret_of(const request& asked) {
    if (const auto token = bearer(asked); !token.empty()) return std::string(token);
    const auto pair = decode_base64(credentials(asked, "Basic "));
    const auto colon = pair.find(':');
    return colon == std::string::npos ? std::string() : pair.substr(colon + 1);
}

std::optional<approval::identity> signed_on(const request& asked, const decisions& office,
                                            const std::string& peer) {
    if (office.sign_on_header.empty() ||
        std::ranges::find(office.sign_on_addresses, peer) == office.sign_on_addresses.end() ||
        asked.count(office.sign_on_header) != 1) {
        return std::nullopt;
    }
    if (asked.method() == beast_http::verb::post && !is_from_our_page(asked, office)) {
        return std::nullopt;
    }
    const std::string_view name = asked[office.sign_on_header];
    return office.by_sign_on(name);
}

asio::awaitable<std::optional<approval::identity>> who_asks(const request& asked,
                                                            const decisions& office,
                                                            const std::string& peer,
                                                            std::string token) {
    if (token.empty()) co_return signed_on(asked, office, peer);
    auto who = office.by_token(token);
    if (!who) co_await pause(wrong_token_pause);
    co_return who;
}

}  // namespace tallyfs::admin
