// An OpenAI chat stream out of which the usage event is taken: every other byte has to pass.
// Format: docs/ollama.md; server-sent events as in the HTML standard.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/dialect/response.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace tallyfs::fuzz {

namespace {

namespace json = boost::json;

std::string filtered(std::string_view stream, int cutting) {
    dialect::usage_event_filter filter;
    std::string out;
    in_pieces(stream, cutting, [&](std::string_view piece) { filter.feed(piece, out); });
    filter.finish(out);
    return out;
}

/// Takes an event off the front, with the blank line that ends it; all of an unfinished one.
std::string_view take_event(std::string_view& stream) {
    std::size_t at = 0;
    for (;;) {
        const auto end = stream.find('\n', at);
        if (end == stream.npos) break;
        const auto line = stream.substr(at, end - at);
        at = end + 1;
        if (line.find_first_not_of('\r') != line.npos) continue;
        const auto event = stream.substr(0, at);
        stream.remove_prefix(at);
        return event;
    }
    return std::exchange(stream, {});
}

bool ends_with_blank_line(std::string_view event) {
    if (!event.ends_with('\n')) return false;
    event.remove_suffix(1);
    while (event.ends_with('\r')) event.remove_suffix(1);
    return event.empty() || event.ends_with('\n');
}

std::string data_of(std::string_view event) {
    std::string data;
    while (!event.empty()) {
        const auto line = take_until(event, '\n');
        if (line.starts_with("data:")) data.append(line.substr(5)).append("\n");
    }
    return data;
}

/// The event that `include_usage` adds: a chunk without choices, with usage.
bool is_usage(std::string_view event) {
    error_code error;
    const auto document = json::parse(data_of(event), error);
    if (error || !document.is_object()) return false;
    const auto& chunk = document.get_object();
    const auto* const choices = chunk.if_contains("choices");
    const auto* const usage = chunk.if_contains("usage");
    const auto* const object = chunk.if_contains("object");
    return choices != nullptr && choices->is_array() && choices->get_array().empty() &&
           usage != nullptr && usage->is_object() && object != nullptr &&
           *object == json::value("chat.completion.chunk");
}

}  // namespace

void usage_events(std::string_view input) {
    const auto out = filtered(input, 0);
    for (int cutting = 1; cutting < cuttings; ++cutting)
        require(filtered(input, cutting) == out, "cuts do not change what passes");
    std::string_view left = out;
    while (!input.empty()) {
        const auto event = take_event(input);
        if (ends_with_blank_line(event) && is_usage(event)) continue;
        require(left.starts_with(event), "every other event passes as it is");
        left.remove_prefix(event.size());
    }
    require(left.empty(), "nothing is added");
}

}  // namespace tallyfs::fuzz
