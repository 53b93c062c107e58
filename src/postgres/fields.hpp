// A row of an answer, read column by column in the order of its query.
// Formats: PostgreSQL's text output, and times as whole microseconds (queries.hpp).
#pragma once

#include "postgres/connection.hpp"

#include <tallyfs/health/sample.hpp>

#include <charconv>

namespace tallyfs::postgres {

/// What is NULL, missing or no number reads as nothing: "", 0, nullopt.
class fields {
  public:
    explicit fields(const connection::row& row) : row_(row) {}

    [[nodiscard]] std::string text() { return next().value_or(""); }
    [[nodiscard]] bool flag() { return next() == "t"; }
    template <class Number>
    [[nodiscard]] std::optional<Number> number_if() {
        const auto& cell = next();
        if (!cell) return std::nullopt;
        Number value{};
        const auto* const end = cell->data() + cell->size();
        if (std::from_chars(cell->data(), end, value).ec != std::errc()) return std::nullopt;
        return value;
    }
    template <class Number = std::int64_t>
    [[nodiscard]] Number number() {
        return number_if<Number>().value_or(Number{});
    }
    [[nodiscard]] health::count count() { return number_if<std::int64_t>(); }
    [[nodiscard]] health::moment moment() {
        const auto since_1970 = count();
        if (!since_1970) return std::nullopt;
        return wall_time(std::chrono::microseconds(*since_1970));
    }
    /// Of a column with one element a line, as array_to_string(…, E'\n') gives it.
    [[nodiscard]] std::vector<std::string> list() {
        std::vector<std::string> all;
        std::string rest = text();
        while (!rest.empty()) {
            const auto end = rest.find('\n');
            all.push_back(rest.substr(0, end));
            rest.erase(0, end == std::string::npos ? end : end + 1);
        }
        return all;
    }

  private:
    const std::optional<std::string>& next() {
        static const std::optional<std::string> none;
        return at_ < row_.size() ? row_[at_++] : none;
    }

    const connection::row& row_;
    std::size_t at_ = 0;
};

}  // namespace tallyfs::postgres
