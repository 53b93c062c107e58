// The audit stream and its index: events go in here and are found here.
// Formats: docs/formats.md, "An audit event's line" and "Audit index".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/journal/chain.hpp>
#include <tallyfs/journal/stream.hpp>
#include <tallyfs/ledger/audit_index.hpp>
#include <tallyfs/record/audit_event.hpp>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace tallyfs::trail {

/// Any thread.
class store {
  public:
    /// `bases`: where days were deleted on purpose, as the actions tell. Throws startup_error.
    store(const std::filesystem::path& state_directory, const clock_source& clock,
          std::vector<journal::chain_head> bases);

    /// Appends events in their order and fills in their number and time; they are not synced yet.
    /// Returns how many there are in the stream now: fewer than all when the disk refuses, and
    /// then the rest can be tried again.
    std::size_t append(std::span<record::audit_event> events);
    /// Behind the last line.
    struct line_end {
        journal::position at;
        std::uint64_t number = 0;  ///< of that line
    };
    [[nodiscard]] line_end end() const;
    /// What was appended survives a power cut when this returns without an error.
    result<void> sync();
    /// Once a second, on one thread: lets the index catch up with the stream, a piece at a time.
    void tick(const std::function<bool()>& stopping);
    /// Whether all that is in the stream can be found: no error of the index has come between.
    [[nodiscard]] bool can_find() const noexcept {
        return !index_behind_ && index_.resets() == resets_known_;
    }
    /// Grows with what find() can answer: lines that are indexed, days that are deleted.
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }
    /// Grows when a day is deleted.
    [[nodiscard]] std::uint64_t deletions() const noexcept { return deletions_; }
    /// After a day was deleted: what was found of it is not found any more.
    void note_deletion() noexcept {
        ++deletions_;
        ++changes_;
    }
    /// Waits until that is so; false if `stopping`, which is asked ten times a second, says so
    /// before.
    [[nodiscard]] bool await_index(const std::function<bool()>& stopping);

    /// As ledger::audit_index::find(); resource_unavailable_try_again while the index is behind.
    [[nodiscard]] result<ledger::audit_found> find(
        const ledger::audit_query& query,
        const std::function<void(std::string_view line, const record::audit_event&)>& show) const;

    [[nodiscard]] journal::chain_head head() const { return chain_.head(); }
    [[nodiscard]] const journal::chain_report& found() const noexcept { return chain_.found(); }
    [[nodiscard]] journal::stream& lines() noexcept { return lines_; }
    [[nodiscard]] const journal::stream& lines() const noexcept { return lines_; }
    [[nodiscard]] ledger::audit_index& index() noexcept { return index_; }

  private:
    void index(std::span<const record::audit_event> events,
               const std::vector<journal::batch_line>& places);
    /// True while there is more.
    [[nodiscard]] bool catch_up_locked();
    void append_failed(const error_code& why);
    void index_failed(const error_code& why);

    journal::stream lines_;
    journal::chain chain_;
    ledger::audit_index index_;
    /// Not every line of the stream is in it. Changes under the mutex; a reader needs none.
    std::atomic<bool> index_behind_ = true;
    /// How often the index had been begun anew when its reading began. A reader that meets damage
    /// begins it anew as well, and what it then has of the stream is not from its beginning.
    std::atomic<std::uint64_t> resets_known_;
    std::atomic<std::uint64_t> changes_ = 0;
    std::atomic<std::uint64_t> deletions_ = 0;
    mutable std::mutex mutex_;  ///< one appender at a time; guards what follows
    std::condition_variable caught_up_;
    error_code index_failure_;  ///< why it does not follow; that was said
    error_code append_failure_;
};

}  // namespace tallyfs::trail
