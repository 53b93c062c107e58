#include "dialect/multipart.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::dialect {
namespace {

constexpr std::size_t boundary_bytes_max = 256;    // RFC 2046 allows 70
constexpr std::size_t line_bytes_max = 16 * 1024;  // a part's head, with all its lines
// Taken at once of what comes at once: a body of 100 MiB is not copied whole.
constexpr std::size_t piece_bytes_max = 64 * 1024;
constexpr std::string_view blanks = " \t\r\n";

bool is_blank(std::string_view text) {
    return text.find_first_not_of(blanks) == text.npos;
}

std::string_view trimmed(std::string_view text) {
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

/// What is done with moves an offset and is erased once a piece: however many lines and parts a
/// body has, the time is that of its bytes.
void form_reader::feed(std::string_view bytes) {
    while (!bytes.empty() && state_ != state::failed && state_ != state::complete) {
        const auto piece = bytes.substr(0, piece_bytes_max);
        bytes.remove_prefix(piece.size());
        buffer_ += piece;
        while (step()) {
        }
        buffer_.erase(0, done_);
        done_ = 0;
    }
    if (state_ == state::failed || state_ == state::complete) buffer_.clear();
}

void form_reader::take(std::size_t count) noexcept {
    done_ += count;
    searched_ = 0;
}

/// Where the first line of the rest ends; npos if its end is not here yet.
std::size_t form_reader::find_line_end() noexcept {
    const auto end = rest().find('\n', searched_);
    searched_ = std::min(end, rest().size());
    return end;
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
    const auto end = find_line_end();
    if (end == std::string::npos) {
        if (rest().size() > line_bytes_max) state_ = state::failed;
        return false;
    }
    const auto line = rest().substr(0, end);
    if (line.starts_with(first_delimiter_)) {
        const auto behind = line.substr(first_delimiter_.size());
        if (is_blank(behind)) {
            // A sender that ends lines with LF alone does so everywhere.
            if (!line.ends_with('\r')) delimiter_.erase(0, 1);
            state_ = state::head;
        } else if (behind.starts_with("--") && is_blank(behind.substr(2))) {
            state_ = state::complete;
        }
    }
    take(end + 1);
    return true;
}

bool form_reader::step_head() {
    const auto end = find_line_end();
    if (head_.size() + std::min(end, rest().size()) > line_bytes_max) {
        state_ = state::failed;
        return false;
    }
    if (end == std::string::npos) return false;
    const auto line = rest().substr(0, end + 1);
    const bool blank = is_blank(line);
    if (!blank) head_.append(line);
    take(end + 1);
    if (!blank) return true;
    begin_part();
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
    used_line_end_ = delimiter_.size() - first_delimiter_.size();
}

bool form_reader::step_content() {
    // Content can be empty: its delimiter then has the line end that the head has already used.
    if (used_line_end_ > 0) {
        if (rest().size() < first_delimiter_.size() && first_delimiter_.starts_with(rest()))
            return false;
        if (rest().starts_with(first_delimiter_)) {
            take(first_delimiter_.size());
            state_ = state::after_delimiter;
            return true;
        }
        used_line_end_ = 0;
    }
    const auto found = rest().find(delimiter_);
    // What could be the start of a delimiter stays until it is known.
    const auto kept = std::min(delimiter_.size() - 1, rest().size());
    const auto settled = std::min(found, rest().size() - kept);
    if (settled > 0) sink_.part_piece(rest().substr(0, settled));
    take(settled);
    if (found == std::string::npos) return false;
    take(delimiter_.size());
    state_ = state::after_delimiter;
    return true;
}

bool form_reader::step_after_delimiter() {
    if (rest().starts_with("--")) {
        sink_.end_part();
        state_ = state::complete;
        return false;
    }
    if (rest() == "-") return false;
    const auto known = searched_;  // to be blank
    const auto end = find_line_end();
    const bool blank = is_blank(rest().substr(known, searched_ - known));
    if (blank && end != std::string::npos) {
        sink_.end_part();
        take(end + 1);
        state_ = state::head;
        return true;
    }
    if (blank && rest().size() < line_bytes_max) return false;
    // Text that only begins like the delimiter is content.
    sink_.part_piece(std::string_view(delimiter_).substr(used_line_end_));
    used_line_end_ = 0;
    state_ = state::content;
    return true;
}

}  // namespace tallyfs::dialect
