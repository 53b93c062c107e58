// A reply that the proxy makes itself, as bytes. Pure.
// Format: RFC 9112, section 4; the body has the form of the route's dialect.
#pragma once

#include <tallyfs/dialect/route.hpp>

#include <chrono>
#include <string>

namespace tallyfs::proxy {

struct own_reply_options {
    bool keep_alive = true;
    bool http_1_1 = true;
    std::chrono::seconds retry_after{0};  ///< 0: not said
    bool head_request = false;            ///< the body is announced and not sent
};

/// Appends head and body. An empty body goes without a content type.
void write_own_reply(std::string& out, int status, const dialect::error_reply& reply,
                     const own_reply_options& options);

}  // namespace tallyfs::proxy
