// Labels made from what clients and the kernel say, safe to store and to show.
// Rules: docs/who-called.md. Formats: RFC 3629 (UTF-8), RFC 9110 section 10.1.5 (User-Agent).
#pragma once

#include <tallyfs/proxy/caller.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::proxy {

/// `text` without blanks at its ends, control characters as spaces, bytes that are not UTF-8 as
/// U+FFFD, at most limits::label_bytes_max. nullopt if nothing but blanks is left.
[[nodiscard]] std::optional<std::string> clean_label(std::string_view text);

/// "ollama-python" of "ollama-python/0.6.1 (x86_64 linux) Python/3.12".
[[nodiscard]] std::string_view user_agent_product(std::string_view user_agent);

/// What names a local process best: its container, the unit's name without ".service", or the
/// program's name without a script's extension; "" if none of them is known.
[[nodiscard]] std::string_view process_label(const local_process& process);

/// What local_process::cgroup says as a principal: "docker:3f2a91c7e0b2", "unit:n8n.service".
[[nodiscard]] std::string cgroup_principal(std::string_view cgroup);

}  // namespace tallyfs::proxy
