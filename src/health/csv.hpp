// Lines of a CSV: each value as its type is written, a missing one as nothing.
// Format: RFC 4180 with LF; numbers and times as docs/formats.md, "The tree".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/text.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::health {

class csv {
  public:
    explicit csv(std::string_view header) : text_(header) { text_ += '\n'; }

    template <class... Values>
    void row(const Values&... values) {
        bool first = true;
        const auto next = [&](const auto& value) {
            if (!first) text_ += ',';
            first = false;
            add(value);
        };
        (next(values), ...);
        text_ += '\n';
    }
    [[nodiscard]] std::string text() && { return std::move(text_); }

  private:
    void add(std::string_view value) { append_csv_field(text_, value); }
    void add(const std::string& value) { append_csv_field(text_, value); }
    void add(const char* value) { append_csv_field(text_, value); }
    void add(bool value) { text_ += value ? "yes" : "no"; }
    void add(double value);  ///< 15 digits, which is all of a count, without needless ones
    void add(wall_time value) { text_ += to_rfc3339(value); }
    void add(std::integral auto value) { text_ += std::to_string(value); }
    template <class Value>
    void add(const std::optional<Value>& value) {
        if (value) add(*value);
    }

    std::string text_;
};

}  // namespace tallyfs::health
