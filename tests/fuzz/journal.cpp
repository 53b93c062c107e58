// Segments with any content: whole lines are read, each once and in order, from every position
// that was handed out; the torn tail of the newest one is cut off and kept aside, and lines can be
// appended. Format: docs/formats.md, "Segments". The segments of the input are separated by 0x1e.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/journal/reader.hpp>
#include <tallyfs/journal/stream.hpp>

#include <journal/recent_ids.hpp>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>

namespace tallyfs::fuzz {

namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 3> segment_names{"2026-11-19.jsonl", "2026-11-20.jsonl",
                                                   "2026-11-20.2.jsonl"};
constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

std::string_view whole_lines(std::string_view content) {
    return content.substr(0, content.rfind('\n') + 1);  // npos + 1 is 0: none
}

/// Everything from `from` on, each line once; nullopt if there is no such position.
std::optional<std::string> read_from(const journal::stream& stream, journal::position from,
                                     std::size_t bytes_max) {
    journal::reader reader(stream, from);
    std::string text;
    for (;;) {
        const auto lines = reader.next(bytes_max);
        if (!lines) {
            require(lines.error() == make_error_code(journal::journal_errc::position_unknown) &&
                        text.empty(),
                    "only a position that nobody handed out is unknown");
            return std::nullopt;
        }
        if (lines->text.empty()) return text;
        require(lines->text.ends_with('\n'), "lines are read whole");
        text += lines->text;
        const journal::position behind{lines->segment, lines->offset + lines->text.size()};
        require(reader.at() == behind, "a reader stands behind what it has read");
    }
}

void check_positions(const journal::stream& stream, const std::vector<std::string>& contents,
                     std::string_view expected) {
    std::string before;
    for (std::size_t i = 0; i < contents.size(); ++i) {
        const auto id = journal::segment_id::parse(segment_names[i]);
        const std::string_view lines = whole_lines(contents[i]);
        for (std::size_t offset = 0; offset <= lines.size() && offset < 300; ++offset) {
            const bool line_end = offset == 0 || lines[offset - 1] == '\n';
            const auto text = read_from(stream, {*id, offset}, 1);
            // At the end of a segment nothing is looked at.
            require(text.has_value() == (line_end || offset == lines.size()),
                    "a position is at the end of a line");
            if (text)
                require(*text == expected.substr(before.size() + offset),
                        "from a position on everything is read");
        }
        const auto beyond = read_from(stream, {*id, lines.size() + 1}, 1);
        require(!beyond, "nothing is behind the end of a segment");
        before += lines;
    }
}

}  // namespace

void journal(std::string_view input) {
    const test::temporary_directory directory;
    const auto place = directory.path() / "calls";
    fs::create_directory(place);
    std::vector<std::string> contents;
    while (!input.empty() && contents.size() < segment_names.size())
        contents.emplace_back(take_until(input, '\x1e'));
    std::string expected;
    for (std::size_t i = 0; i < contents.size(); ++i) {
        std::ofstream(place / segment_names[i], std::ios::binary) << contents[i];
        expected += whole_lines(contents[i]);
    }
    const test::manual_clock clock(*parse_rfc3339("2026-11-20T12:00:00Z"));
    journal::stream stream(place, clock);
    for (const std::size_t bytes_max : {std::size_t{1}, std::size_t{1} << 20})
        require(read_from(stream, {}, bytes_max) == expected, "all whole lines are read, in order");
    check_positions(stream, contents, expected);

    if (!contents.empty()) {
        const auto& newest = contents.back();
        const auto torn = std::string_view(newest).substr(whole_lines(newest).size());
        const auto aside = read_file(
            place / (std::string(segment_names[contents.size() - 1]) + ".torn"), file_bytes_max);
        require(aside.has_value() != torn.empty(), "a torn tail is kept aside");
        if (aside) require(*aside == std::string(torn) + "\n", "a torn tail is kept whole");
        const auto rest = read_file(place / segment_names[contents.size() - 1], file_bytes_max);
        require(rest && *rest == whole_lines(newest), "a torn tail is cut off");
    }
    (void)journal::read_recent_lines(stream, {});
    const auto appended = stream.append([](std::string& out, wall_time) { out += "{\"v\":1}\n"; });
    require(appended.has_value(), "lines can be appended");
    require(read_from(stream, {}, 1) == expected + "{\"v\":1}\n", "what is appended is read last");
}

}  // namespace tallyfs::fuzz
