#include "dialect/multipart.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::dialect {
namespace {

constexpr std::size_t boundary_bytes_max = 256;    // RFC 2046 allows 70
constexpr std::size_t line_bytes_max = 16 * 1024;  // a part's head, with all its lines

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto begin = std::min(text.find_first_not_of(blanks), text.size());
    text.remove_prefix(begin);
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// The value of the header `name` in a part's head.
std::string_view header_value(std::string_view head, std::string_view name) {
    while (!head.empty()) {
        const auto end = std::min(head.find('\n'), head.size());
        const auto line = head.substr(0, end);
        head.remove_prefix(std::min(end + 1, head.size()));
        const auto colon = line.find(':');
        if (colon != line.npos && equal_ignoring_case(trimmed(line.substr(0, colon)), name))
            return trimmed(line.substr(colon + 1));
    }
    return {};
}

/// Takes a token or a quoted string off the front of `text`.
std::string take_value(std::string_view& text) {
    std::string value;
    if (!text.starts_with('"')) {
        const auto end = std::min(text.find(';'), text.size());
        value = trimmed(text.substr(0, end));
        text.remove_prefix(end);
        return value;
    }
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
        value += text.front();
        text.remove_prefix(1);
    }
    text.remove_prefix(std::min(text.find(';'), text.size()));
    return value;
}

/// Whether the head has the parameter at all: a file can have an empty name.
bool find_parameter(std::string_view value, std::string_view parameter, std::string& found) {
    auto rest = value.substr(std::min(value.find(';'), value.size()));
    while (rest.starts_with(';')) {
        rest.remove_prefix(1);
        const auto equals = rest.find('=');
        if (equals == rest.npos) return false;
        const auto name = trimmed(rest.substr(0, equals));
        rest = trimmed(rest.substr(equals + 1));
        auto text = take_value(rest);
        if (!equal_ignoring_case(name, parameter)) continue;
        found = std::move(text);
        return true;
    }
    return false;
}

}  // namespace

std::string header_parameter(std::string_view value, std::string_view parameter) {
    std::string found;
    find_parameter(value, parameter, found);
    return found;
}

form_reader::form_reader(std::string_view content_type, form_sink& sink) : sink_(sink) {
    const auto boundary = header_parameter(content_type, "boundary");
    const bool is_form = to_lower(content_type).starts_with("multipart/form-data");
    if (!is_form || boundary.empty() || boundary.size() > boundary_bytes_max)
        state_ = state::failed;
    first_delimiter_ = "--" + boundary;
    delimiter_ = "\r\n" + first_delimiter_;
}

void form_reader::feed(std::string_view bytes) {
    if (state_ == state::failed || state_ == state::complete) return;
    buffer_ += bytes;
    while (step()) {
    }
    if (state_ == state::failed || state_ == state::complete) buffer_.clear();
}

bool form_reader::step() {
    switch (state_) {
        case state::preamble:
            return step_preamble();
        case state::head:
            return step_head();
        case state::content:
            return step_content();
        case state::after_delimiter:
            return step_after_delimiter();
        case state::complete:
        case state::failed:
            break;
    }
    return false;
}

bool form_reader::step_preamble() {
    const auto end = buffer_.find('\n');
    if (end == std::string::npos) {
        if (buffer_.size() > line_bytes_max) state_ = state::failed;
        return false;
    }
    const auto line = std::string_view(buffer_).substr(0, end);
    const bool is_delimiter = trimmed(line) == first_delimiter_ && line.starts_with("--");
    // A sender that ends lines with LF alone does so everywhere.
    if (is_delimiter && !line.ends_with('\r')) delimiter_.erase(0, 1);
    if (is_delimiter) state_ = state::head;
    if (trimmed(line) == first_delimiter_ + "--") state_ = state::complete;
    buffer_.erase(0, end + 1);
    return true;
}

bool form_reader::step_head() {
    const auto end = buffer_.find('\n');
    if (head_.size() + std::min(end, buffer_.size()) > line_bytes_max) {
        state_ = state::failed;
        return false;
    }
    if (end == std::string::npos) return false;
    const bool blank = trimmed(std::string_view(buffer_).substr(0, end)).empty();
    if (!blank) head_.append(buffer_, 0, end + 1);
    buffer_.erase(0, end + 1);
    if (!blank) return true;
    begin_part();
    // Content can be empty: its delimiter then needs the line end that was just taken.
    buffer_.insert(0, delimiter_, 0, delimiter_.size() - first_delimiter_.size());
    state_ = state::content;
    return true;
}

void form_reader::begin_part() {
    const auto disposition = header_value(head_, "Content-Disposition");
    std::string name;
    std::string filename;
    find_parameter(disposition, "name", name);
    find_parameter(disposition, "filename", filename);
    sink_.begin_part(name, !filename.empty());
    head_.clear();
    skip_bytes_ = delimiter_.size() - first_delimiter_.size();
}

void form_reader::emit(std::string_view piece) {
    const auto skipped = std::min(skip_bytes_, piece.size());
    skip_bytes_ -= skipped;
    if (piece.size() > skipped) sink_.part_piece(piece.substr(skipped));
}

bool form_reader::step_content() {
    const auto found = buffer_.find(delimiter_);
    // What could be the start of a delimiter stays until it is known.
    const auto kept = delimiter_.size() - 1;
    const auto settled =
        found != std::string::npos ? found : buffer_.size() - std::min(kept, buffer_.size());
    if (settled > 0) {
        emit(std::string_view(buffer_).substr(0, settled));
        buffer_.erase(0, settled);
    }
    if (found == std::string::npos) return false;
    buffer_.erase(0, delimiter_.size());
    state_ = state::after_delimiter;
    return true;
}

bool form_reader::step_after_delimiter() {
    const auto rest = std::string_view(buffer_);
    if (rest.starts_with("--")) {
        sink_.end_part();
        state_ = state::complete;
        return false;
    }
    const auto end = rest.find('\n');
    if (rest == "-") return false;
    if (end != rest.npos && trimmed(rest.substr(0, end)).empty()) {
        sink_.end_part();
        buffer_.erase(0, end + 1);
        state_ = state::head;
        return true;
    }
    if (end == rest.npos && rest.size() < line_bytes_max && trimmed(rest).empty()) return false;
    // Text that only begins like the delimiter is content.
    emit(delimiter_);
    state_ = state::content;
    return true;
}

}  // namespace tallyfs::dialect
