// The fields of requests that are read, by operation, and the places they have in a document.
// Source: api/types.go, openai/openai.go, openai/responses.go, anthropic/anthropic.go at v0.33.
#pragma once

#include "dialect/folding.hpp"
#include "dialect/json_stream.hpp"

#include <tallyfs/dialect/route.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace tallyfs::dialect {

[[nodiscard]] constexpr unsigned bit(operation op) noexcept {
    return 1u << static_cast<unsigned>(op);
}

enum request_place : json_place {
    place_model = place_root + 1,
    place_stream,
    place_stream_options,
    place_include_usage,
    place_keep_alive,
    place_options,
    place_plain,         ///< inside a prompt: hashed, not counted (roles, ids, images)
    place_text,          ///< … text that the model reads, or a list of it
    place_tool_type,     ///< … the type of a tool that Ollama runs itself
    place_arguments,     ///< … a call's arguments: all texts in it count
    place_option = 32,   ///< one place an option
    place_content = 64,  ///< one place a field of the prompt
};

struct request_field {
    std::string_view name;
    unsigned operations = 0;
    json_place place = place_ignored;
    bool is_text = false;          ///< holds text that the model reads and that is counted
    bool drives = false;           ///< without it a native request runs nothing
    bool null_is_nothing = false;  ///< a Go string: null does not change it
    json_place elements = place_plain;
};

namespace request_operations {
using op = operation;
inline constexpr unsigned native =
    bit(op::generate) | bit(op::chat) | bit(op::embed) | bit(op::embeddings);
inline constexpr unsigned prompted =
    bit(op::generate) | bit(op::embeddings) | bit(op::openai_completion);
inline constexpr unsigned chats = bit(op::chat) | bit(op::openai_chat) | bit(op::messages);
inline constexpr unsigned inputs = bit(op::embed) | bit(op::openai_embeddings) | bit(op::responses);
inline constexpr unsigned openai_streams = bit(op::openai_chat) | bit(op::openai_completion);
inline constexpr unsigned streams =
    bit(op::generate) | bit(op::chat) | openai_streams | bit(op::responses) | bit(op::messages);
}  // namespace request_operations

/// What the prompt is made of. The order is part of the hash: append only.
inline constexpr std::array<request_field, 14> content_fields = [] {
    using namespace request_operations;
    return std::array<request_field, 14>{{
        {"prompt", prompted, 0, true, true, true},
        {"suffix", bit(op::generate) | bit(op::openai_completion), 0, true, false, true},
        {"system", bit(op::generate) | bit(op::messages), 0, true, false, true},
        {"template", bit(op::generate), 0, true, false, true},
        {"messages", chats, 0, true, true},
        {"input", inputs, 0, true, true, false, place_text},
        {"instructions", bit(op::responses), 0, true, false, true},
        {"images", bit(op::generate)},
        {"tools", bit(op::chat) | bit(op::openai_chat) | bit(op::responses) | bit(op::messages)},
        {"format", bit(op::generate) | bit(op::chat)},
        {"response_format", bit(op::openai_chat)},
        {"text", bit(op::responses)},
        {"context", bit(op::generate)},
        {"raw", bit(op::generate)},
    }};
}();

/// Fields of api.Runner, which cause a load when they change. `shift` does too, and like
/// keep_alive it stands beside them in the request.
inline constexpr std::array<std::string_view, 9> option_names{
    "num_ctx",  "num_gpu",           "num_batch", "main_gpu",  "num_thread",
    "use_mmap", "draft_num_predict", "shift",     "keep_alive"};
/// Those that stand in `options`.
inline constexpr std::size_t runner_option_count = 7;
inline constexpr json_place place_shift = place_option + runner_option_count;
inline constexpr std::size_t keep_alive_index = option_names.size() - 1;

inline constexpr std::array<request_field, 6> setting_fields = [] {
    using namespace request_operations;
    return std::array<request_field, 6>{{
        {"model", ~0u, place_model},
        {"stream", streams, place_stream},
        {"stream_options", openai_streams, place_stream_options},
        {"keep_alive", native, place_keep_alive},
        {"options", native, place_options},
        {"shift", bit(op::generate) | bit(op::chat), place_shift},
    }};
}();

[[nodiscard]] constexpr bool is_content(json_place place) noexcept {
    return place >= place_content;
}
[[nodiscard]] constexpr bool is_option(json_place place) noexcept {
    return place >= place_option && place < place_option + option_names.size();
}

/// The place of a member inside a prompt: messages, parts of a message, calls of tools.
[[nodiscard]] inline json_place content_member(std::string_view key) noexcept {
    constexpr std::array<std::string_view, 8> texts{
        "content", "text", "thinking", "reasoning", "refusal", "output", "summary", "instructions"};
    constexpr std::array<std::string_view, 2> arguments{"arguments", "input"};
    const auto matches = [key](std::string_view name) { return key_matches(key, name); };
    if (std::ranges::any_of(texts, matches)) return place_text;
    return std::ranges::any_of(arguments, matches) ? place_arguments : place_plain;
}

}  // namespace tallyfs::dialect
