// The calls that are running now, in a file that is shared memory: what was open when the
// process was killed is known at the next start.
// Format: docs/formats.md, "Open calls" (private to one daemon version and machine).
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/journal/stream.hpp>
#include <tallyfs/record/call.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <vector>

namespace tallyfs::journal {

/// Where a call stands. `queued`: sent to Ollama, which is busy with others; `loading`: its model
/// is not loaded; `prefill`: the model reads the prompt; `decoding`: tokens arrive.
enum class phase : std::uint8_t { queued, loading, prefill, decoding };
[[nodiscard]] std::string_view to_string(phase value) noexcept;

/// What changes while a call runs. Written by the proxy thread, read by any.
struct call_progress {
    std::atomic<phase> now{phase::queued};
    std::atomic<std::int64_t> output_tokens{0};
    std::atomic<std::int64_t> response_bytes{0};
    std::atomic<std::int64_t> first_byte_us{-1};   ///< after the start; -1: not yet
    std::atomic<std::int64_t> first_token_us{-1};  ///< after the start; -1: not yet
};

/// A call in the table, as a reader sees it.
struct open_call {
    record::call so_far;  ///< names and request; counts as far as they are known
    wall_time started{};
    phase now = phase::queued;
};

namespace layout {
struct table;  // the file's bytes: src/journal/open_calls_layout.hpp
}

class open_calls {
  public:
    /// One open call: frees its place when it is destroyed. Belongs to one thread.
    class place {
      public:
        place() = default;
        place(place&& other) noexcept;
        place& operator=(place&& other) noexcept;
        ~place();
        [[nodiscard]] explicit operator bool() const noexcept { return table_ != nullptr; }
        /// Replaces the names (the model, say, once the request's body is known).
        void update(const record::call& so_far);
        /// Stays valid until the place is destroyed or moved to; of an empty place, somewhere
        /// that nobody reads.
        [[nodiscard]] call_progress& progress() noexcept;

      private:
        friend class open_calls;
        void release() noexcept;
        open_calls* table_ = nullptr;
        std::uint32_t index_ = 0;
    };

    /// Opens or creates the table at `path` with room for `places_max` calls (more if the file
    /// has more). Throws startup_error. A file of another layout is replaced; then the calls it
    /// held cannot be told. On a full disk the table lives in memory alone: it works, but what is
    /// open when the process is killed is not known afterwards (the log says so).
    open_calls(const std::filesystem::path& path, std::uint32_t places_max);
    ~open_calls();
    open_calls(const open_calls&) = delete;
    open_calls& operator=(const open_calls&) = delete;

    /// Enters a call. Any thread. An empty place when the table is full: the call goes on and is
    /// recorded at its end, but would be missed by a crash.
    [[nodiscard]] place enter(const record::call& so_far, wall_time started);

    /// The calls that this process has open, oldest first. Any thread.
    [[nodiscard]] std::vector<open_call> list() const;
    [[nodiscard]] std::uint32_t count() const noexcept;

    /// Says that the process is alive: called by the live tick once a second, so that recover()
    /// knows until when a call ran. Any thread.
    void beat(wall_time now) noexcept;

    /// At start, before the first enter(): appends an `interrupted` line for each call that the
    /// last process left open and whose id is not among the lines of `calls` that were appended
    /// since it began (it died between append and release), then frees their places. Returns how
    /// many lines were appended. Errors: those of append and of reading the journal; the table is
    /// then left as it was, and the next start tries again.
    ///
    /// The duration of such a call reaches to the newest sign of life: a beat, an entered call, a
    /// first byte or token, the last line of the journal. It is a lower bound, exact to about a
    /// second; the time in its id, not `time` minus `duration_ms`, is when it began.
    result<std::size_t> recover(stream& calls);

  private:
    bool map_file(const std::filesystem::path& path, std::uint32_t places_max);
    void map_memory(std::uint32_t places_max);
    void adopt_places();
    void free_left_open();
    struct left_call;
    [[nodiscard]] std::vector<left_call> read_left_open();

    layout::table* table_ = nullptr;
    std::size_t bytes_ = 0;
    std::uint32_t places_ = 0;
    std::atomic<std::uint32_t> count_{0};
    mutable std::mutex mutex_;  // what follows, and the names in the table; held for a few copies
    std::vector<std::uint32_t> free_;
    std::vector<std::uint32_t> left_open_;  ///< by the last process
    std::vector<bool> entered_;             ///< by this process
};

}  // namespace tallyfs::journal
