#include <tallyfs/dialect/transcript.hpp>

#include <boost/json/stream_parser.hpp>

#include <array>

namespace tallyfs::dialect {

namespace {

namespace json = boost::json;

constexpr std::size_t depth_max = 200;
constexpr std::array<std::string_view, 5> kinds{"text", "thinking", "tool_call", "tool_result",
                                                "other"};

std::string heading(const utterance& one) {
    const auto of = one.name.empty() ? std::string("a tool") : one.name;
    switch (one.kind) {
        case speech::thinking:
            return "[" + one.role + ", thinking]\n";
        case speech::tool_call:
            return "[" + one.role + " calls " + of + "]\n";
        case speech::tool_result:
            return "[" + one.role + ", result of " + of + "]\n";
        default:
            return "[" + one.role + "]\n";
    }
}

/// A terminal obeys control characters: none of them comes out of a model.
void append_shown(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n' || c == '\t' || (byte >= 0x20 && byte != 0x7f)) {
            out += c;
        } else if (c != '\r') {
            out += '?';
        }
    }
    if (!out.ends_with('\n')) out += '\n';
}

std::string text_of(const json::object& object, const char* name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) return {};
    return {value->get_string().data(), value->get_string().size()};
}

}  // namespace

std::optional<json::value> parse_document(std::string_view text) {
    json::parse_options options;
    options.max_depth = depth_max;
    json::stream_parser parser({}, options);
    json::error_code failure;
    parser.write_some(text.data(), text.size(), failure);
    if (!failure && !parser.done()) parser.finish(failure);
    if (failure) return std::nullopt;
    return parser.release();
}

std::string to_text(const transcript& said) {
    std::string out;
    for (const auto& one : said) {
        if (!out.empty()) out += '\n';
        std::string shown;
        append_shown(shown, heading(one));
        append_shown(shown, one.text);
        out += shown;
    }
    return out;
}

json::array to_json(const transcript& said) {
    json::array out;
    for (const auto& one : said) {
        json::object object{{"role", one.role}};
        object["kind"] = kinds[static_cast<std::size_t>(one.kind)];
        if (!one.name.empty()) object["name"] = one.name;
        object["text"] = one.text;
        out.push_back(std::move(object));
    }
    return out;
}

transcript from_json(const json::value& said) {
    transcript out;
    const auto* list = said.if_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const auto* object = (*list)[i].if_object();
        if (object == nullptr) continue;
        const auto* place = std::ranges::find(kinds, text_of(*object, "kind"));
        if (place == kinds.end()) continue;
        out.push_back({text_of(*object, "role"), static_cast<speech>(place - kinds.begin()),
                       text_of(*object, "name"), text_of(*object, "text")});
    }
    return out;
}

}  // namespace tallyfs::dialect
