// What a person or another program left in the journal's directory, in the place of a segment or
// of a file that keeps a torn tail: the start goes on, or says which file is in the way.
#include "journal_fixture.hpp"

#include <sys/stat.h>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

enum class kind { directory, fifo, dangling_link, link_to_directory, link_to_itself };

void put(kind what, const std::filesystem::path& path) {
    switch (what) {
        case kind::directory:
            std::filesystem::create_directory(path);
            break;
        case kind::fifo:
            REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
            break;
        case kind::dangling_link:
            std::filesystem::create_symlink("nowhere", path);
            break;
        case kind::link_to_directory:
            std::filesystem::create_symlink("/tmp", path);
            break;
        case kind::link_to_itself:
            std::filesystem::create_symlink(path.filename(), path);
            break;
    }
}

std::string refusal(journal_fixture& fixture) {
    try {
        fixture.start();
    } catch (const startup_error& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE_METHOD(journal_fixture, "what is no file in a segment's place ends the start by name") {
    stream.reset();
    const auto what = GENERATE(kind::directory, kind::fifo, kind::dangling_link,
                               kind::link_to_directory, kind::link_to_itself);
    const std::string name = GENERATE("2026-11-18.jsonl", "2026-11-20.2.jsonl");
    std::ofstream(directory / "2026-11-17.jsonl") << "a\n";
    put(what, directory / name);
    const auto said = refusal(*this);
    INFO(said);
    CHECK(said.find((directory / name).string()) != std::string::npos);
    CHECK(said.find("move it") != std::string::npos);
    std::filesystem::remove(directory / name);
    start();
    CHECK(read_lines(*stream) == strings{"a"});
}

TEST_CASE_METHOD(journal_fixture, "a segment that may not be read ends the start by name") {
    if (::geteuid() != 0) {
        WARN("skipped: taking rights away from oneself and getting them back needs root");
        return;
    }
    stream.reset();
    const auto path = directory / "2026-11-18.jsonl";
    std::ofstream(path) << "a\n";
    std::filesystem::permissions(path, std::filesystem::perms::none);
    for (auto each = directory; each != home.path().parent_path(); each = each.parent_path()) {
        std::filesystem::permissions(each, std::filesystem::perms::all);
    }
    constexpr ::uid_t nobody = 65534;
    REQUIRE(::seteuid(nobody) == 0);
    const auto said = refusal(*this);
    REQUIRE(::seteuid(0) == 0);
    INFO(said);
    CHECK(said.find(path.string()) != std::string::npos);
    CHECK(said.find("Permission denied") != std::string::npos);
}

TEST_CASE_METHOD(journal_fixture, "a link to a segment elsewhere is read, and written to") {
    stream.reset();
    const auto elsewhere = home.path() / "elsewhere";
    std::filesystem::create_directory(elsewhere);
    for (const char* name : {"2026-11-18.jsonl", "2026-11-20.jsonl"}) {
        std::ofstream(elsewhere / name) << name << "\n";
        std::filesystem::remove(directory / name);
        std::filesystem::create_symlink(elsewhere / name, directory / name);
    }
    start();
    CHECK(append(*stream, "next"));
    CHECK(read_lines(*stream) == strings{"2026-11-18.jsonl", "2026-11-20.jsonl", "next"});
    CHECK(content_of(elsewhere / "2026-11-20.jsonl") == "2026-11-20.jsonl\nnext\n");
}

TEST_CASE_METHOD(journal_fixture, "what is in the way of a torn tail leaves the tail where it is") {
    stream.reset();
    const auto what = GENERATE(kind::directory, kind::fifo, kind::dangling_link,
                               kind::link_to_directory, kind::link_to_itself);
    const auto path = directory / "2026-11-20.jsonl";
    std::ofstream(path) << "whole\ntorn";
    put(what, path.string() + ".torn");
    start();
    CHECK(append(*stream, "next"));
    CHECK(read_lines(*stream) == strings{"whole", "next"});
    CHECK(content_of(path) == "whole\ntorn");
    CHECK(content_of(directory / "2026-11-20.2.jsonl") == "next\n");
    CHECK(stream->status().last_error.find(path.string() + ".torn") != std::string::npos);
    CHECK(stream->status().torn_bytes_left == 4);
    CHECK_FALSE(std::filesystem::exists(directory / "nowhere"));
}

TEST_CASE_METHOD(journal_fixture, "a link in the way of a torn tail does not lead it elsewhere") {
    stream.reset();
    const auto path = directory / "2026-11-20.jsonl";
    const auto target = home.path() / "somebody's file";
    std::ofstream(target) << "theirs\n";
    std::ofstream(path) << "whole\ntorn";
    std::filesystem::create_symlink(target, path.string() + ".torn");
    start();
    CHECK(content_of(target) == "theirs\n");
    CHECK(content_of(path) == "whole\ntorn");
    CHECK(read_lines(*stream) == strings{"whole"});
}

TEST_CASE_METHOD(journal_fixture,
                 "what is in the place of the next day's segment does not stop it") {
    CHECK(append(*stream, "a"));
    const auto what = GENERATE(kind::directory, kind::fifo, kind::dangling_link);
    put(what, directory / "2026-11-21.jsonl");
    clock.step_to(at("2026-11-21T12:00:00Z"));
    CHECK(append(*stream, "b"));
    CHECK(names() == strings{"2026-11-20.jsonl", "2026-11-21.2.jsonl"});
    CHECK(read_lines(*stream) == strings{"a", "b"});
}

TEST_CASE_METHOD(journal_fixture,
                 "a part over the limit is no segment, so that the day can go on") {
    stream.reset();
    std::ofstream(directory / "2026-11-20.1001.jsonl") << "not ours\n";
    std::ofstream(directory / "2026-11-20.1000.jsonl") << "the last\n";
    std::ofstream(directory / "2026-11-20.jsonl") << "the first\n";
    start();
    CHECK(append(*stream, "next"));
    CHECK(read_lines(*stream) == strings{"the first", "the last", "next"});
}
