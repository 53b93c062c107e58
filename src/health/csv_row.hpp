// Fields of the lines of our own CSV files: one line a row, because line breaks are left out.
// Format: RFC 4180 as base/text.hpp writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// One row, field by field. What is unknown is an empty field.
class csv_row {
  public:
    csv_row& text(std::string_view value);
    csv_row& number(std::optional<std::int64_t> value);
    /// Two digits behind the point, none where they are zero.
    csv_row& number(std::optional<double> value);
    csv_row& number(std::int64_t value) { return number(std::optional(value)); }
    csv_row& number(double value) { return number(std::optional(value)); }
    /// With its newline.
    [[nodiscard]] std::string end() &&;

  private:
    void begin_field();

    std::string line_;
    bool first_ = true;
};

/// The fields of a line without its newline, quotes taken away; nullopt for broken ones.
[[nodiscard]] std::optional<std::vector<std::string>> csv_fields(std::string_view line);

/// Calls `use` with each line of `file` that has its newline, without it.
template <class Use>
void for_each_line(std::string_view file, Use use) {
    for (auto end = file.find('\n'); end != file.npos; end = file.find('\n')) {
        use(file.substr(0, end));
        file.remove_prefix(end + 1);
    }
}

/// Reads fields one after the other; whatever is wrong shows in ok().
class csv_fields_reader {
  public:
    explicit csv_fields_reader(const std::vector<std::string>& fields) : fields_(fields) {}
    [[nodiscard]] std::string text();
    [[nodiscard]] std::optional<std::int64_t> number();
    [[nodiscard]] std::optional<double> decimal();
    /// All fields were there, were read, and were what they had to be.
    [[nodiscard]] bool ok() const noexcept { return ok_ && at_ == fields_.size(); }

  private:
    const std::vector<std::string>& fields_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace tallyfs::health
