// The faults and other wishes of one request, read from its X-Standin header.
// Source: standin/server.hpp lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tallyfs::standin {

struct wishes {
    std::optional<std::int64_t> die_after;
    std::optional<std::int64_t> stall_after;
    std::optional<std::int64_t> error_after;
    std::optional<std::int64_t> cut_after;
    std::optional<std::int64_t> tokens;
    std::optional<int> status;
    std::int64_t delay_ms = 0;
    std::size_t chunk_bytes = 0;
    bool gate = false;
    bool coalesce = false;
    bool close = false;
    bool until_close = false;
    bool trailer = false;
};

/// Adds what `text` asks for to `wanted`; what is not understood is ignored, as by Ollama.
void read_wishes(std::string_view text, wishes& wanted);

}  // namespace tallyfs::standin
