// A real server with pgAudit, and what tallyfs would know of it: a look, canaries, and its own log
// as it was written. Source: PostgreSQL 15, "Using JSON-Format Log Output".
#pragma once

#include "postgres/server.hpp"

#include <tallyfs/postgres/audit_probe.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <sstream>
#include <unistd.h>

/// Leaves the test with its reason printed where there is no server with pgAudit and jsonlog.
#define NEEDS_PGAUDIT()                                                        \
    do {                                                                       \
        const auto why_not_here = ::tallyfs::test::audited_cluster::why_not(); \
        if (!why_not_here.empty()) {                                           \
            WARN("skipped: " << why_not_here);                                 \
            return;                                                            \
        }                                                                      \
    } while (false)

namespace tallyfs::test {

/// Roles of persons: jd, boss (a superuser). Services: app, look (which is us), postgres.
class audited_cluster {
  public:
    static std::string why_not() {
        if (auto why = postgres_cluster::why_not_pgaudit(); !why.empty()) return why;
        static const int version = [] {
            const postgres_cluster asked;
            return std::stoi(asked.psql("SHOW server_version_num"));
        }();
        return version < 150'000 ? "this server has no jsonlog" : "";
    }

    explicit audited_cluster(bool preloaded = true)
        : server(preloaded
                     ? std::vector<std::string>{"shared_preload_libraries=pgaudit",
                                                "logging_collector=on", "log_destination=jsonlog",
                                                "log_timezone=UTC"}
                     : std::vector<std::string>{"logging_collector=on", "log_destination=jsonlog",
                                                "log_timezone=UTC"}) {
        server.psql(
            "CREATE TABLE orders (n int); CREATE ROLE jd LOGIN; CREATE ROLE app LOGIN;"
            "CREATE ROLE boss LOGIN SUPERUSER; GRANT ALL ON orders TO jd, app;"
            "CREATE ROLE look LOGIN; GRANT pg_monitor TO look;"
            "ALTER ROLE look SET pgaudit.log = 'function'");
        if (preloaded) server.psql("CREATE EXTENSION pgaudit");
        for (const std::string role : {"jd", "boss"}) audit_all_of(role);
    }

    void audit_all_of(const std::string& role) {
        server.psql("ALTER ROLE " + role + " SET pgaudit.log = 'read, write, ddl, role';" +
                    "ALTER ROLE " + role + " SET pgaudit.log_relation = on;" + "ALTER ROLE " +
                    role + " SET pgaudit.log_rows = on");
    }

    [[nodiscard]] std::string log() const { return server.collected_log(".json"); }
    /// Records of pgAudit of a user, each as "READ,SELECT,TABLE,public.orders,…".
    [[nodiscard]] std::vector<std::string> records_of(const std::string& user) const {
        std::vector<std::string> all;
        std::istringstream lines(log());
        for (std::string line; std::getline(lines, line);) {
            const auto entry = boost::json::parse(line).as_object();
            const auto message = text(entry, "message");
            if (text(entry, "user") != user || !message.starts_with("AUDIT: SESSION,")) continue;
            auto rest = message.substr(std::string_view("AUDIT: SESSION,").size());
            for (int i = 0; i < 2; ++i) rest.erase(0, rest.find(',') + 1);
            all.push_back(std::move(rest));
        }
        return all;
    }

    audit::server_facts look() {
        const audit::accounts who({"jd", "boss"}, {"app", "look", "postgres"});
        auto seen = probe.look(at(server, "look"), who);
        INFO((seen ? "" : seen.error().what));
        REQUIRE(seen.has_value());
        return std::move(*seen);
    }
    void send_canary() {
        canaries.push_back(probe.send_canary(at(server, "look")));
        canaries.back().sent = system_clock_source().wall();
        INFO(canaries.back().problem);
        REQUIRE(canaries.back().answered);
    }
    /// Until an entry is in the log of which it is known that it is written.
    void wait_for_log(const std::string& part) const {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (log().find(part) == std::string::npos) {
            REQUIRE(std::chrono::steady_clock::now() < deadline);
            ::usleep(20'000);
        }
    }
    /// All that is known some minutes from now, so that what has not come by then is missing.
    audit::self_test_input seen_after(std::chrono::minutes later) {
        audit::self_test_input seen;
        seen.cluster = "test/cluster";
        seen.server = look();
        seen.now = system_clock_source().wall() + later;
        seen.feed = feed();
        for (auto& one : canaries) one.seen = log().find(one.mark) != std::string::npos;
        seen.canaries = canaries;
        return seen;
    }
    /// What the self-test says once a canary is in the log: the collector writes what it is given
    /// in that order.
    audit::self_test_report report() {
        send_canary();
        wait_for_log(canaries.back().mark);
        return audit::self_test(seen_after(std::chrono::minutes(6)));
    }
    /// The same where no canary gets into the log.
    audit::self_test_report report_of_silence() {
        send_canary();
        return audit::self_test(seen_after(std::chrono::minutes(6)));
    }

    postgres_cluster server;
    postgres::audit_probe probe;
    std::vector<audit::canary> canaries;

  private:
    static std::string text(const boost::json::object& entry, std::string_view key) {
        const auto* const value = entry.if_contains(key);
        return value == nullptr || !value->is_string() ? "" : std::string(value->as_string());
    }
    static wall_time time_of(const boost::json::object& entry) {
        auto time = text(entry, "timestamp");  // "2026-11-20 13:25:00.123 UTC"
        time[10] = 'T';
        time.replace(time.size() - 4, 4, "Z");
        const auto parsed = parse_rfc3339(time);
        REQUIRE(parsed.has_value());
        return *parsed;
    }
    audit::feed_facts feed() const {
        audit::feed_facts made;
        std::istringstream lines(log());
        for (std::string line; std::getline(lines, line);) {
            const auto entry = boost::json::parse(line).as_object();
            made.newest = time_of(entry);
            if (made.entries++ == 0) made.oldest = made.newest;
            const auto is_error = text(entry, "error_severity") == "ERROR";
            if (is_error || text(entry, "message").starts_with("AUDIT: ")) {
                made.last_of_pid[static_cast<std::int32_t>(entry.at("pid").as_int64())] =
                    made.newest;
            }
        }
        made.grew = made.newest;  // the same machine's clock
        made.trust = "structured";
        return made;
    }
};

/// "blind log-level", for each finding.
inline std::string found(const audit::self_test_report& report) {
    std::string text;
    for (const auto& one : report.findings) {
        if (!text.empty()) text += ", ";
        text += std::string(audit::to_string(one.verdict)) + " " + one.check;
    }
    return text;
}

inline std::string whole(const audit::self_test_report& report) {
    return audit::self_test_text({report});
}

}  // namespace tallyfs::test
