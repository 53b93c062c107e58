#include "health/csv_row.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace tallyfs::health {

namespace {

template <class Number>
std::optional<Number> parse(std::string_view text) {
    Number value{};
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return value;
}

}  // namespace

void csv_row::begin_field() {
    if (!first_) line_ += ',';
    first_ = false;
}

csv_row& csv_row::text(std::string_view value) {
    begin_field();
    std::string one_line(value);
    std::ranges::replace_if(
        one_line, [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
    append_csv_field(line_, one_line);
    return *this;
}

csv_row& csv_row::number(std::optional<std::int64_t> value) {
    begin_field();
    if (value) line_ += std::to_string(*value);
    return *this;
}

csv_row& csv_row::number(std::optional<double> value) {
    begin_field();
    if (!value || !(std::abs(*value) < 1e15)) return *this;  // a figure that is none
    std::array<char, 64> buffer{};
    const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), *value,
                                       std::chars_format::fixed, 2);
    std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
    while (text.ends_with('0')) text.remove_suffix(1);
    if (text.ends_with('.')) text.remove_suffix(1);
    line_ += text;
    return *this;
}

std::string csv_row::end() && {
    line_ += '\n';
    return std::move(line_);
}

std::optional<std::vector<std::string>> csv_fields(std::string_view line) {
    std::vector<std::string> fields(1);
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (line[at] == ',') {
            fields.emplace_back();
        } else if (line[at] != '"') {
            fields.back() += line[at];
        } else {
            if (at > 0 && line[at - 1] != ',') return std::nullopt;
            for (++at;; ++at) {
                if (at >= line.size()) return std::nullopt;  // it was torn within the quotes
                if (line[at] == '"' && (++at >= line.size() || line[at] != '"')) break;
                fields.back() += line[at];
            }
            --at;  // the loop goes on behind the closing quote
        }
    }
    return fields;
}

std::string csv_fields_reader::text() {
    if (at_ >= fields_.size()) {
        ok_ = false;
        return {};
    }
    return fields_[at_++];
}

std::optional<std::int64_t> csv_fields_reader::number() {
    const auto field = text();
    if (field.empty()) return std::nullopt;
    const auto value = parse<std::int64_t>(field);
    ok_ = ok_ && value.has_value();
    return value;
}

std::optional<double> csv_fields_reader::decimal() {
    const auto field = text();
    if (field.empty()) return std::nullopt;
    const auto value = parse<double>(field);
    ok_ = ok_ && value.has_value();
    return value;
}

}  // namespace tallyfs::health
