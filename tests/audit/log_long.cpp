// Entries of more than an entry may have: what a client wrote into their rest is never an entry.
#include "audit/reading.hpp"

using namespace tallyfs;
using audit::log_format;
using test::kept_log;

namespace {

constexpr auto cut_at = audit::log_reader::entry_bytes_max;

/// As csvlog of 14 and newer writes it; quotes in `statement` are doubled already.
std::string csv_entry(const std::string& user, int line, const std::string& statement) {
    return "2026-11-20 23:52:09.665 UTC,\"" + user + "\",\"app\",7,\"[local]\",6b00dd29.7," +
           std::to_string(line) + ",\"SELECT\",2026-11-20 23:52:09 UTC,3/43,0,LOG,00000,\"" +
           statement + "\",,,,,,,,,\"psql\",\"client backend\",,0\n";
}
std::string json_entry(const std::string& user, int line, const std::string& statement) {
    return R"({"timestamp":"2026-11-20 23:52:09.665 UTC","user":")" + user +
           R"(","dbname":"app","pid":7,"session_id":"6b00dd29.7","line_num":)" +
           std::to_string(line) + R"(,"error_severity":"LOG","message":")" + statement + "\"}\n";
}
std::string text_entry(const std::string& user, int line, const std::string& statement) {
    return "2026-11-20 23:52:09.665 UTC [" + std::to_string(line) + "] " + user +
           "@app LOG:  " + statement + "\n2026-11-20 23:52:09.665 UTC [" + std::to_string(line) +
           "] " + user + "@app STATEMENT:  select 1\n";
}

/// What somebody sends to be taken for entries, as the server writes it into each format.
const std::string csv_forged =
    "\n2099-01-01 00:00:00 UTC,,,4242,,6b00dd29.1092,500,,,,,ERROR,28000,,,,,,,,,,,,,\n"
    "2099-01-01 00:00:00 UTC,,,4242,,6b00dd29.1092,501,,,,,ERROR,28000,"
    "\"\",\"\",\"\",\"\",,\"\",\"\",,\"\",\"\",\"\",,\n"
    "2099-01-01 00:00:00 UTC,\"\"\"\",,4242,,6b00dd29.1092,502,,,,,ERROR,28000,,,,,,,,,,,,,\n";
const std::string json_forged =
    R"(\n{\"timestamp\":\"2099-01-01 00:00:00 UTC\",\"pid\":4,\"error_severity\":\"LOG\"}\n)";
const std::string text_forged =
    "\n\t2099-01-01 00:00:00 UTC [4242] other@app LOG:  AUDIT: SESSION,1,1,WRITE,DELETE,,,x,<none>";

std::string long_text(const std::string& forged, std::size_t bytes) {
    std::string text(100, 'x');
    while (text.size() < bytes) text += forged;
    return text;
}

struct long_log {
    log_format format;
    std::string before, entry, after;
};
/// `bytes` of the text of the long entry.
std::vector<long_log> long_logs(std::size_t bytes) {
    return {{log_format::csv, csv_entry("jd", 1, "a"),
             csv_entry("jd", 2, long_text(csv_forged, bytes)), csv_entry("km", 3, "b\nc")},
            {log_format::json, json_entry("jd", 1, "a"),
             json_entry("jd", 2, long_text(json_forged, bytes)), json_entry("km", 3, "b")},
            {log_format::text, text_entry("jd", 1, "a"),
             text_entry("jd", 2, long_text(text_forged, bytes)), text_entry("km", 3, "b")}};
}

std::size_t foreign(const kept_log& read) {
    return static_cast<std::size_t>(std::ranges::count_if(read.entries, [](const auto& e) {
        return (e.user != "jd" && e.user != "km") ||
               e.logged > *parse_rfc3339("2027-01-01T00:00:00Z");
    }));
}

void check_long(const kept_log& read) {
    REQUIRE(read.entries.size() == 3);
    CHECK(foreign(read) == 0);
    CHECK(read.entries[1].cut);
    CHECK_FALSE(read.entries[2].cut);
    CHECK(read.entries[2].user == "km");
}

}  // namespace

TEST_CASE("the rest of an entry that is too long is passed over to its true end") {
    for (const std::size_t bytes : {cut_at + 5'000, 3 * cut_at + 17}) {
        for (const auto& log : long_logs(bytes)) {
            const auto all = log.before + log.entry + log.after;
            for (const std::size_t piece :
                 {all.size(), std::size_t{1} << 20, std::size_t{65'521}, std::size_t{1'009}}) {
                INFO(to_string(log.format) << " in pieces of " << piece);
                const auto read =
                    test::read_log(log.format, test::fixture_prefix, [&](auto& reader, auto& take) {
                        for (std::size_t at = 0; at < all.size(); at += piece) {
                            reader.feed(std::string_view(all).substr(at, piece), take);
                            // Nothing came for a while.
                            if (at % 7 == 0 && at > log.before.size() + cut_at) reader.finish(take);
                            CHECK(reader.pending_bytes() <= 2 * cut_at);
                        }
                    });
                check_long(read);
                CHECK(read.pending == 0);
            }
        }
    }
}

TEST_CASE("an entry is passed over to its true end wherever in it it is cut") {
    // So that it is cut in front of and behind quotes, in pairs of them, at commas and line ends.
    const auto entry = csv_entry("jd", 2, long_text("y\"\",\n\"\",\"\"\"\"\n,", cut_at + 40));
    const auto head = entry.find("\"x");
    for (std::size_t shift = 0; shift < 60; ++shift) {
        auto all = entry;
        all.insert(head + 1, shift, 'x');
        all += csv_entry("km", 3, "b");
        INFO("moved by " << shift);
        const auto read = test::read_log(log_format::csv, all);
        REQUIRE(read.entries.size() == 2);
        CHECK(read.entries[0].cut);
        CHECK(read.entries[1].user == "km");
    }
}

TEST_CASE("what follows the true end of an entry that was cut gives its rest no text") {
    // Of PostgreSQL 12, whose last column is a client's. Read from the last line of the statement
    // on, what is within quotes is outside of them.
    const auto entry = [](const std::string& user, const std::string& statement,
                          const std::string& application) {
        return "2026-11-20 23:52:09.665 UTC,\"" + user +
               "\",\"app\",7,\"[local]\",6b00dd29.7,1,\"SELECT\",2026-11-20 23:52:09 "
               "UTC,3/43,0,LOG,"
               "00000,\"" +
               statement + "\",,,,,,,,,\"" + application + "\"\n";
    };
    const auto all = entry("jd", std::string(cut_at, 'x') + "\n2099-01-01 00:00:00 UTC,",
                           ",,4242,,6b00dd29.1092,500,,,,,ERROR,28000,") +
                     entry(",,,,,,,,,\nx", "b", "psql") + entry("km", "c", "psql");
    for (const std::size_t other_file : {std::size_t{0}, cut_at + 5}) {
        const auto read =
            test::read_log(log_format::csv, test::fixture_prefix, [&](auto& reader, auto& take) {
                reader.feed(std::string_view(all).substr(0, other_file), take);
                reader.next_file(take);
                reader.feed(std::string_view(all).substr(other_file), take);
            });
        INFO("another file at " << other_file);
        REQUIRE(read.entries.size() == 3);
        CHECK(read.entries[0].cut);
        CHECK(read.entries[1].pid == 7);
        CHECK(read.entries[1].forged);
        CHECK(read.entries[2].user == "km");
    }
}

TEST_CASE("an entry that is passed over goes on in the next file, or was torn there") {
    for (const auto& log : long_logs(2 * cut_at)) {
        const auto all = log.before + log.entry + log.after;
        const auto first_line_end = all.find('\n', log.before.size() + cut_at + 10);
        for (const auto at : {log.before.size() + cut_at + 300, first_line_end + 1}) {
            INFO(to_string(log.format) << " goes over at " << at);
            const auto read =
                test::read_log(log.format, test::fixture_prefix, [&](auto& reader, auto& take) {
                    reader.feed(std::string_view(all).substr(0, at), take);
                    reader.next_file(take);
                    for (auto i = at; i < all.size(); i += 777)
                        reader.feed(std::string_view(all).substr(i, 777), take);
                });
            check_long(read);
            const auto torn =
                test::read_log(log.format, test::fixture_prefix, [&](auto& reader, auto& take) {
                    reader.feed(std::string_view(all).substr(0, at), take);
                    reader.next_file(take);
                    reader.feed(std::string(5, '\0'), take);
                    reader.feed(log.after, take);
                });
            check_long(torn);
        }
    }
}

TEST_CASE("a reader that begins within an entry that was passed over takes nothing of it") {
    for (const std::size_t bytes : {3 * cut_at, 6 * cut_at}) {
        for (const auto& log : long_logs(bytes)) {
            const auto all = log.before + log.entry + log.after;
            for (std::size_t at = log.before.size() + cut_at + 1'000; at < all.size() - 2'000;
                 at += 191'999) {
                INFO(to_string(log.format) << " stopped at " << at);
                kept_log read;
                const auto take = [&](const audit::log_entry& e) { read.entries.emplace_back(e); };
                audit::log_reader first(log.format, audit::text_prefix(test::fixture_prefix));
                first.feed(std::string_view(all).substr(0, at), take);
                REQUIRE(first.pending_bytes() <= cut_at);
                audit::log_reader second(log.format, audit::text_prefix(test::fixture_prefix));
                second.feed(std::string_view(all).substr(at - first.pending_bytes()), take);
                second.finish(take);
                check_long(read);
            }
        }
    }
}

TEST_CASE(
    "a reader that begins where a client made a line look like a prefix does not believe it") {
    // One line, so that every place in it can be where a restart begins.
    const std::string like = "2099-01-01 00:00:00 UTC [4242] other@app LOG:  AUDIT: x ";
    const auto all = text_entry("jd", 1, long_text(like, 2 * cut_at)) + text_entry("km", 2, "b");
    const auto begin = all.find(like, cut_at + 5'000);
    for (std::size_t at = begin; at < begin + like.size(); ++at) {
        kept_log read;
        const auto take = [&](const audit::log_entry& e) { read.entries.emplace_back(e); };
        audit::log_reader first(log_format::text, audit::text_prefix(test::fixture_prefix));
        first.feed(std::string_view(all).substr(0, at), take);
        audit::log_reader second(log_format::text, audit::text_prefix(test::fixture_prefix));
        second.feed(std::string_view(all).substr(at - first.pending_bytes()), take);
        second.finish(take);
        INFO("stopped at " << at);
        REQUIRE(read.entries.size() == 2);
        CHECK(read.entries[1].user == "km");
    }
}

TEST_CASE("a record of csvlog without any text is none, wherever reading begins") {
    const auto record = csv_forged.substr(1);
    CHECK(test::read_log(log_format::csv, record).entries.empty());
    CHECK(test::read_log(log_format::csv, record + csv_entry("jd", 1, "a")).entries.size() == 1);
    // Nor where it is longer than an entry may be.
    const auto front = record.substr(0, record.find("28000,") + 6);
    CHECK(test::read_log(log_format::csv, front + std::string(cut_at, 'x') + "\n").entries.empty());
    // A server's own process has no user, but says something.
    const std::string own =
        "2026-11-20 23:52:09.665 UTC,,,7,,6b00dd29.7,1,,2026-11-20 23:52:09 UTC,,0,LOG,00000,"
        "\"received SIGHUP, reloading configuration files\",,,,,,,,,\"\",\"postmaster\",,0\n";
    CHECK(test::read_log(log_format::csv, own).entries.size() == 1);
}
