// Lines for the ledger's tests: a journal in memory, random calls, and everything that a ledger
// shows as one text, to compare two of them.
// Format of lines: docs/formats.md, "A call's line".
#pragma once

#include <tallyfs/ledger/ledger.hpp>

#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace tallyfs::test {

inline day date_of(const char* text) {
    return day::parse(text).value();
}

/// The segments of a `calls` stream.
class line_journal {
  public:
    /// Returns where the line begins.
    journal::position append(journal::segment_id segment, const record::call& c);
    void append_text(journal::segment_id segment, std::string_view text);
    /// Applies what follows the ledger's checkpoint in batches of at least `batch_bytes`, to the
    /// end or until `batches_max` have been applied.
    void apply_rest(ledger::ledger& to, std::size_t batch_bytes,
                    std::size_t batches_max = std::string::npos) const;
    void write_files(const std::filesystem::path& directory) const;
    /// As journal::stream::segments() tells them, for files in `directory`.
    [[nodiscard]] std::vector<journal::segment_status> status(
        const std::filesystem::path& directory) const;
    [[nodiscard]] const std::map<journal::segment_id, std::string>& segments() const {
        return segments_;
    }

  private:
    std::map<journal::segment_id, std::string> segments_;
};

/// Calls of every kind, the same for the same seed.
class random_calls {
  public:
    explicit random_calls(unsigned seed) : random_(seed) {}
    record::call make(wall_time now);
    /// A journal of `days` days with `calls` calls each, some days in two parts, with lines that
    /// cannot be read and clocks that step back.
    line_journal make_journal(int days, int calls);
    unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }

  private:
    record::duration some_time() { return record::duration(pick(3'000'000)); }
    std::mt19937 random_;
};

/// Everything a ledger shows.
std::string describe(const ledger::ledger& shown);

}  // namespace tallyfs::test
