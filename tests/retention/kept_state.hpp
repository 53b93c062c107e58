// A state directory with calls of some days, opened, swept, killed and opened again as often as a
// test wants; and what its sums are without any of that.
// Order of steps: docs/architecture.md, "Retention".
#pragma once

#include "ledger/faulty_disk.hpp"
#include "ledger/lines.hpp"

#include <tallyfs/journal/reader.hpp>
#include <tallyfs/retention/sweeper.hpp>

#include <support/catch.hpp>
#include <support/manual_clock.hpp>
#include <support/temporary_directory.hpp>

#include <cerrno>
#include <fstream>
#include <memory>
#include <sstream>

namespace tallyfs::test {

/// Counts the steps of a sweep; one of them fails, or the process is killed before it.
class step_disk final : public journal::file_operations {
  public:
    struct killed {};
    int steps = 0;
    int fatal_step = -1;    ///< killed before it
    int failing_step = -1;  ///< it fails

    /// False if this step fails.
    bool step() {
        const int now = steps++;
        if (now == fatal_step) throw killed{};
        errno = EIO;
        return now != failing_step;
    }
    ::ssize_t write(int fd, const void* data, std::size_t bytes) override {
        // In pieces, so that one is cut off in the middle.
        return step() ? file_operations::write(fd, data, std::min<std::size_t>(bytes, 5'000)) : -1;
    }
    int fdatasync(int fd) override { return step() ? file_operations::fdatasync(fd) : -1; }
    int rename(const char* from, const char* to) override {
        return step() ? file_operations::rename(from, to) : -1;
    }
    int unlink(const char* path) override { return step() ? file_operations::unlink(path) : -1; }
};

/// The lines of a description that no deletion may change: all but those that point to calls.
inline std::string sums_in(const std::string& description) {
    std::istringstream lines(description);
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
        const bool points = line.starts_with("cold ") || line.starts_with("swap ") ||
                            line.starts_with("duplicate ") || line.starts_with("checkpoint ");
        if (!points) kept += line + "\n";
    }
    return kept;
}

/// One run of a daemon over a state directory.
struct state_run {
    explicit state_run(const std::filesystem::path& home, const clock_source& clock,
                       int days_kept = 2)
        : calls(home / "calls", clock, &disk),
          rollups(home / "rollups", &disk),
          ledger(home / "ledger.sqlite"),
          sweeper(calls, rollups, clock) {
        reset = ledger.reconcile(calls.segments()).value();
        if (reset.empty()) reset = reconcile(ledger, rollups, calls).value();
        catch_up();
        sweeper.connect({[this](const auto& work) {
                             if (!disk.step()) return false;
                             catch_up();
                             work(ledger);
                             return true;
                         },
                         [this](const std::string& event, const std::string& subject,
                                const std::string& detail) {
                             if (!disk.step() || !records) return false;
                             recorded.push_back(event + " " + subject + " " + detail);
                             return true;
                         },
                         [] {}});
        const auto text = std::to_string(days_kept);
        sweeper.definitions().front().apply("", &text);
    }

    void catch_up() {
        std::optional<journal::reader> reader;
        for (;;) {
            const auto rolled = apply_next_rollup(ledger, rollups, calls);
            REQUIRE(rolled);
            if (*rolled || !reader) reader.emplace(calls, ledger.checkpoint());
            if (*rolled) continue;
            const auto lines = reader->next();
            REQUIRE(lines);
            if (lines->text.empty()) return;
            REQUIRE(ledger.apply(*lines));
        }
    }
    [[nodiscard]] std::vector<std::string> segments() const {
        std::vector<std::string> names;
        for (const auto& segment : calls.segments()) names.push_back(segment.id.file_name());
        return names;
    }

    step_disk disk;
    std::string reset;
    journal::stream calls;
    ledger::rollup_files rollups;
    ledger::ledger ledger;
    retention::sweeper sweeper;
    std::vector<std::string> recorded;
    bool records = true;  ///< whether the actions can be written
};

struct kept_state {
    /// Days from 2026-11-20 on; today is the one behind the last of them.
    explicit kept_state(int days = 5, int calls = 60, unsigned seed = 7) {
        zone::use("UTC");
        random_calls random(seed);
        lines = random.make_journal(days, calls);
        std::filesystem::create_directories(home() / "calls");
        lines.write_files(home() / "calls");
        clock.step_to(date_of("2026-11-20").date() + std::chrono::days(days) +
                      std::chrono::hours(12));
        ledger::ledger whole(directory.path() / "whole.sqlite");
        lines.apply_rest(whole, 10'000);
        sums = sums_in(describe(whole));
    }
    [[nodiscard]] std::filesystem::path home() const { return directory.path() / "state"; }
    void remove_ledger() const {
        for (const auto* name : {"ledger.sqlite", "ledger.sqlite-wal"}) {
            std::filesystem::remove(home() / name);
        }
    }
    [[nodiscard]] std::unique_ptr<state_run> open(int days_kept = 2) const {
        return std::make_unique<state_run>(home(), clock, days_kept);
    }

    faulty_disk quick;  // only because it does not wait for syncs
    temporary_directory directory;
    manual_clock clock{wall_time{}};
    line_journal lines;
    std::string sums;  ///< of a ledger that read all lines in one go
};

}  // namespace tallyfs::test
