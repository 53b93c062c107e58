#include "mountd/daemon.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/journal/reader.hpp>
#include <tallyfs/journal/state_directory.hpp>
#include <tallyfs/ledger/rollup_files.hpp>

#include <chrono>
#include <iostream>
#include <unistd.h>

namespace tallyfs::mountd {

namespace {

constexpr std::size_t batch_bytes = std::size_t{16} << 20;

void check(const result<void>& done, const char* what) {
    if (!done) throw startup_error(std::string(what) + ": " + done.error().message());
}

class progress_line {
  public:
    explicit progress_line(std::uint64_t bytes_total)
        : bytes_total_(bytes_total), shown_(::isatty(STDERR_FILENO) == 1) {}
    void advance(std::uint64_t bytes) {
        bytes_ += bytes;
        if (shown_ && bytes_total_ > 0) {
            std::cerr << "\rrebuilding: " << bytes_ * 100 / bytes_total_ << " %" << std::flush;
        }
    }
    void finish() const {
        if (shown_) std::cerr << '\n';
    }

  private:
    std::uint64_t bytes_total_;
    std::uint64_t bytes_ = 0;
    bool shown_;
};

}  // namespace

int rebuild_ledger(const options& given) {
    const journal::state_directory state(given.state);
    zone::use(state.day_zone(given.day_zone));
    journal::stream calls(state.path() / "journal" / "calls", system_clock_source());
    ledger::ledger ledger(state.path() / "ledger.sqlite");
    ledger::rollup_files rollups(state.path() / "journal" / "rollups");
    check(ledger.clear(), "cannot clear the ledger");

    const auto started = std::chrono::steady_clock::now();
    progress_line progress(calls.bytes_after({}));
    std::optional<journal::reader> reader;
    for (;;) {
        const auto rolled = apply_next_rollup(ledger, rollups, calls);
        if (!rolled) check(rolled.error(), "cannot write the ledger");
        if (*rolled || !reader) reader.emplace(calls, ledger.checkpoint());
        if (*rolled) continue;
        const auto lines = reader->next(batch_bytes);
        if (!lines) throw startup_error("cannot read the journal: " + lines.error().message());
        if (lines->text.empty()) break;
        check(ledger.apply(*lines), "cannot write the ledger");
        progress.advance(lines->text.size());
    }
    progress.finish();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    const auto count = ledger.stamp_of_all().lines;
    std::cout << "rebuilt the ledger from " << count << " calls in " << took.count() << " s";
    if (const auto days = ledger.rolled_days().size(); days > 0) {
        std::cout << "; " << days << " days from their rollups";
    }
    if (ledger.unreadable_lines() > 0) {
        std::cout << "; " << ledger.unreadable_lines() << " lines could not be read";
    }
    std::cout << '\n';
    for (const auto& problem : rollups.problems()) {
        if (problem.missing) std::cerr << "a day is missing: " << problem.what << '\n';
    }
    return 0;
}

}  // namespace tallyfs::mountd
