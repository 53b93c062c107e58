#include "capture/documents.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace tallyfs::capture {

namespace {

namespace json = boost::json;

// Longer than every word that these keys can hold.
constexpr std::size_t word_bytes_max = 64;

/// Words of the protocol, which say nothing of what was written.
constexpr std::array<std::string_view, 13> word_keys{
    "model",  "role",       "type",         "keep_alive", "format", "tool_choice",     "think",
    "effort", "truncation", "service_tier", "detail",     "status", "reasoning_effort"};
/// What is looked into: these hold messages, tools and options.
constexpr std::array<std::string_view, 12> inner_keys{
    "messages", "input",          "content",  "system",    "tools", "function",
    "options",  "stream_options", "thinking", "reasoning", "text",  "response_format"};
/// Known names whose values are sizes: prompts, and what a caller can write into freely.
constexpr std::array<std::string_view, 14> size_keys{
    "prompt",     "suffix",    "template",     "instructions", "images", "tool_calls", "name",
    "parameters", "arguments", "input_schema", "output",       "stop",   "metadata",   "raw"};

/// Numbers and switches, of requests and of options.
constexpr std::array<std::string_view, 42> plain_keys{"stream",
                                                      "max_tokens",
                                                      "max_output_tokens",
                                                      "max_completion_tokens",
                                                      "temperature",
                                                      "top_p",
                                                      "top_k",
                                                      "min_p",
                                                      "typical_p",
                                                      "n",
                                                      "seed",
                                                      "logprobs",
                                                      "top_logprobs",
                                                      "store",
                                                      "raw",
                                                      "truncate",
                                                      "dimensions",
                                                      "frequency_penalty",
                                                      "presence_penalty",
                                                      "repeat_penalty",
                                                      "repeat_last_n",
                                                      "parallel_tool_calls",
                                                      "include_usage",
                                                      "budget_tokens",
                                                      "strict",
                                                      "background",
                                                      "num_keep",
                                                      "num_predict",
                                                      "num_ctx",
                                                      "num_batch",
                                                      "num_gpu",
                                                      "main_gpu",
                                                      "num_thread",
                                                      "use_mmap",
                                                      "numa",
                                                      "draft_num_predict",
                                                      "shift",
                                                      "low_vram",
                                                      "f16_kv",
                                                      "best_of",
                                                      "echo",
                                                      "keep_alive"};

template <std::size_t Size>
bool is_in(const std::array<std::string_view, Size>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

json::value size_text(const json::value& value) {
    std::string text;
    if (value.is_string()) {
        text = "[text: " + std::to_string(value.get_string().size()) + " bytes]";
    } else if (value.is_array()) {
        text = "[list: " + std::to_string(value.get_array().size()) + " of them]";
    } else {
        text = "[object: " + std::to_string(json::serialize(value).size()) + " bytes]";
    }
    return json::value(text);
}

bool is_plain(const json::value& value) {
    return value.is_number() || value.is_bool() || value.is_null();
}

json::value shape(const json::value& value, std::string_view under);

json::value shape_of_member(const json::value& value, std::string_view name,
                            std::string_view under) {
    if (is_plain(value)) return value;
    // A tool's name belongs to the program; a message's is somebody's.
    const bool tool_name = name == "name" && (under == "tools" || under == "function");
    const bool word = is_in(word_keys, name) || tool_name;
    if (word && value.is_string() && value.get_string().size() <= word_bytes_max) return value;
    if (is_in(inner_keys, name) && (value.is_array() || value.is_object())) {
        return shape(value, name);
    }
    return size_text(value);
}

json::value shape(const json::value& value, std::string_view under) {
    if (const auto* list = value.if_array()) {
        if (!list->empty() && is_plain(list->front())) return size_text(value);
        json::array out;
        for (const auto& one : *list) out.push_back(shape(one, under));
        return out;
    }
    const auto* object = value.if_object();
    if (object == nullptr) return is_plain(value) ? value : size_text(value);
    json::object out;
    std::size_t others = 0;
    for (const auto& entry : *object) {
        const std::string_view name(entry.key().data(), entry.key().size());
        // Names that nobody knows can be text as well.
        const bool known = is_in(word_keys, name) || is_in(inner_keys, name) ||
                           is_in(size_keys, name) ||
                           (is_plain(entry.value()) && is_in(plain_keys, name));
        if (known) {
            out[entry.key()] = shape_of_member(entry.value(), name, under);
        } else {
            ++others;
        }
    }
    if (others > 0) out["(others)"] = others;
    return out;
}

}  // namespace

json::value shape_of(const json::value& request) {
    return shape(request, "");
}

}  // namespace tallyfs::capture
