#include "audit/format_reader.hpp"

#include <tallyfs/audit/log_reader.hpp>
#include <tallyfs/audit/pgaudit_record.hpp>

#include <algorithm>
#include <utility>

namespace tallyfs::audit {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
/// Of what is passed over so many bytes are kept: prefixes of text logs are shorter than half.
constexpr std::size_t tail_bytes_max = 4096;

std::unique_ptr<format_reader> make_reader(log_format format, const text_prefix& prefix) {
    switch (format) {
        case log_format::csv:
            return make_csv_reader();
        case log_format::json:
            return make_json_reader();
        case log_format::text:
            break;
    }
    return make_text_reader(prefix);
}

}  // namespace

bool is_forged(const log_entry& entry, bool has_context) noexcept {
    const auto has_line_end = [](std::string_view name) {
        return name.find_first_of("\r\n") != name.npos;
    };
    return has_line_end(entry.user) || has_line_end(entry.database) ||
           (has_context && entry.message.starts_with(pgaudit_begins));
}

struct log_reader::implementation {
    explicit implementation(std::unique_ptr<format_reader> of) : format(std::move(of)) {}

    /// Takes entries off the front; the bytes that are left begin with one that is not whole.
    std::size_t take_entries(std::string_view bytes, bool is_end, const taker& take);
    std::size_t take_one(std::string_view bytes, bool is_end, const taker& take);
    std::size_t skip_front(std::string_view bytes);
    std::size_t pass_rest(std::string_view bytes);
    void keep_tail(std::string_view bytes);
    [[nodiscard]] std::size_t tail_pending() const;
    bool join_files(bool is_end, const taker& take);
    void give(const taker& take);
    void pass_over(std::size_t bytes);
    void work(bool is_end, const taker& take);

    std::unique_ptr<format_reader> format;
    std::string held;                           ///< of an entry that is not whole
    std::size_t next_file = std::string::npos;  ///< where in `held` another file begins
    bool passing = false;                       ///< the rest of a line, or of what was cut
    std::string tail;                           ///< the last of a long entry that is passed over
    bool in_unreadable = false;
    reading_counts counts;
    log_entry entry;
};

void log_reader::implementation::give(const taker& take) {
    ++counts.entries;
    if (entry.forged) ++counts.forged;
    in_unreadable = false;
    take(entry);
}

/// Lines in a row are one piece.
void log_reader::implementation::pass_over(std::size_t bytes) {
    if (!in_unreadable) ++counts.unreadable;
    in_unreadable = true;
    counts.unreadable_bytes += bytes;
}

/// What stands between entries: empty lines, a byte order mark, and the zeros that a file system
/// leaves where the server or the machine crashed.
std::size_t log_reader::implementation::skip_front(std::string_view bytes) {
    if (bytes.starts_with('\n')) return 1;
    if (bytes.starts_with("\r\n")) return 2;
    if (bytes.starts_with(byte_order_mark)) return byte_order_mark.size();
    const auto zeros = std::min(bytes.find_first_not_of('\0'), bytes.size());
    if (zeros > 0) pass_over(zeros);
    return zeros;
}

std::size_t log_reader::implementation::pass_rest(std::string_view bytes) {
    const auto [size, is_over] = format->pass(bytes);
    if (!without_line_end(bytes.substr(0, size)).empty()) pass_over(size);
    passing = !is_over;
    if (!tail.empty()) keep_tail(bytes.substr(0, size));
    if (!passing) tail.clear();
    return size;
}

void log_reader::implementation::keep_tail(std::string_view bytes) {
    tail += bytes.substr(bytes.size() - std::min(bytes.size(), tail_bytes_max));
    if (tail.size() > tail_bytes_max) tail.erase(0, tail.size() - tail_bytes_max);
}

/// A reader that begins within what was passed over takes that for the beginning of a line. It has
/// to be sent back to where nothing begins, whatever a client has written there.
std::size_t log_reader::implementation::tail_pending() const {
    const std::string_view all = tail;
    for (std::size_t at = 0; at < all.size() / 2; ++at) {
        if (!format->begins_entry(all.substr(at))) return all.size() - at;
    }
    return all.size();
}

std::size_t log_reader::implementation::take_one(std::string_view bytes, bool is_end,
                                                 const taker& take) {
    const bool is_longest = bytes.size() >= entry_bytes_max;
    auto step = format->next(bytes.substr(0, entry_bytes_max), is_end && !is_longest, entry);
    const bool too_long = step.what == reading_step::found::more && is_longest;
    if (too_long) step = format->cut(bytes.substr(0, entry_bytes_max), entry);
    if (step.what == reading_step::found::more) return 0;
    if (step.what == reading_step::found::entry) {
        const bool is_cut = entry.cut;
        give(take);
        if (is_cut) pass_over(0);
    } else {
        pass_over(step.bytes);
    }
    passing = step.goes_on || bytes[step.bytes - 1] != '\n';
    if (passing && too_long) keep_tail(bytes.substr(0, step.bytes));
    return step.bytes;
}

std::size_t log_reader::implementation::take_entries(std::string_view bytes, bool is_end,
                                                     const taker& take) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        const auto rest = bytes.substr(at);
        if (passing) {
            at += pass_rest(rest);
            continue;
        }
        if (const auto skipped = skip_front(rest); skipped > 0) {
            format->forget();
            at += skipped;
            continue;
        }
        const auto taken = take_one(rest, is_end, take);
        if (taken == 0) break;
        at += taken;
    }
    return at;
}

/// Whether what is held goes on in the next file is known once that has a line. True: it is known,
/// and what was torn is out.
bool log_reader::implementation::join_files(bool is_end, const taker& take) {
    if (next_file == held.npos) return true;
    const auto first = std::string_view(held).substr(next_file);
    const auto end = first.find('\n');
    if (end == first.npos && !is_end && first.size() < entry_bytes_max) return false;
    auto line = first.substr(0, end);
    if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
    line.remove_prefix(std::min(line.find_first_not_of('\0'), line.size()));
    const auto torn = std::exchange(next_file, held.npos);
    if (!format->begins_entry(line)) return true;
    const auto before = std::string_view(held).substr(0, torn);
    const auto taken = take_entries(before.substr(0, format->whole_bytes(before)), true, take);
    if (torn > taken) pass_over(torn - taken);
    passing = false;
    tail.clear();
    held.erase(0, torn);
    format->forget();
    return true;
}

void log_reader::implementation::work(bool is_end, const taker& take) {
    if (!join_files(is_end, take)) return;
    held.erase(0, take_entries(held, is_end, take));
}

log_reader::log_reader(log_format format, text_prefix prefix)
    : implementation_(std::make_unique<implementation>(make_reader(format, prefix))) {}
log_reader::~log_reader() = default;
log_reader::log_reader(log_reader&&) noexcept = default;
log_reader& log_reader::operator=(log_reader&&) noexcept = default;

void log_reader::feed(std::string_view bytes, const taker& take) {
    auto& own = *implementation_;
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, entry_bytes_max);
        bytes.remove_prefix(piece.size());
        if (own.held.empty() && own.next_file == own.held.npos) {
            // Most entries are taken from where they are.
            own.held = piece.substr(own.take_entries(piece, false, take));
        } else {
            own.held += piece;
            own.work(false, take);
        }
    }
}

void log_reader::next_file(const taker& take) {
    auto& own = *implementation_;
    if (own.next_file != own.held.npos) own.work(true, take);
    // Of what was cut the rest can be there; of anything else only that of a line.
    if (own.tail.empty()) own.passing = false;
    const bool is_torn = own.format->whole_bytes(own.held) < own.held.size();
    if (own.passing || is_torn) own.next_file = own.held.size();
}

void log_reader::finish(const taker& take) {
    implementation_->work(true, take);
}

std::uint64_t log_reader::pending_bytes() const noexcept {
    return implementation_->held.size() + implementation_->tail_pending();
}
const reading_counts& log_reader::counts() const noexcept {
    return implementation_->counts;
}

log_format guess_format(std::string_view beginning, std::string_view file_name) {
    while (beginning.starts_with(byte_order_mark)) beginning.remove_prefix(byte_order_mark.size());
    const auto front = beginning.find_first_not_of(std::string_view("\0\r\n", 3));
    beginning.remove_prefix(std::min(front, beginning.size()));
    for (const auto format : {log_format::json, log_format::csv}) {
        if (make_reader(format, text_prefix("%m [%p] "))->begins_entry(beginning)) return format;
    }
    if (!beginning.empty()) return log_format::text;
    if (file_name.ends_with(".json")) return log_format::json;
    return file_name.ends_with(".csv") ? log_format::csv : log_format::text;
}

}  // namespace tallyfs::audit
