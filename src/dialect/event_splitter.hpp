// Splits a stream of server-sent events into names and data, whatever the cuts; no event is
// buffered. Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace tallyfs::dialect {

/// Lines end with LF or CR LF. The handler has on_data(piece) for the data as it comes (its
/// lines joined by LF), and on_event(name) at the blank line.
template <class Handler>
class event_splitter {
  public:
    explicit event_splitter(Handler& handler) : handler_(handler) {}

    /// Forgets an event that did not end.
    void reset() {
        part_ = part::field;
        field_.clear();
        name_.clear();
        at_start_ = has_event_ = has_data_ = false;
    }

    void feed(std::string_view bytes) {
        while (!bytes.empty()) {
            if (part_ == part::field && field_.empty() && bytes.starts_with("data: ")) {
                bytes.remove_prefix(5);
                begin_value(part::data);
            }
            if (part_ == part::field) {
                take_field(bytes);
            } else {
                const auto end = std::min(bytes.find('\n'), bytes.size());
                take_value(bytes.substr(0, end));
                bytes.remove_prefix(end);
                if (!bytes.empty()) end_line(bytes);
            }
        }
    }

    /// At the end of the body: an event without its blank line is taken as it is.
    void finish() {
        if (has_event_) dispatch();
    }

  private:
    enum class part : unsigned char { field, data, name, other };
    // Longer than the fields that are known; the rest of a longer one does not matter.
    static constexpr std::size_t field_bytes_max = 8;
    static constexpr std::size_t name_bytes_max = 64;

    void take_field(std::string_view& bytes) {
        const auto end = std::min(bytes.find_first_of(":\n"), bytes.size());
        field_ += bytes.substr(0, std::min(end, field_bytes_max - field_.size()));
        bytes.remove_prefix(end);
        if (bytes.empty()) return;
        if (bytes.front() == '\n') {
            end_line(bytes);
            return;
        }
        bytes.remove_prefix(1);
        begin_value(field_ == "data" ? part::data : field_ == "event" ? part::name : part::other);
    }

    void begin_value(part which) {
        part_ = which;
        at_start_ = true;
        if (which == part::name) name_.clear();
        if (which == part::other) return;
        has_event_ = true;
        if (which == part::data && has_data_) handler_.on_data("\n");
        if (which == part::data) has_data_ = true;
    }

    void take_value(std::string_view piece) {
        if (piece.empty()) return;
        if (at_start_ && piece.front() == ' ') piece.remove_prefix(1);
        at_start_ = false;
        if (part_ == part::data && !piece.empty()) handler_.on_data(piece);
        if (part_ == part::name)
            name_ += piece.substr(0, name_bytes_max - std::min(name_bytes_max, name_.size()));
    }

    void end_line(std::string_view& bytes) {
        bytes.remove_prefix(1);
        const bool blank = part_ == part::field && (field_.empty() || field_ == "\r");
        if (part_ == part::name && name_.ends_with('\r')) name_.pop_back();
        part_ = part::field;
        field_.clear();
        if (blank && has_event_) dispatch();
    }

    void dispatch() {
        handler_.on_event(name_);
        name_.clear();
        has_event_ = has_data_ = false;
    }

    Handler& handler_;
    part part_ = part::field;
    std::string field_;
    std::string name_;
    bool at_start_ = false;
    bool has_event_ = false;
    bool has_data_ = false;
};

}  // namespace tallyfs::dialect
