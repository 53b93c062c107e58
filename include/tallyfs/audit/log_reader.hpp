// Takes a server's log apart into entries, from pieces of any size. No I/O.
// Formats: docs/audit.md, "What is read".
#pragma once

#include <tallyfs/audit/log_entry.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tallyfs::audit {

/// A log_line_prefix, as PostgreSQL expands it.
class text_prefix {
  public:
    /// `format` as the server has it: "%m [%p] %q%u@%d ". Throws std::invalid_argument with a
    /// sentence where entries could not be told apart: it needs %m, %t or %n, and %p or %c.
    explicit text_prefix(std::string format);
    [[nodiscard]] const std::string& format() const noexcept { return format_; }
    /// Whether nothing in it comes from a client before or without a log-in (%u, %d).
    [[nodiscard]] bool is_guarded() const noexcept;

  private:
    std::string format_;
};

/// What was read, since the start of the reader.
struct reading_counts {
    std::uint64_t entries = 0;
    std::uint64_t forged = 0;
    /// Pieces that are no entry: torn by a crash of the server, too long, or of another format.
    std::uint64_t unreadable = 0;
    std::uint64_t unreadable_bytes = 0;
};

/// Not thread-safe. Its memory is bounded: an entry is at most entry_bytes_max, what is longer is
/// cut there, its rest passed over, and it counts as unreadable.
class log_reader {
  public:
    static constexpr std::size_t entry_bytes_max = std::size_t{1} << 20;
    using taker = std::function<void(const log_entry&)>;

    /// `zone` of times without an offset is that which they name (UTC, GMT, CET, …) or, where that
    /// cannot be resolved, UTC. `prefix` is of log_format::text only.
    explicit log_reader(log_format format, text_prefix prefix = text_prefix("%m [%p] "));
    ~log_reader();
    log_reader(log_reader&&) noexcept;
    log_reader& operator=(log_reader&&) noexcept;

    /// `take` gets every entry that is whole now, in order. A text entry is whole once the next
    /// one begins.
    void feed(std::string_view bytes, const taker& take);
    /// The next bytes are of another file: what is unfinished goes on there, or was torn, as its
    /// first line shows.
    void next_file(const taker& take);
    /// Nothing came for a while, or nothing will: what could be whole is. A text entry that goes
    /// on later nevertheless is counted as unreadable from there.
    void finish(const taker& take);
    /// How many bytes, of those that were fed last, are of an entry that is not whole yet: reading
    /// goes on there after a restart. While the rest of a long entry is passed over: some of it, up
    /// to a place where nothing looks like an entry's beginning, because the entry was given.
    [[nodiscard]] std::uint64_t pending_bytes() const noexcept;
    [[nodiscard]] const reading_counts& counts() const noexcept;

  private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

/// The format of a log by its first bytes, a line or more; text if nothing says otherwise.
[[nodiscard]] log_format guess_format(std::string_view beginning, std::string_view file_name);

}  // namespace tallyfs::audit
