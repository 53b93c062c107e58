#include "proxy/own_reply.hpp"

#include <proxy/head_rewrite.hpp>

namespace tallyfs::proxy {

void write_own_reply(std::string& out, int status, const dialect::error_reply& reply,
                     const own_reply_options& options) {
    out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
    out.append(reason_phrase(status)).append("\r\n");
    if (status == 405) out.append("Allow: GET, HEAD, POST, DELETE, OPTIONS\r\n");
    if (options.retry_after.count() > 0) {
        out.append("Retry-After: ").append(std::to_string(options.retry_after.count()));
        out.append("\r\n");
    }
    if (!reply.body.empty()) {
        out.append("Content-Type: ").append(reply.content_type).append("\r\n");
    }
    out.append("Content-Length: ").append(std::to_string(reply.body.size())).append("\r\n");
    if (!options.keep_alive) {
        out.append("Connection: close\r\n");
    } else if (!options.http_1_1) {
        out.append("Connection: keep-alive\r\n");
    }
    out.append("\r\n");
    if (!options.head_request) out.append(reply.body);
}

}  // namespace tallyfs::proxy
