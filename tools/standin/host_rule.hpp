// Which Host and Origin headers Ollama answers when it listens on loopback.
// Source: Ollama v0.33, measured; docs/ollama.md.
#pragma once

#include <string_view>

namespace tallyfs::standin {

/// `host` as in the header, with or without a port.
[[nodiscard]] bool host_allowed(std::string_view host);

enum class origin_verdict : unsigned char { none, allowed, refused };
/// `origin` as in the header, "" if there is none; `host` as in the Host header.
[[nodiscard]] origin_verdict judge_origin(std::string_view origin, std::string_view host);

}  // namespace tallyfs::standin
