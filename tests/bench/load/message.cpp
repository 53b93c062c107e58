#include "message.hpp"

#include <charconv>
#include <stdexcept>
#include <strings.h>

namespace tallyfs::bench {

namespace {

constexpr std::size_t head_bytes_max = 65536;

bool begins_with(std::string_view line, std::string_view name) {
    return line.size() >= name.size() && ::strncasecmp(line.data(), name.data(), name.size()) == 0;
}

std::uint64_t number(std::string_view text, int base) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (read.ec != std::errc()) throw std::runtime_error("not a number: " + std::string(text));
    return value;
}

}  // namespace

void message_reader::begin() {
    state_ = state::head;
    head_.clear();
    line_.clear();
}

bool message_reader::take_head(std::string_view& bytes) {
    const auto had = head_.size();
    head_ += bytes;
    const auto end = head_.find("\r\n\r\n", had < 3 ? 0 : had - 3);
    if (end == std::string::npos) {
        if (head_.size() > head_bytes_max) throw std::runtime_error("a head without an end");
        bytes = {};
        return false;
    }
    bytes.remove_prefix(end + 4 - had);
    head_.resize(end + 4);
    read_head();
    return true;
}

void message_reader::read_head() {
    state_ = state::done;
    left_ = 0;
    std::string_view rest = head_;
    while (rest.size() > 2) {
        rest.remove_prefix(rest.find('\n') + 1);
        if (rest.empty() || (rest[0] | 0x20) < 'c' || (rest[0] | 0x20) > 't') continue;
        const auto line = rest.substr(0, rest.find('\r'));
        if (begins_with(line, "content-length:")) {
            left_ = number(line.substr(15), 10);
            if (left_ > 0) state_ = state::sized;
        } else if (begins_with(line, "transfer-encoding:")) {
            state_ = state::chunk_size;
        }
    }
}

// Lines between chunks. A line may come in two parts.
void message_reader::take_line(std::string_view& bytes) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) {
        line_ += bytes;
        bytes = {};
        return;
    }
    line_ += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (!line_.ends_with('\r')) throw std::runtime_error("a line without CR");
    line_.pop_back();
    if (state_ == state::chunk_end) {
        if (!line_.empty()) throw std::runtime_error("a chunk is longer than it says");
        state_ = state::chunk_size;
    } else if (state_ == state::chunk_size) {
        left_ = number(line_, 16);
        state_ = left_ > 0 ? state::chunk : state::trailer;
    } else if (line_.empty()) {
        state_ = state::done;
    }
    line_.clear();
}

}  // namespace tallyfs::bench
