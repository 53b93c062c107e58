#include <tallyfs/health/registration_text.hpp>

#include <algorithm>

namespace tallyfs::health {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // spreadsheets write it

/// Records of RFC 4180, lines ending in LF as well.
class csv_reader {
  public:
    using record = std::vector<std::string>;

    explicit csv_reader(std::string_view text) : rest_(text) {
        if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
    }
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    /// The line on which the last record began, from 1.
    [[nodiscard]] std::size_t line() const noexcept { return record_line_; }
    /// False for quotes that are not where they belong: nothing behind them can be read.
    bool next(record& into) {
        into.assign(1, {});
        record_line_ = line_;
        while (!rest_.empty()) {
            if (rest_.front() == '"' && !quoted(into.back())) return false;
            if (!plain(into.back())) return false;
            if (rest_.empty()) return true;
            const char end = rest_.front();
            rest_.remove_prefix(1);
            if (end == '\n') return ++line_, true;
            into.emplace_back();  // behind a comma
        }
        return true;
    }

  private:
    /// Up to a comma or the end of the line, in front of which a CR is dropped. Behind a quoted
    /// field nothing may stand.
    bool plain(std::string& into) {
        const bool behind_quotes = quoted_;
        quoted_ = false;
        const auto end = std::min(rest_.find_first_of(",\n\""), rest_.size());
        auto text = rest_.substr(0, end);
        if (end < rest_.size() && rest_[end] == '"') return false;
        const bool line_ends = end == rest_.size() || rest_[end] == '\n';
        if (line_ends && text.ends_with('\r')) text.remove_suffix(1);
        rest_.remove_prefix(end);
        if (behind_quotes) return text.empty();
        into = text;
        return true;
    }
    bool quoted(std::string& into) {
        rest_.remove_prefix(1);
        for (;;) {
            const auto end = rest_.find('"');
            if (end == std::string_view::npos) return false;
            line_ += static_cast<std::size_t>(std::ranges::count(rest_.substr(0, end), '\n'));
            into += rest_.substr(0, end);
            rest_.remove_prefix(end + 1);
            if (!rest_.starts_with('"')) break;
            into += '"';
            rest_.remove_prefix(1);
        }
        quoted_ = true;
        return true;
    }

    std::string_view rest_;
    std::size_t line_ = 1;
    std::size_t record_line_ = 1;
    bool quoted_ = false;
};

}  // namespace

registration_list parse_registration_csv(std::string_view text) {
    registration_list made;
    const auto fail = [&made](std::size_t line, const std::string& what) {
        made.problems.push_back("line " + std::to_string(line) + ": " + what);
    };
    if (text.size() > registration_csv_bytes_max) {
        made.problems.emplace_back("it is longer than 1 MiB");
        return made;
    }
    csv_reader reader(text);
    csv_reader::record header;
    csv_reader::record values;
    if (!reader.next(header) || header == csv_reader::record{""}) {
        fail(1, "the names of the columns are missing: env,cluster,database,host,port,credential");
        return made;
    }
    if (auto wrong = problem_of_columns(header); !wrong.empty()) {
        fail(1, wrong);
        return made;
    }
    while (!reader.at_end()) {
        if (!reader.next(values)) {
            fail(reader.line(),
                 "quotes that do not stand around a whole field; the rest is not read");
            break;
        }
        if (values == csv_reader::record{""}) continue;
        if (values.size() != header.size()) {
            fail(reader.line(), std::to_string(values.size()) + " fields under " +
                                    std::to_string(header.size()) + " columns");
            continue;
        }
        if (made.entries.size() + made.problems.size() == registrations_max) {
            fail(reader.line(), "more than 5,000 rows; the rest is not read");
            break;
        }
        std::vector<registration_field> fields;
        for (std::size_t at = 0; at < header.size(); ++at)
            fields.push_back({header[at], values[at]});
        auto one = registration_of(fields);
        if (one) {
            made.entries.push_back(std::move(*one));
        } else {
            fail(reader.line(), one.error().sentence);
        }
    }
    return made;
}

}  // namespace tallyfs::health
