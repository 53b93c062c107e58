#include "audit/reading.hpp"

using namespace tallyfs;
using audit::log_format;
using test::kept_log;
using test::log_fixture;
using test::read_log;

namespace {

const std::vector<std::pair<std::string, log_format>> fixtures{
    {"pg15-full.csv", log_format::csv},
    {"pg15-full.json", log_format::json},
    {"pg15-full.stderr.log", log_format::text},
    {"pg15-default.stderr.log", log_format::text},
    {"pg15-relation-only.stderr.log", log_format::text},
    {"pg15-once.stderr.log", log_format::text},
    {"pg15-rows-only.stderr.log", log_format::text},
    {"pg15-forged-by-unauthenticated-client.csv", log_format::csv},
    {"pg15-forged-by-unauthenticated-client.json", log_format::json},
    {"pg15-forged-by-unauthenticated-client.stderr.log", log_format::text}};

void check_same(const kept_log& read, const kept_log& whole, std::size_t at) {
    // One comparison: there are a hundred thousand of them.
    if (read.entries == whole.entries && read.counts.unreadable == whole.counts.unreadable &&
        read.counts.unreadable_bytes == whole.counts.unreadable_bytes && read.pending == 0)
        return;
    INFO("cut at " << at);
    CHECK(read.entries == whole.entries);
    CHECK(read.counts.unreadable == whole.counts.unreadable);
    CHECK(read.counts.unreadable_bytes == whole.counts.unreadable_bytes);
    CHECK(read.pending == 0);
}

}  // namespace

TEST_CASE("a log that comes in two pieces gives the same entries wherever it is cut") {
    for (const auto& [file, format] : fixtures) {
        const auto all = read_log(format, log_fixture(file)).entries;
        REQUIRE_FALSE(all.empty());
        INFO(file);
        // Three entries at a time: what is further away than that was read in the same way before.
        for (std::size_t first = 0; first < all.size(); first += 2) {
            std::string bytes;
            for (std::size_t i = first; i < std::min(first + 3, all.size()); ++i)
                bytes += all[i].raw + "\n";
            const auto whole = read_log(format, bytes);
            for (std::size_t at = 0; at <= bytes.size(); ++at) {
                const auto read =
                    read_log(format, test::fixture_prefix, [&](auto& reader, auto& take) {
                        reader.feed(std::string_view(bytes).substr(0, at), take);
                        reader.feed(std::string_view(bytes).substr(at), take);
                    });
                check_same(read, whole, at);
            }
        }
    }
}

TEST_CASE("a log that comes byte by byte gives the same entries") {
    for (const auto& [file, format] : fixtures) {
        const auto bytes = log_fixture(file);
        INFO(file);
        const auto read = read_log(format, test::fixture_prefix, [&](auto& reader, auto& take) {
            for (const char& byte : bytes) reader.feed({&byte, 1}, take);
        });
        check_same(read, read_log(format, bytes), 0);
    }
}

TEST_CASE("an entry goes on in the next file, at the end of a line and within one") {
    for (const auto& [file, format] : fixtures) {
        const auto bytes = log_fixture(file);
        const auto whole = read_log(format, bytes);
        INFO(file);
        const std::size_t step = bytes.size() > 10'000 ? 37 : 1;
        for (std::size_t at = 0; at <= bytes.size(); ++at) {
            const bool line_end = at > 0 && bytes[at - 1] == '\n';
            if (!line_end && at % step != 0) continue;
            // Where the rest of a line looks like the beginning of one, nobody can know better.
            const auto rest = std::string_view(bytes).substr(at);
            if (!line_end && rest.starts_with("2026-11-20 23:")) continue;
            const auto read = read_log(format, test::fixture_prefix, [&](auto& reader, auto& take) {
                reader.feed(std::string_view(bytes).substr(0, at), take);
                reader.next_file(take);
                reader.feed(rest, take);
            });
            check_same(read, whole, at);
        }
    }
}

TEST_CASE("an entry that the end of a file has torn is dropped, and none but that") {
    for (const auto& [file, format] : fixtures) {
        // Of a name that is torn itself nobody can say where it would have ended.
        if (file.find("forged") != file.npos) continue;
        const auto bytes = log_fixture(file);
        const auto whole = read_log(format, bytes);
        INFO(file);
        for (std::size_t at = bytes.size() / 3; at < bytes.size() / 3 + 700; ++at) {
            const auto torn = std::string_view(bytes).substr(0, at);
            const auto before =
                read_log(format, test::fixture_prefix, [&](auto& reader, auto& take) {
                    reader.feed(torn.substr(0, torn.rfind('\n') + 1), take);
                });
            const auto read = read_log(format, test::fixture_prefix, [&](auto& reader, auto& take) {
                reader.feed(torn, take);
                reader.next_file(take);
                reader.feed(bytes, take);
            });
            const auto size = whole.entries.size();
            REQUIRE(read.entries.size() >= size);
            const auto own = read.entries.size() - size;
            const std::vector front(read.entries.begin(),
                                    read.entries.begin() + static_cast<std::ptrdiff_t>(own));
            const std::vector back(read.entries.begin() + static_cast<std::ptrdiff_t>(own),
                                   read.entries.end());
            const bool none_lost = back == whole.entries && own + 1 >= before.entries.size();
            const bool same_front = std::equal(front.begin(), front.end(), whole.entries.begin());
            if (none_lost && same_front) continue;
            INFO("torn at " << at);
            CHECK(none_lost);
            CHECK(same_front);
        }
    }
}

TEST_CASE("reading goes on from the pending bytes as if it had not stopped") {
    for (const auto& [file, format] : fixtures) {
        const auto bytes = log_fixture(file);
        const auto whole = read_log(format, bytes);
        INFO(file);
        // Who broke a name is known from lines before: a new reader does not know them.
        if (file.find("forged") != file.npos || file == "pg15-full.stderr.log") continue;
        for (std::size_t at = 0; at <= bytes.size(); at += 41) {
            kept_log read;
            const auto take = [&](const audit::log_entry& e) { read.entries.emplace_back(e); };
            audit::log_reader first(format, audit::text_prefix(test::fixture_prefix));
            first.feed(std::string_view(bytes).substr(0, at), take);
            const auto from = at - first.pending_bytes();
            audit::log_reader second(format, audit::text_prefix(test::fixture_prefix));
            second.feed(std::string_view(bytes).substr(from), take);
            second.finish(take);
            INFO("stopped at " << at);
            CHECK(read.entries == whole.entries);
        }
    }
}
