// The bytes of the table of open calls: a header and slots of fixed size, shared with the file.
// Format: docs/formats.md, "Open calls".
#pragma once

#include <tallyfs/journal/open_calls.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::journal::layout {

inline constexpr std::array<char, 8> magic{'t', 'l', 'y', 'o', 'p', 'e', 'n', '\n'};
inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t header_bytes = 4096;  // a page, so that slots do not share it
inline constexpr std::size_t slot_bytes = 2048;    // two a page: most calls need 300 bytes

/// Times that can be written into a line: before the year 10000, in microseconds.
inline constexpr std::int64_t time_us_end = 253'402'300'800'000'000;
[[nodiscard]] constexpr bool is_plausible(std::int64_t time_us) noexcept {
    return time_us >= 0 && time_us < time_us_end;
}
/// More than a line can hold is damage (record/fields.hpp, milliseconds_max).
inline constexpr record::duration longest_duration{9'000'000'000'000'000};

/// A killed process leaves its stores in the order in which it made them, so every change is
/// prepared where nobody looks and then put in force with a single store.
struct slot {
    std::atomic<std::uint32_t> in_use;
    /// Where the names in force are: their offset in `names` times 2^32, plus their bytes. They
    /// stand in one half of it; what replaces them is written into the other.
    std::atomic<std::uint64_t> names_in_force;
    call_progress progress;
    /// Newest sign of life of the process that had the call, once a later one has looked for it;
    /// until then 0. Kept when that one could not record the call and left it to the next.
    std::atomic<std::int64_t> ended_us;
    std::array<char, slot_bytes - 64> names;
};
static_assert(sizeof(slot) == slot_bytes);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(std::atomic<phase>::is_always_lock_free);

struct header {
    std::array<char, 8> magic;  ///< written last, when the file is made
    std::uint32_t version;
    std::uint32_t slot_bytes;
    std::atomic<std::uint32_t> places;
    std::atomic<std::uint32_t> places_touched;  ///< no slot from here on was ever in use
    std::atomic<std::int64_t> alive_us;         ///< newest sign of life of this process, wall time
};
static_assert(sizeof(header) <= header_bytes);

struct table {
    layout::header header;

    [[nodiscard]] slot& at(std::uint32_t index) noexcept {
        auto* const bytes = reinterpret_cast<std::byte*>(this) + header_bytes;
        return reinterpret_cast<slot*>(bytes)[index];
    }
};

/// The names of a call as bytes, at most `bytes_max`: what has to be there always fits into 906;
/// of the rest, what no longer fits is left out whole, so that no name is ever a wrong one.
[[nodiscard]] std::string encode_names(const record::call& c, wall_time started,
                                       std::size_t bytes_max);
struct decoded_names {
    record::call so_far;
    wall_time started;
};
/// nullopt for bytes that encode_names() did not write.
[[nodiscard]] std::optional<decoded_names> decode_names(std::string_view bytes);

/// What a slot holds at one moment. Made while nobody changes its names; read at leisure.
class slot_copy {
  public:
    explicit slot_copy(const slot& from);
    /// nullopt if the names are damaged.
    [[nodiscard]] std::optional<open_call> read() const;

  private:
    std::string names_;
    phase now_;
    std::int64_t output_tokens_;
    std::int64_t response_bytes_;
    std::int64_t first_byte_us_;
    std::int64_t first_token_us_;
};

/// Puts names in force that replace those that are (none: a slot that is not in use).
void store_names(slot& into, const record::call& c, wall_time started, bool replace);
/// The names in force; empty if the slot holds nonsense.
[[nodiscard]] std::string_view names_of(const slot& from) noexcept;

}  // namespace tallyfs::journal::layout
