// What a reader of one format of log does for log_reader: says what the bytes before it begin with.
// Formats: docs/audit.md, "What is read".
#pragma once

#include <tallyfs/audit/log_entry.hpp>
#include <tallyfs/audit/log_reader.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace tallyfs::audit {

/// What stands at the front of the bytes, and how many they are.
struct reading_step {
    enum class found : std::uint8_t {
        more,        ///< nothing can be said before there are more
        entry,       ///< a whole one
        unreadable,  ///< a line that is no entry and part of none
    };
    found what = found::more;
    std::size_t bytes = 0;
    bool goes_on = false;  ///< the bytes that follow belong to it, also where a line ends with it
};

/// How many bytes at the front are the rest of something, and whether they end it.
struct passed_bytes {
    std::size_t bytes = 0;
    bool is_over = false;
};

class format_reader {
  public:
    format_reader() = default;
    format_reader(const format_reader&) = delete;
    format_reader& operator=(const format_reader&) = delete;
    virtual ~format_reader() = default;

    /// After `more`, `bytes` begin with the same ones again and there are more of them: what was
    /// looked at is not looked at again. `is_end`: nothing comes behind them. An entry's texts are
    /// valid until the next call, and while `bytes` are.
    virtual reading_step next(std::string_view bytes, bool is_end, log_entry& entry) = 0;
    /// After `more`, of as many bytes as an entry may have: what there is of it, or `unreadable`.
    virtual reading_step cut(std::string_view bytes, log_entry& entry) = 0;
    /// The rest of what the last step took, where that goes on, or ended within a line; in as many
    /// calls as it takes, all of whose bytes but the last one's are taken.
    [[nodiscard]] virtual passed_bytes pass(std::string_view bytes) {
        const auto end = bytes.find('\n');
        return end == bytes.npos ? passed_bytes{bytes.size(), false} : passed_bytes{end + 1, true};
    }
    /// The bytes that next() gets now are others than those it has seen.
    virtual void forget() = 0;
    /// Whether an entry begins with this line, which need not be whole.
    [[nodiscard]] virtual bool begins_entry(std::string_view line) = 0;
    /// How many of bytes for which next() said `more` could be a whole entry, were they the last.
    [[nodiscard]] virtual std::size_t whole_bytes(std::string_view bytes) const = 0;
};

[[nodiscard]] std::unique_ptr<format_reader> make_csv_reader();
[[nodiscard]] std::unique_ptr<format_reader> make_json_reader();
[[nodiscard]] std::unique_ptr<format_reader> make_text_reader(const text_prefix& prefix);

/// A line without the end that makes it one, also CR LF.
[[nodiscard]] constexpr std::string_view without_line_end(std::string_view line) noexcept {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// All of `text` as a number in `into`; false: it is none, or one too large.
template <class Integer>
[[nodiscard]] bool take_number(std::string_view text, Integer& into) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc() && end == text.data() + text.size();
}

/// Names of roles and databases hold no end of a line unless somebody wants them to; and pgAudit
/// gives its records no context, while what a session has its code say always has one.
[[nodiscard]] bool is_forged(const log_entry& entry, bool has_context) noexcept;

}  // namespace tallyfs::audit
