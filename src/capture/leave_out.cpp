#include "capture/documents.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace tallyfs::capture {

namespace {

namespace json = boost::json;

// Shorter ones are words and ids; an image or a recording is longer.
constexpr std::size_t base64_bytes_min = 200;
// Enumerations in schemas of tools are shorter; a prompt as tokens is longer.
constexpr std::size_t numbers_max = 8;

bool is_base64(std::string_view text) {
    if (const auto marker = text.find(";base64,");
        text.starts_with("data:") && marker != text.npos) {
        return true;
    }
    if (text.size() < base64_bytes_min) return false;
    return std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '+' || c == '/' || c == '-' || c == '_' || c == '=' ||
               c == '\n' || c == '\r';
    });
}

bool is_numbers(const json::array& list) {
    return list.size() > numbers_max &&
           std::ranges::all_of(list, [](const json::value& one) { return one.is_number(); });
}

std::string left_out(std::size_t count, std::string_view what) {
    return "[left out: " + std::to_string(count) + " " + std::string(what) + "]";
}

/// Under these names every list is one of tokens, vectors or images, however short.
bool is_unreadable_name(std::string_view name) {
    constexpr std::array<std::string_view, 6> names{"context",  "embedding", "embeddings",
                                                    "logprobs", "bytes",     "images"};
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

void leave_out_unreadable(json::value& document) {
    if (auto* text = document.if_string()) {
        if (is_base64({text->data(), text->size()})) {
            document = left_out(text->size(), "bytes of base64");
        }
    } else if (auto* list = document.if_array()) {
        if (is_numbers(*list)) {
            document = left_out(list->size(), "numbers");
            return;
        }
        for (auto& one : *list) leave_out_unreadable(one);
    } else if (auto* object = document.if_object()) {
        for (auto& entry : *object) {
            auto& value = entry.value();
            const std::string_view name(entry.key().data(), entry.key().size());
            const bool structured = value.is_array() || value.is_object();
            if (structured && is_unreadable_name(name)) {
                const auto count =
                    value.is_array() ? value.get_array().size() : value.get_object().size();
                value = left_out(count, name);
            } else {
                leave_out_unreadable(value);
            }
        }
    }
}

}  // namespace tallyfs::capture
