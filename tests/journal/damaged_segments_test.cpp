// Segments as power cuts, disks and people leave them: no whole line is lost, no line is joined
// with another one, and what is cut off is kept.
#include "journal_fixture.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

constexpr std::size_t page_bytes = 4096;  // what a file system loses or keeps as one

/// The lines before the last newline of `content`, without their newlines.
strings whole_lines(const std::string& content) {
    strings lines;
    std::size_t begin = 0;
    for (auto end = content.find('\n'); end != std::string::npos; end = content.find('\n', begin)) {
        lines.push_back(content.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

std::string tail_of(const std::string& content) {
    return content.substr(content.rfind('\n') + 1);
}

struct damaged : journal_fixture {
    /// Starts on a newest segment with this content; then a line is appended.
    void start_on(const std::string& content) {
        stream.reset();
        std::filesystem::remove(aside);
        std::ofstream(path, std::ios::binary) << content;
        start();
        CHECK(append(*stream, "next"));
    }
    /// Every whole line is read, in order; the rest is in the file aside, byte by byte.
    void check_nothing_lost(const std::string& content) {
        auto expected = whole_lines(content);
        expected.emplace_back("next");
        CHECK(read_lines(*stream) == expected);
        const auto tail = tail_of(content);
        CHECK(content_of(path) == content.substr(0, content.size() - tail.size()) + "next\n");
        CHECK(stream->status().torn_bytes_cut == tail.size());
        if (tail.empty()) {
            CHECK_FALSE(std::filesystem::exists(aside));
        } else {
            CHECK(content_of(aside) == tail + "\n");
        }
    }

    std::filesystem::path path = directory / "2026-11-20.jsonl";
    std::filesystem::path aside = directory / "2026-11-20.jsonl.torn";
};

/// Lines of different lengths, over three pages.
std::string some_lines() {
    std::string text;
    for (int i = 0; text.size() < 3 * page_bytes; ++i) {
        text += "{\"n\":" + std::to_string(i) + ",\"x\":\"" +
                std::string(static_cast<std::size_t>(i % 90), 'x') + "\"}\n";
    }
    return text;
}

}  // namespace

TEST_CASE_METHOD(damaged,
                 "a segment cut at any byte of its last two lines keeps every whole line") {
    const std::string content = "first\nsecond, longer\n{\"third\":\"n8n\"}\n";
    for (auto cut = content.find('\n'); cut <= content.size(); ++cut) {
        INFO("cut to " << cut << " bytes");
        start_on(content.substr(0, cut));
        check_nothing_lost(content.substr(0, cut));
    }
}

TEST_CASE_METHOD(damaged, "zeros where a power cut lost the end are cut off and kept aside") {
    const std::string zeros(page_bytes, '\0');
    const std::string content =
        GENERATE_COPY(some_lines() + zeros, some_lines() + "{\"begun\":" + zeros, zeros,
                      std::string(1, '\0'), some_lines() + std::string(40 * page_bytes, '\0'));
    start_on(content);
    check_nothing_lost(content);
}

TEST_CASE_METHOD(damaged, "a page of zeros in the middle costs the lines that it lies on alone") {
    const auto whole = some_lines();
    auto content = whole;
    content.replace(page_bytes, page_bytes, page_bytes, '\0');
    start_on(content);
    check_nothing_lost(content);
    // Lines before and behind the page are read as they were written.
    const auto lines = read_lines(*stream);
    const auto before = whole_lines(whole.substr(0, page_bytes));
    const auto behind = whole_lines(whole.substr(whole.find('\n', 2 * page_bytes) + 1));
    REQUIRE(lines.size() == before.size() + 1 + behind.size() + 1);
    CHECK(std::equal(before.begin(), before.end(), lines.begin()));
    CHECK(std::equal(behind.rbegin(), behind.rend(), lines.rbegin() + 1));
}

TEST_CASE_METHOD(damaged, "a flipped byte changes its own line and no other") {
    const std::string content = "first\nsecond\nthird\n";
    for (std::size_t at = 0; at < content.size(); ++at) {
        INFO("byte " << at);
        auto flipped = content;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x80);
        start_on(flipped);
        check_nothing_lost(flipped);
    }
}

TEST_CASE_METHOD(damaged, "lines that are not ours are read as they stand") {
    const std::string content =
        GENERATE(std::string(16'384, 'x') + "\n", std::string(16'385, 'x') + "\nshort\n",
                 "a\n" + std::string(1'000'000, 'x') + "\nb\n", std::string("\xff\xfe\x80 \xc3\n"),
                 std::string("\n\n\n"), std::string("\0\n", 2), std::string("\r\n"));
    start_on(content);
    check_nothing_lost(content);
    journal::reader small(*stream);
    CHECK(read_lines(small, 1).back() == "next");
}

TEST_CASE_METHOD(damaged, "a segment of only a torn line begins empty and keeps the line aside") {
    start_on("{\"never finished\":");
    check_nothing_lost("{\"never finished\":");
    stream.reset();
    std::ofstream(directory / "2026-11-19.jsonl") << "torn on a day that is over";
    std::ofstream(directory / "2026-11-18.jsonl") << "";
    start();
    CHECK(read_lines(*stream) == strings{"next"});
    CHECK(content_of(directory / "2026-11-19.jsonl") == "torn on a day that is over");
    CHECK(names() == strings{"2026-11-18.jsonl", "2026-11-19.jsonl", "2026-11-20.jsonl"});
}

TEST_CASE_METHOD(damaged, "bytes behind the last line of a day that is over are counted") {
    CHECK(stream->status().torn_bytes_left == 0);
    stream.reset();
    std::ofstream(directory / "2026-11-17.jsonl") << "whole\ntorn";
    std::ofstream(directory / "2026-11-18.jsonl") << "whole\n";
    std::ofstream(directory / "2026-11-19.jsonl") << std::string(100, '\0');
    std::ofstream(path) << "whole\ncut off";
    start();
    CHECK(stream->status().torn_bytes_left == 104);
    CHECK(stream->status().torn_bytes_cut == 7);
    CHECK(read_lines(*stream) == strings{"whole", "whole", "whole"});
}

TEST_CASE_METHOD(damaged, "empty segments and missing days are passed over by a reader") {
    stream.reset();
    std::ofstream(directory / "2026-11-10.jsonl") << "a\n";
    std::ofstream(directory / "2026-11-12.jsonl") << "";
    std::ofstream(directory / "2026-11-12.3.jsonl") << "b\n";
    std::ofstream(directory / "2026-11-15.jsonl") << "";
    start();
    journal::reader reader(*stream);
    CHECK(read_lines(reader) == strings{"a", "b"});
    CHECK(reader.at() == stream->end());
    CHECK(append(*stream, "next"));
    CHECK(read_lines(reader) == strings{"next"});
}
