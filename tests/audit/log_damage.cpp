#include "audit/reading.hpp"

using namespace tallyfs;
using audit::log_format;
using test::read_log;

namespace {

std::string csv_entry(int line, const std::string& message) {
    return "2026-11-20 23:52:09.665 UTC,\"jd\",\"app\",7,\"[local]\",6b00dd29.7," +
           std::to_string(line) + ",\"SELECT\",2026-11-20 23:52:09 UTC,3/43,0,LOG,00000,\"" +
           message + "\",,,,,,,,,\"psql\",\"client backend\",,0\n";
}
std::string json_entry(int line, const std::string& message) {
    return R"({"timestamp":"2026-11-20 23:52:09.665 UTC","user":"jd","dbname":"app","pid":7,)"
           R"("session_id":"6b00dd29.7","line_num":)" +
           std::to_string(line) + R"(,"error_severity":"LOG","message":")" + message + "\"}\n";
}
std::string text_entry(int line, const std::string& message) {
    return "2026-11-20 23:52:09.665 UTC [" + std::to_string(line) + "] jd@app LOG:  " + message +
           "\n";
}

}  // namespace

TEST_CASE("an entry that a crash has torn costs itself and no other") {
    const auto torn = csv_entry(1, "a\nb \"\"c\"\" d");
    for (std::size_t at = 1; at < torn.size() - 1; ++at) {
        INFO(torn.substr(0, at));
        // The server writes on in a new line, or right behind: then that entry is lost too.
        const auto behind = csv_entry(2, "x\ny") + csv_entry(3, "z, \"\"q\"\"") + csv_entry(4, "");
        const auto read = read_log(log_format::csv, torn.substr(0, at) + "\n" + behind);
        REQUIRE(read.entries.size() >= 3);
        CHECK(read.entries.back().line == 4);
        CHECK(read.entries[read.entries.size() - 3].message == "x\ny");
        const auto glued = read_log(log_format::csv, torn.substr(0, at) + behind);
        REQUIRE(glued.entries.size() >= 2);
        CHECK(glued.entries.back().line == 4);
        CHECK(glued.entries[glued.entries.size() - 2].message == "z, \"q\"");
        CHECK(glued.counts.unreadable == 1);
    }
}

TEST_CASE("what is no entry is counted, in pieces and bytes") {
    const auto check = [](log_format format, auto entry) {
        const auto read = read_log(
            format, "junk 1\njunk 2\n" + entry(1, "a") + "more\n" + entry(2, "b") + entry(3, "c"));
        CHECK(read.entries.size() == 3);
        CHECK(read.counts.entries == 3);
        CHECK(read.counts.unreadable == 2);
        CHECK(read.counts.unreadable_bytes == 19);
    };
    check(log_format::csv, csv_entry);
    check(log_format::json, json_entry);
    check(log_format::text, text_entry);
}

TEST_CASE("byte order marks, CR LF, empty lines and zeros are no harm") {
    const auto check = [](log_format format, auto entry) {
        const std::string zeros(5, '\0');
        auto bytes = "\xef\xbb\xbf" + entry(1, "a") + "\n\r\n" + zeros + entry(2, "b");
        auto read = read_log(format, bytes);
        REQUIRE(read.entries.size() == 2);
        CHECK(read.entries[1].message == "b");
        CHECK(read.counts.unreadable_bytes == zeros.size());
        for (std::size_t at = 0; (at = bytes.find('\n', at)) != bytes.npos; at += 2)
            bytes.replace(at, 1, "\r\n");
        const auto carriage = read_log(format, bytes);
        REQUIRE(carriage.entries.size() == 2);
        CHECK(carriage.entries[0] == read.entries[0]);
        CHECK(carriage.entries[1] == read.entries[1]);
    };
    check(log_format::csv, csv_entry);
    check(log_format::json, json_entry);
    check(log_format::text, text_entry);
}

TEST_CASE("an entry that is too long is cut there, its rest passed over, and the next one read") {
    const std::string text(3 * audit::log_reader::entry_bytes_max, 'x');
    const auto check = [&](log_format format, auto entry) {
        const auto bytes = entry(1, text) + entry(2, "b");
        audit::log_reader reader(format, audit::text_prefix(test::fixture_prefix));
        std::vector<test::kept_entry> entries;
        const auto take = [&](const audit::log_entry& e) { entries.emplace_back(e); };
        std::uint64_t pending_max = 0;
        for (std::size_t at = 0; at < bytes.size(); at += 100'000) {
            reader.feed(std::string_view(bytes).substr(at, 100'000), take);
            pending_max = std::max(pending_max, reader.pending_bytes());
        }
        reader.finish(take);
        REQUIRE(entries.size() == 2);
        CHECK(entries[0].cut);
        CHECK(entries[0].message.size() < audit::log_reader::entry_bytes_max);
        CHECK(entries[0].message.size() > audit::log_reader::entry_bytes_max - 1'000);
        CHECK(entries[1].message == "b");
        CHECK_FALSE(entries[1].cut);
        CHECK(reader.counts().unreadable == 1);
        CHECK(pending_max <= audit::log_reader::entry_bytes_max + 100'000);
    };
    check(log_format::csv, csv_entry);
    check(log_format::json, json_entry);
    check(log_format::text, text_entry);
}

TEST_CASE("a torn end is dropped when the next file begins with an entry") {
    const auto check = [](log_format format, auto entry) {
        const auto torn = entry(1, "a\\nb").substr(0, entry(1, "a\\nb").size() - 4);
        const auto read = read_log(format, test::fixture_prefix, [&](auto& reader, auto& take) {
            reader.feed(entry(7, "before") + torn, take);
            reader.next_file(take);
            reader.feed(entry(2, "b"), take);
        });
        REQUIRE(read.entries.size() == 2);
        CHECK(read.entries[0].message == "before");
        CHECK(read.entries[1].message == "b");
        CHECK(read.counts.unreadable == 1);
        CHECK(read.counts.unreadable_bytes == torn.size());
    };
    check(log_format::csv, csv_entry);
    check(log_format::json, json_entry);
    check(log_format::text, text_entry);
}

TEST_CASE("an entry without the end of its line is given at the end, and goes on as nothing") {
    const auto check = [](log_format format, auto entry) {
        const auto bytes = entry(1, "a");
        audit::log_reader reader(format, audit::text_prefix(test::fixture_prefix));
        std::size_t count = 0;
        const auto take = [&](const audit::log_entry&) { ++count; };
        reader.feed(std::string_view(bytes).substr(0, bytes.size() - 1), take);
        CHECK(count == 0);
        reader.finish(take);
        CHECK(count == 1);
        CHECK(reader.pending_bytes() == 0);
        reader.feed("\n", take);
        CHECK(reader.counts().unreadable == 0);
        reader.feed(entry(2, "b"), take);
        reader.finish(take);
        CHECK(count == 2);
        CHECK(reader.counts().unreadable == 0);
    };
    check(log_format::csv, csv_entry);
    check(log_format::json, json_entry);
    check(log_format::text, text_entry);
}

TEST_CASE("objects that no server writes are no entries") {
    const auto count = [](const std::string& line) {
        return read_log(log_format::json, line + "\n").entries.size();
    };
    const std::string front =
        R"({"timestamp":"2026-11-20 23:52:09.665 UTC","pid":7,"error_severity":"LOG")";
    CHECK(count(front + "}") == 1);
    CHECK(count(front + R"(,"unknown":-1.5e3,"more":null})") == 1);
    CHECK(count(front + "} x") == 0);
    CHECK(count(front + R"(,"pid":8})") == 0);
    CHECK(count(front + R"(,"message":{}})") == 0);
    CHECK(count(front + R"(,"message":"\q"})") == 0);
    CHECK(count(front + R"(,"message":"a)") == 0);
    CHECK(count(front + R"(,"user":7})") == 0);
    CHECK(count(R"({"timestamp":"2026-13-20 23:52:09.665 UTC","pid":7,"error_severity":"LOG"})") ==
          0);
    const auto read =
        read_log(log_format::json, front + R"(,"message":"\u00fc\ud83d\ude00\ud83d\t\/"})" + "\n");
    REQUIRE(read.entries.size() == 1);
    CHECK(read.entries[0].message == "\xc3\xbc\xf0\x9f\x98\x80\xef\xbf\xbd\t/");
}
