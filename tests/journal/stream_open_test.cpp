#include "journal_fixture.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE_METHOD(journal_fixture,
                 "a tail torn at any byte of the last line is cut and kept aside") {
    const std::string line = "{\"service\":\"n8n\",\"task\":\"rank\"}\n";
    const auto path = directory / "2026-11-20.jsonl";
    auto aside = path;
    aside += ".torn";
    for (std::size_t cut = 1; cut < line.size(); ++cut) {
        stream.reset();
        std::filesystem::remove(aside);
        std::ofstream(path, std::ios::binary) << "whole\n" << line.substr(0, cut);
        start();
        INFO(cut);
        CHECK(content_of(path) == "whole\n");
        CHECK(content_of(aside) == line.substr(0, cut) + "\n");
        CHECK(stream->status().torn_bytes_cut == cut);
        CHECK(append(*stream, "next"));
        CHECK(read_lines(*stream) == strings{"whole", "next"});
    }
}

TEST_CASE_METHOD(journal_fixture, "a second torn tail is kept behind the first") {
    const auto path = directory / "2026-11-20.jsonl";
    for (const char* tail : {"first", "second"}) {
        stream.reset();
        std::ofstream(path, std::ios::app) << tail;
        start();
    }
    CHECK(content_of(directory / "2026-11-20.jsonl.torn") == "first\nsecond\n");
    CHECK(content_of(path).empty());
    CHECK(names() == strings{"2026-11-20.jsonl"});
}

TEST_CASE_METHOD(journal_fixture, "a torn tail longer than any line is kept whole") {
    const auto path = directory / "2026-11-20.jsonl";
    const std::string tail(100000, 'x');
    stream.reset();
    std::ofstream(path) << "whole\n" << tail;
    start();
    CHECK(content_of(path) == "whole\n");
    CHECK(content_of(directory / "2026-11-20.jsonl.torn") == tail + "\n");
}

TEST_CASE_METHOD(journal_fixture, "a tail that cannot be cut seals the segment; the day goes on") {
    stream.reset();
    std::ofstream(directory / "2026-11-20.jsonl") << "whole\ntorn";
    disk.truncate_error = EIO;
    start();
    disk.truncate_error = 0;
    CHECK(names() == strings{"2026-11-20.jsonl", "2026-11-20.2.jsonl"});
    CHECK(append(*stream, "next"));
    CHECK(read_lines(*stream) == strings{"whole", "next"});
    CHECK(stream->status().segments_sealed == 1);
}

TEST_CASE_METHOD(journal_fixture, "a closed segment without a final newline is left as it is") {
    stream.reset();
    std::ofstream(directory / "2026-11-18.jsonl") << "whole\ntorn";
    start();
    CHECK(content_of(directory / "2026-11-18.jsonl") == "whole\ntorn");
    CHECK(stream->segments()[0].bytes == 6);
    CHECK(read_lines(*stream) == strings{"whole"});
}

TEST_CASE_METHOD(journal_fixture, "names that are no segments are passed over") {
    stream.reset();
    std::ofstream(directory / "notes.txt") << "mine\n";
    std::ofstream(directory / "2026-11-19.jsonl.bak") << "old\n";
    std::filesystem::create_directory(directory / "kept");
    start();
    CHECK(names() == strings{"2026-11-20.jsonl"});
    CHECK(read_lines(*stream).empty());
}

TEST_CASE_METHOD(journal_fixture, "a start goes on in the newest part of the day") {
    stream.reset();
    std::ofstream(directory / "2026-11-20.jsonl") << "one\n";
    std::ofstream(directory / "2026-11-20.2.jsonl") << "two\n";
    std::ofstream(directory / "2026-11-20.10.jsonl") << "ten\n";
    start();
    CHECK(append(*stream, "next"));
    CHECK(read_lines(*stream) == strings{"one", "two", "ten", "next"});
    CHECK(content_of(directory / "2026-11-20.10.jsonl") == "ten\nnext\n");
}

TEST_CASE_METHOD(journal_fixture, "a directory that cannot be made ends the start with its name") {
    std::ofstream(home.path() / "file") << "x";
    CHECK_THROWS_AS(journal::stream(home.path() / "file" / "calls", clock), startup_error);
}
