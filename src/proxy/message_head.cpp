#include "proxy/message_head.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::proxy {

void message_head::clear() noexcept {
    text_.clear();
    fields_.clear();
    method_ = target_ = {};
    verb_ = http::verb::unknown;
    status_ = 0;
    version_ = 11;
}

void message_head::shrink(std::size_t kept_bytes_max) {
    if (text_.capacity() + fields_.capacity() * sizeof(entry) <= kept_bytes_max) return;
    clear();
    std::string().swap(text_);
    std::vector<entry>().swap(fields_);
}

message_head::part message_head::keep(std::string_view bytes) {
    const part kept{static_cast<std::uint32_t>(text_.size()),
                    static_cast<std::uint32_t>(bytes.size())};
    text_.append(bytes);
    return kept;
}

void message_head::set_request_line(http::verb verb, std::string_view method,
                                    std::string_view target, int version) {
    verb_ = verb;
    method_ = keep(method);
    target_ = keep(target);
    version_ = version;
}

void message_head::set_status_line(int status, std::string_view reason, int version) {
    status_ = status;
    method_ = keep(reason);
    version_ = version;
}

void message_head::add(http::field id, std::string_view name, std::string_view value) {
    const auto kept_name = keep(name);
    text_ += ':';  // no name has one, and no value a line's end: fields_text() is unambiguous
    fields_.push_back({id, kept_name, keep(value)});
    text_ += '\n';
}

message_head::field message_head::at(std::size_t index) const noexcept {
    const auto& e = fields_[index];
    return {e.id, text(e.name), text(e.value)};
}

std::string_view message_head::find(http::field id) const noexcept {
    for (const auto& e : fields_) {
        if (e.id == id) return text(e.value);
    }
    return {};
}

std::string_view message_head::find(std::string_view name) const noexcept {
    for (const auto& e : fields_) {
        if (equal_ignoring_case(text(e.name), name)) return text(e.value);
    }
    return {};
}

std::size_t message_head::count(http::field id) const noexcept {
    return static_cast<std::size_t>(
        std::count_if(fields_.begin(), fields_.end(), [id](const entry& e) { return e.id == id; }));
}

bool has_control_byte(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
}

}  // namespace tallyfs::proxy
