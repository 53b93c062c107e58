#include "audit/made_event.hpp"
#include "support/catch.hpp"

#include <tallyfs/audit/expected_work.hpp>
#include <tallyfs/base/day.hpp>
#include <tallyfs/record/action.hpp>

#include <cstdlib>
#include <ctime>

using namespace tallyfs;
using namespace tallyfs::audit;
using namespace tallyfs::audit::made;

namespace {

/// The zone of days, put back at the end.
class day_zone {
  public:
    explicit day_zone(const char* name) {
        if (const char* before = std::getenv("TZ")) before_ = before;
        zone::use(name);
    }
    ~day_zone() {
        before_ ? ::setenv("TZ", before_->c_str(), 1) : ::unsetenv("TZ");
        ::tzset();
    }
    day_zone(const day_zone&) = delete;
    day_zone& operator=(const day_zone&) = delete;

  private:
    std::optional<std::string> before_;
};

expected_work read(std::string_view text, wall_time now = noon) {
    auto parsed = parse_expected_work(text, now);
    INFO(parsed.problem);
    REQUIRE(parsed.problem.empty());
    return parsed.work;
}

wall_time at(const char* text) {
    return *parse_rfc3339(text);
}

const expected_work* found(const expected_work& work, record::audit_event event) {
    static std::vector<expected_work> all;
    all = {work};
    judge(event, people(), {});
    return find_expected(all, event);
}

}  // namespace

TEST_CASE("expected work is read from its words") {
    const auto work = read("user=jd cluster=orders-cl for=2h ticket=DB-123");
    CHECK(work.user == "jd");
    CHECK(work.cluster == "orders-cl");
    CHECK(work.database.empty());
    CHECK(work.from == noon);
    CHECK(work.until == noon + 2h);
    CHECK(work.ticket == "DB-123");
    CHECK(read("user=jd cluster=c for=90m ticket=x1").until == noon + 90min);
    CHECK(read("user=jd\ncluster=c # orders\nfor=14d\nticket=\"request 0057\"\n").until ==
          noon + 14 * 24h);
    CHECK(read("user=jd cluster=c ticket=T1 database=app from=2026-11-22T20:00:00Z "
               "until=2026-11-22T22:00:00+01:00")
              .until == at("2026-11-22T21:00:00Z"));
}

TEST_CASE("times without an offset are those of the clocks where days turn") {
    const day_zone berlin("Europe/Berlin");
    const auto from = [](const char* time, const char* now) {
        return read("user=jd cluster=c for=1h ticket=T1 from=" + std::string(time), at(now)).from;
    };
    CHECK(from("2026-11-22T20:00", "2026-11-20T12:00:00Z") == at("2026-11-22T19:00:00Z"));
    CHECK(from("2026-07-01T20:00:30", "2026-06-30T12:00:00Z") == at("2026-07-01T18:00:30Z"));
    // Clocks go forward at 2:00 and back at 3:00.
    CHECK(from("2026-03-29T01:59", "2026-03-28T12:00:00Z") == at("2026-03-29T00:59:00Z"));
    CHECK(from("2026-03-29T03:00", "2026-03-28T12:00:00Z") == at("2026-03-29T01:00:00Z"));
    CHECK(parse_expected_work("user=jd cluster=c for=1h ticket=T1 from=2026-03-29T02:30",
                              at("2026-03-28T12:00:00Z"))
              .problem.find("clocks go forward") != std::string::npos);
    CHECK(from("2026-10-25T02:30", "2026-10-24T12:00:00Z") == at("2026-10-25T00:30:00Z"));
    CHECK(from("2026-10-25T03:00", "2026-10-24T12:00:00Z") == at("2026-10-25T02:00:00Z"));
}

TEST_CASE("a mistake in expected work is told with what to write") {
    const auto problem = [](const std::string& text) {
        return parse_expected_work(text, noon).problem;
    };
    const std::string whole = "user=jd cluster=orders-cl for=2h ticket=DB-123 ";
    REQUIRE(problem(whole).empty());
    CHECK(problem("cluster=c for=2h ticket=T1").find("user= is missing") != std::string::npos);
    CHECK(problem("user=jd for=2h ticket=T1").find("cluster= is missing") != std::string::npos);
    CHECK(problem("user=jd cluster=c for=2h").find("ticket= is missing") != std::string::npos);
    CHECK(problem("user=jd cluster=c ticket=T1").find("for= is missing") != std::string::npos);
    CHECK(problem("").find("user=jd cluster=orders-cl for=2h") != std::string::npos);
    CHECK(problem(whole + "databse=x").find("did you mean database?") != std::string::npos);
    CHECK(problem("user=* cluster=c for=2h ticket=T1").find("without *") != std::string::npos);
    CHECK(problem("user=jd cluster=c for=2 ticket=T1").find("for=90m") != std::string::npos);
    CHECK(problem("user=jd cluster=c for=15d ticket=T1").find("14 days") != std::string::npos);
    for (const auto* more : {"for=1h", "until=2026-11-21T00:00:00Z", "user=x", "x", "from=tomorrow",
                             "from=2026-11-20T11:54:59Z", "from=2026-11-20",
                             "from=2026-13-01T10:00", "from=2026-11-22T20:00x", "database=a*"}) {
        CAPTURE(more);
        CHECK_FALSE(problem(whole + more).empty());
    }
    for (const auto* length : {"0h", "-1h", "h", "1w", "99999999d", "1.5h", "1h30m", "+1h"}) {
        CAPTURE(length);
        CHECK_FALSE(problem("user=jd cluster=c ticket=T1 for=" + std::string(length)).empty());
    }
    const std::string until = "user=jd cluster=c ticket=T1 from=2026-11-20T13:00:00Z until=";
    CHECK_FALSE(problem(until + "2026-11-20T13:00:00Z").empty());
    CHECK_FALSE(problem(until + "2026-12-20T13:00:00Z").empty());
    CHECK_FALSE(problem("user=jd cluster=c ticket=T1 until=2026-11-20T11:00:00Z").empty());
    CHECK_FALSE(problem("user=jd cluster=c for=1h ticket=" + std::string(49, 'a')).empty());
}

TEST_CASE("what matches is expected, from its beginning until its end") {
    auto work = read("user=jd cluster=orders-cl for=2h ticket=DB-123");
    auto event = statement("WRITE", "DELETE", "public.orders", "delete from orders", 3);
    CHECK(found(work, event) != nullptr);
    event.logged = noon + 2h - 1us;
    CHECK(found(work, event) != nullptr);
    event.logged = noon + 2h;
    CHECK(found(work, event) == nullptr);
    event.logged = noon - 1us;
    CHECK(found(work, event) == nullptr);
    event.logged = noon;
    event.user = "human2";
    CHECK(found(work, event) == nullptr);
    event.user = "jd";
    event.cluster = "prod/other-orders-cl";
    CHECK(found(work, event) == nullptr);
    event.cluster = "dev/orders-cl";
    CHECK(found(work, event) != nullptr);
    work.cluster = "prod/orders-cl";
    CHECK(found(work, event) == nullptr);
    event.cluster = "prod/orders-cl";
    CHECK(found(work, event) != nullptr);
    work.database = "billing";
    CHECK(found(work, event) == nullptr);
    event.database = "billing";
    CHECK(found(work, event) != nullptr);
    CHECK(found(work, error("42501")) == nullptr);
    work.database = "app";
    CHECK(found(work, error("42501")) != nullptr);
}

TEST_CASE("forgery, missing lines and changes of what is logged are never expected") {
    const auto work = read("user=jd cluster=orders-cl for=2h ticket=DB-123");
    for (const auto* kind : {"forged", "gap", "unreadable", "settings"}) {
        auto event = error("");
        event.kind = kind;
        CHECK(found(work, event) == nullptr);
    }
    for (const auto* text : {"set pgaudit.log = ?", "select ?; set pgaudit.log = ?"})
        CHECK(found(work, statement("MISC", "SET", "", text)) == nullptr);
    CHECK(found(work, statement("MISC", "SET", "", "set a = ?")) != nullptr);
}

TEST_CASE("with statements only these are expected") {
    auto work = read("user=jd cluster=orders-cl for=2h ticket=DB-123");
    const std::string longer =
        "create table important (id int primary key, a text, b text, c text)";
    work.statements = {"drop table t", longer + ";"};
    const auto ddl = [](std::string text) {
        return statement("DDL", "CREATE TABLE", "public.t", std::move(text));
    };
    expected_work stored;
    REQUIRE(parse_expected_json(to_json(work), stored));
    CHECK(stored.statements.at(1).starts_with("sha256:"));
    for (const auto& one : {work, stored}) {
        CHECK(found(one, ddl("drop table t")) != nullptr);
        CHECK(found(one, ddl("drop table t;")) != nullptr);
        CHECK(found(one, ddl("drop  table t -- now")) != nullptr);
        CHECK(found(one, ddl(longer)) != nullptr);
        CHECK(found(one, ddl(longer + " partition by list (a)")) == nullptr);
        CHECK(found(one, ddl("drop table t2")) == nullptr);
        CHECK(found(one, ddl("drop table t; drop table t2")) == nullptr);
        CHECK(found(one, ddl("")) == nullptr);
    }
    // What is not shown to its end could go on with anything.
    work.statements = {"alter role a password ? ..."};
    CHECK(found(work, ddl("alter role a password 'x'; drop table t")) == nullptr);
}

TEST_CASE("expected work is read back as it was recorded") {
    auto work = read("user=\"a \\\"b\" cluster=c database=d for=2h ticket=\"request 0057\"");
    work.statements = {"drop table t", "create \"T\""};
    expected_work again;
    REQUIRE(parse_expected_json(to_json(work), again));
    CHECK(again == work);
    work.number = 7;
    work.by = "anna";
    expected_work without;
    REQUIRE(parse_expected_json(to_json(work), without));
    CHECK(without == again);
    for (int i = 0; i < 140; ++i)
        work.statements.push_back(std::string(5'000, 'a') + std::to_string(i));
    CHECK(to_json(work).size() < record::action_detail_bytes_max);
    for (const auto* text : {"", "{}", "[]", "nothing", "{\"user\":1}", "{\"user\":\"\"}"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_expected_json(text, again));
    }
    auto json = to_json(again);
    std::swap(again.from, again.until);
    CHECK_FALSE(parse_expected_json(to_json(again), again));
    CHECK_FALSE(parse_expected_json(json + std::string(20'000, ' '), again));
}
