#include <tallyfs/dialect/response.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace tallyfs::dialect {
namespace {

constexpr std::size_t pending_bytes_max = 1024 * 1024;  // a usage event has about 250

/// The data of an event: its `data:` lines, joined.
std::string data_of(std::string_view event) {
    std::string data;
    while (!event.empty()) {
        const auto end = std::min(event.find('\n'), event.size());
        auto line = event.substr(0, end);
        event.remove_prefix(std::min(end + 1, event.size()));
        if (!line.starts_with("data:")) continue;
        data += line.substr(5);
        data += '\n';
    }
    return data;
}

bool is_usage_event(std::string_view event) {
    // Parsing is for the few events that can be it.
    if (event.find("\"usage\"") == event.npos) return false;
    boost::system::error_code error;
    const auto document = boost::json::parse(data_of(event), error);
    if (error || !document.is_object()) return false;
    const auto& chunk = document.get_object();
    const auto* const object = chunk.if_contains("object");
    const auto* const choices = chunk.if_contains("choices");
    const auto* const usage = chunk.if_contains("usage");
    return object != nullptr && object->is_string() &&
           object->get_string() == "chat.completion.chunk" && choices != nullptr &&
           choices->is_array() && choices->get_array().empty() && usage != nullptr &&
           usage->is_object();
}

}  // namespace

void usage_event_filter::feed(std::string_view bytes, std::string& out) {
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        const bool whole_line = end != bytes.npos;
        const auto piece = bytes.substr(0, whole_line ? end + 1 : end);
        bytes.remove_prefix(piece.size());
        line_is_blank_ = line_is_blank_ && piece.find_first_not_of("\r\n") == piece.npos;
        pending_ += piece;
        const bool event_ends = whole_line && line_is_blank_;
        if (whole_line) line_is_blank_ = true;
        if (pending_.size() > pending_bytes_max) oversized_ = true;
        if (event_ends && (oversized_ || !is_usage_event(pending_)))
            out += pending_;
        else if (!event_ends && oversized_)
            out += pending_;
        else if (!event_ends)
            continue;
        pending_.clear();
        if (event_ends) oversized_ = false;
    }
}

void usage_event_filter::finish(std::string& out) {
    out += pending_;
    pending_.clear();
}

}  // namespace tallyfs::dialect
