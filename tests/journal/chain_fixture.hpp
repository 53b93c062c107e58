// A chain in a directory of its own, whose files a test can change as a text editor would.
// Format: docs/formats.md, "Chains".
#pragma once

#include "journal_fixture.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/journal/chain_day.hpp>
#include <tallyfs/record/chain_link.hpp>

#include <optional>

namespace tallyfs::test {

class chained {
  public:
    explicit chained(const char* start = "2026-11-20T10:00:00Z") : clock(at(start)) {}

    void open(const journal::chain_past& past = {}) {
        close();
        lines.emplace(folder(), clock, &disk);
        links.emplace(
            *lines, head_file(), [this](std::string_view line) { replayed.emplace_back(line); },
            past);
    }
    void append(const std::string& text) {
        const auto done = links->append(
            [&](std::string& out, wall_time now, std::uint64_t number, std::string_view previous) {
                record::append_chain_link(out, {now, number, previous});
                out += ",\"text\":\"" + text + "\"}\n";
            });
        if (!done) throw std::runtime_error(done.error().message());
    }
    void close() {
        links.reset();
        lines.reset();
    }
    /// Lines with these texts, together.
    result<std::uint64_t> append_all(const std::vector<std::string>& texts, bool sync = true) {
        return links->append_all(
            texts.size(),
            [&](std::size_t i, std::string& out, wall_time now, std::uint64_t number,
                std::string_view previous) {
                record::append_chain_link(out, {now, number, previous});
                out += ",\"text\":\"" + texts[i] + "\"}\n";
            },
            appended, sync);
    }
    [[nodiscard]] journal::chain_report verify(
        std::vector<journal::chain_head> known = {},
        const std::vector<journal::chain_head>& bases = {}) const {
        if (const auto kept = journal::read_chain_head(head_file()); kept && *kept) {
            known.insert(known.begin(), **kept);
        }
        return journal::verify_chain(folder(), known, nullptr, bases);
    }
    [[nodiscard]] std::filesystem::path folder() const { return directory.path() / "actions"; }
    [[nodiscard]] std::filesystem::path head_file() const { return directory.path() / "head"; }
    [[nodiscard]] std::vector<std::string> read(
        const std::string& name = "2026-11-20.jsonl") const {
        std::ifstream file(folder() / name);
        std::vector<std::string> found;
        for (std::string line; std::getline(file, line);) found.push_back(line);
        return found;
    }
    void write(const std::vector<std::string>& text,
               const std::string& name = "2026-11-20.jsonl") const {
        std::ofstream file(folder() / name, std::ios::trunc);
        for (const auto& line : text) file << line << '\n';
    }

    temporary_directory directory;
    manual_clock clock;
    failing_disk disk;
    std::optional<journal::stream> lines;
    std::optional<journal::chain> links;
    std::vector<std::string> replayed;
    std::vector<journal::batch_line> appended;  ///< by the last append_all()
};

/// The segment that grows.
inline std::filesystem::path newest_segment(const std::filesystem::path& folder) {
    std::filesystem::path newest;
    journal::segment_id id;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto found = journal::segment_id::parse(entry.path().filename().string());
        if (!found || *found < id) continue;
        id = *found;
        newest = entry.path();
    }
    return newest;
}

struct five_lines : chained {
    five_lines() {
        open();
        for (const char* text : {"one", "two", "three", "four", "five"}) append(text);
        close();
    }
};

/// Five days from 2026-11-20 on, three lines each.
struct five_days : chained {
    five_days() {
        zone::use("UTC");
        open();
        for (int day = 0; day < 5; ++day) {
            if (day > 0) clock.advance(std::chrono::hours(24));
            for (const char* text : {"one", "two", "three"}) append(text);
        }
    }
    [[nodiscard]] static day day_of(int number) {
        return day(date("2026-11-20").date() + std::chrono::days(number));
    }
    /// The end of that day: what is recorded when it is deleted.
    [[nodiscard]] journal::chain_head end_of(int number) const {
        return journal::read_chain_day(lines->segments(), day_of(number)).value().end;
    }
    void remove(int number) {
        bases.push_back(end_of(number));
        REQUIRE(lines->remove_day(day_of(number)));
    }
    [[nodiscard]] journal::chain_report check() const { return verify({}, bases); }

    std::vector<journal::chain_head> bases;
};

}  // namespace tallyfs::test
