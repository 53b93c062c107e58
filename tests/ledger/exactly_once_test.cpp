#include "ledger/lines.hpp"

#include <support/catch.hpp>
#include <support/temporary_directory.hpp>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <unistd.h>

namespace {

using namespace tallyfs;
using test::date_of;
using test::describe;

/// What a ledger shows that has taken in everything in one go.
std::string expected(const test::line_journal& lines) {
    const test::temporary_directory directory;
    ledger::ledger whole(directory.path() / "ledger.sqlite");
    lines.apply_rest(whole, std::size_t{1} << 20);
    return describe(whole);
}

TEST_CASE("wherever batches are cut and the ledger is reopened, every line counts once") {
    test::random_calls random(11);
    const auto lines = random.make_journal(4, 150);
    const auto wanted = expected(lines);
    for (int round = 0; round < 4; ++round) {
        const test::temporary_directory directory;
        const auto file = directory.path() / "ledger.sqlite";
        std::string before;
        for (int opened = 0; opened < 12; ++opened) {
            ledger::ledger ledger(file);
            REQUIRE(ledger.was_reset().empty());
            if (opened > 0) REQUIRE(describe(ledger) == before);
            lines.apply_rest(ledger, 1 + random.pick(20'000), random.pick(12));
            before = describe(ledger);
        }
        ledger::ledger ledger(file);
        lines.apply_rest(ledger, 1);
        CHECK(describe(ledger) == wanted);
    }
}

/// Applies line by line in a process of its own, writing a byte to `progress` after each.
[[noreturn]] void apply_until_killed(const std::filesystem::path& file,
                                     const test::line_journal& lines, int progress) {
    ledger::ledger ledger(file);
    for (;;) {
        lines.apply_rest(ledger, 1, 1);
        if (::write(progress, "", 1) != 1) ::_exit(1);
    }
}

TEST_CASE("a process killed while it applies neither loses a line nor counts one twice") {
    const test::temporary_directory directory;
    const auto file = directory.path() / "ledger.sqlite";
    test::random_calls random(12);
    const auto lines = random.make_journal(3, 120);
    for (int round = 0; round < 8; ++round) {
        std::array<int, 2> pipe{};
        REQUIRE(::pipe(pipe.data()) == 0);
        const ::pid_t child = ::fork();
        if (child == 0) {
            ::close(pipe[0]);
            apply_until_killed(file, lines, pipe[1]);
        }
        ::close(pipe[1]);
        char ignored = 0;
        for (int i = 0; i < 30; ++i) REQUIRE(::read(pipe[0], &ignored, 1) == 1);
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        REQUIRE(WIFSIGNALED(status));
        ::close(pipe[0]);
    }
    ledger::ledger ledger(file);
    CHECK(ledger.was_reset().empty());
    CHECK(ledger.stamp_of_all().lines >= 8 * 25);
    lines.apply_rest(ledger, 5'000);
    CHECK(describe(ledger) == expected(lines));
}

TEST_CASE("lines that cannot be read are counted, skipped, and do not hide the others") {
    const test::temporary_directory directory;
    const auto file = directory.path() / "ledger.sqlite";
    test::random_calls random(13);
    test::line_journal lines;
    const journal::segment_id segment{date_of("2026-11-20"), 1};
    lines.append_text(segment, std::string_view("\n\0\xff not a line\n{}\n[1]\n", 22));
    lines.append(segment, random.make(segment.date.date()));
    lines.append_text(segment, "{\"v\":1,\"time\":\"2026\n");
    {
        ledger::ledger ledger(file);
        lines.apply_rest(ledger, 1);
        CHECK(ledger.unreadable_lines() == 5);
        CHECK(ledger.stamp_of_all().lines == 1);
    }
    const ledger::ledger reopened(file);
    CHECK(reopened.unreadable_lines() == 5);
    CHECK(reopened.checkpoint().offset == lines.segments().at(segment).size());
}

TEST_CASE("a batch that does not follow the checkpoint or has no newline is refused") {
    const test::temporary_directory directory;
    test::random_calls random(14);
    test::line_journal lines;
    const journal::segment_id segment{date_of("2026-11-20"), 1};
    lines.append(segment, random.make(segment.date.date()));
    ledger::ledger ledger(directory.path() / "ledger.sqlite");
    lines.apply_rest(ledger, 1);
    const auto before = describe(ledger);
    const std::string& text = lines.segments().at(segment);
    const auto refused = boost::system::errc::invalid_argument;
    CHECK(ledger.apply({segment, 0, text}).error() == refused);
    CHECK(ledger.apply({{date_of("2026-11-19"), 1}, 0, text}).error() == refused);
    CHECK(ledger.apply({segment, text.size() + 1, text}).error() == refused);
    CHECK(ledger.apply({{date_of("2026-11-21"), 1}, 1, text}).error() == refused);
    const auto torn = std::string_view(text).substr(0, 10);
    CHECK(ledger.apply({segment, text.size(), torn}).error() == refused);
    CHECK(ledger.apply({segment, text.size(), ""}));
    CHECK(describe(ledger) == before);
}

/// While it exists, no file of this process can grow beyond a size: a disk that is full.
class full_disk {
  public:
    explicit full_disk(::rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const ::rlimit limited{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limited);
    }
    full_disk(const full_disk&) = delete;
    full_disk& operator=(const full_disk&) = delete;
    ~full_disk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

  private:
    ::rlimit before_{};
    void (*handler_)(int);
};

TEST_CASE("a batch that a full disk has no room for can be applied later") {
    const test::temporary_directory directory;
    test::random_calls random(17);
    const auto lines = random.make_journal(2, 150);
    ledger::ledger ledger(directory.path() / "ledger.sqlite");
    lines.apply_rest(ledger, 10'000, 3);
    const auto before = describe(ledger);
    const auto at = ledger.checkpoint();
    const auto rest = std::string_view(lines.segments().at(at.segment)).substr(at.offset);
    const auto applied = [&] {
        const full_disk full(8'192);
        return ledger.apply({at.segment, at.offset, rest});
    }();
    REQUIRE(applied.has_error());
    CHECK(applied.error().category() == ledger::sqlite_category());
    CHECK_FALSE(ledger::is_damage(applied.error()));
    CHECK(describe(ledger) == before);
    lines.apply_rest(ledger, 10'000);
    CHECK(describe(ledger) == expected(lines));
}

TEST_CASE("cleared and rebuilt, the ledger shows the same") {
    const test::temporary_directory directory;
    test::random_calls random(15);
    const auto lines = random.make_journal(3, 200);
    ledger::ledger ledger(directory.path() / "ledger.sqlite");
    lines.apply_rest(ledger, 3'000);
    const auto before = describe(ledger);
    REQUIRE(ledger.clear());
    CHECK(ledger.checkpoint() == journal::position{});
    CHECK(ledger.usage({}).value().empty());
    CHECK(ledger.stamp_of_all() == ledger::stamp{});
    lines.apply_rest(ledger, 50'000);
    CHECK(describe(ledger) == before);
}

TEST_CASE("stamps tell the lines and the last time of a day, a service and a model") {
    const test::temporary_directory directory;
    test::random_calls random(16);
    test::line_journal lines;
    const auto at = [](const char* text) { return parse_rfc3339(text).value(); };
    const auto append = [&](const char* time, const char* service, const char* model) {
        auto call = random.make(at(time));
        call.service = service;
        call.model = model;
        lines.append({date_of("2026-11-20"), 1}, call);
    };
    append("2026-11-20T08:00:00Z", "n8n", "qwen3:14b");
    append("2026-11-20T09:00:00Z", "agent", "qwen3:14b");
    append("2026-11-20T08:30:00Z", "n8n", "nomic-embed-text");  // the clock stepped back
    ledger::ledger ledger(directory.path() / "ledger.sqlite");
    lines.apply_rest(ledger, 1'000'000);
    using tallyfs::ledger::stamp;
    CHECK(ledger.stamp_of_all() == stamp{3, at("2026-11-20T08:30:00Z")});
    CHECK(ledger.stamp_of_day(date_of("2026-11-20")) == stamp{3, at("2026-11-20T08:30:00Z")});
    CHECK(ledger.stamp_of_service("n8n") == stamp{2, at("2026-11-20T08:30:00Z")});
    CHECK(ledger.stamp_of_service("agent") == stamp{1, at("2026-11-20T09:00:00Z")});
    CHECK(ledger.stamp_of_model("qwen3:14b") == stamp{2, at("2026-11-20T09:00:00Z")});
    CHECK(ledger.services() == std::vector<std::string>{"agent", "n8n"});
    CHECK(ledger.models() == std::vector<std::string>{"nomic-embed-text", "qwen3:14b"});
}

}  // namespace
