// What the tests of remedies share: a server that is registered and seen, and requests for it.
// Servers: support/postgres_cluster.hpp.
#pragma once

#include "postgres/server.hpp"

#include <tallyfs/health/remedy.hpp>
#include <tallyfs/postgres/remedies.hpp>

#include <future>

namespace tallyfs::test {

inline const std::string rfc3339_sql = "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'";

inline constexpr auto options_of = "SELECT reloptions FROM pg_class WHERE relname = 'orders'";

/// The role of the remedies owns the tables, and can end sessions and drop slots; no superuser.
inline void prepare(const postgres_cluster& server) {
    server.psql(
        "CREATE ROLE mender LOGIN REPLICATION; GRANT pg_signal_backend, pg_monitor TO mender;"
        "CREATE ROLE app LOGIN; GRANT ALL ON SCHEMA public TO app, mender;"
        "CREATE TABLE orders (n int) WITH (autovacuum_enabled = false, fillfactor = 70,"
        " autovacuum_vacuum_scale_factor = 0.050); ALTER TABLE orders OWNER TO mender;"
        "GRANT ALL ON orders TO app");
}

/// "" if `text` says that; else all of it.
inline std::string without(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos ? "" : "instead: " + text;
}

/// One database of a server, the credential of remedies being the role "mender".
class remedy_world {
  public:
    explicit remedy_world(const postgres_cluster& server, postgres::remedy_limits limits = quick())
        : server_(server),
          remedies_({seen, [this] { return registrations(); },
                     [this](const health::registration& of, bool) {
                         auto where = at(server_, role, of.database);
                         where.password = "";
                         return boost::system::result<postgres::endpoint, postgres::failure>(where);
                     },
                     nullptr, limits}) {
        what.cluster = {"dev", "here"};
        what.database = "postgres";
        what.host = server.host();
        what.port = server.port();
        what.credential = "monitor";
        what.remedies_credential = "mender";
        look();
    }

    static postgres::remedy_limits quick() {
        return {std::chrono::milliseconds(200), std::chrono::milliseconds(2'000),
                std::chrono::milliseconds(5'000), std::chrono::milliseconds(3'000)};
    }

    /// Puts what there is now on the board.
    void look() {
        health::watched_server now;
        now.id = what.cluster;
        auto sample = std::make_shared<health::sample>();
        auto full = std::make_shared<health::snapshot>();
        for (const auto& line : rows("SELECT pid, to_char(backend_start AT TIME ZONE 'UTC', " +
                                     rfc3339_sql + "), to_char(xact_start AT TIME ZONE 'UTC', " +
                                     rfc3339_sql + ") FROM pg_stat_activity")) {
            health::session one;
            one.pid = std::stoi(line[0]);
            one.backend_start = parse_rfc3339(line[1]);
            one.transaction_start = parse_rfc3339(line[2]);
            sample->sessions.push_back(one);
        }
        for (const auto& line :
             rows("SELECT gid, database, owner, to_char(prepared AT TIME ZONE 'UTC', " +
                  rfc3339_sql + ") FROM pg_prepared_xacts")) {
            sample->prepared.push_back({line[0], line[1], line[2], parse_rfc3339(line[3]), 5});
        }
        for (const auto& line :
             rows("SELECT slot_name, coalesce(database, '') FROM pg_replication_slots")) {
            health::replication_slot one;
            one.name = line[0];
            one.database = line[1];
            sample->slots.push_back(one);
        }
        for (const auto& line :
             rows("SELECT relname, array_to_string(reloptions, ' ') FROM pg_class "
                  "WHERE relkind IN ('r', 'm') AND relnamespace = 'public'::regnamespace")) {
            health::table one;
            one.schema = "public";
            one.name = line[0];
            for (std::string_view rest = line[1]; !rest.empty();) {
                const auto end = std::min(rest.find(' '), rest.size());
                one.options.emplace_back(rest.substr(0, end));
                rest.remove_prefix(std::min(end + 1, rest.size()));
            }
            full->tables.push_back(one);
        }
        now.sample = sample;
        now.databases = {{what, {}, full, nullptr, {}}};
        now.findings = findings;
        seen.publish(now);
    }

    /// What was asked for, as approvals keep it; the sentence says why not.
    std::string ask(const std::string& kind, approval::parameters all) {
        all.emplace("database", "dev/here/postgres");
        request = {};
        request.number = ++number_;
        request.asked.kind = kind;
        request.asked.parameters = std::move(all);
        request.created = system_clock_source().wall();
        return kind_of(kind).prepare(request.asked);
    }
    /// What takes the last one back.
    [[nodiscard]] approval::request undoing() {
        auto made = request;
        made.number = ++number_;
        made.undo_of = request.number;
        made.asked.plan = request.asked.undo;
        made.asked.undo = "";
        return made;
    }
    state::approval_kind::effect carry_out(const approval::request& which) {
        std::promise<state::approval_kind::effect> ended;
        auto effect = ended.get_future();
        kind_of(which.asked.kind).begin(which, [&](auto how) { ended.set_value(std::move(how)); });
        if (effect.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
            throw std::runtime_error("a remedy does not end");
        }
        return effect.get();
    }
    state::approval_kind::effect carry_out() { return carry_out(request); }
    approval::probe probe(const approval::request& which) {
        std::promise<approval::probe> ended;
        kind_of(which.asked.kind).begin_probe(which, [&](auto how) { ended.set_value(how); });
        return ended.get_future().get();
    }
    approval::probe probe() { return probe(request); }

    [[nodiscard]] std::shared_ptr<const postgres::registered> registrations() const {
        auto all = std::make_shared<postgres::registered>();
        all->databases = {what};
        return all;
    }
    state::approval_kind kind_of(const std::string& name) {
        for (auto& one : remedies_.kinds()) {
            if (one.name == name) return one;
        }
        throw std::runtime_error("there is no kind " + name);
    }
    postgres::remedies& remedies() { return remedies_; }

    health::registration what;
    std::string role = "mender";
    postgres::board seen;
    std::vector<health::standing_finding> findings;
    approval::request request;

  private:
    [[nodiscard]] std::vector<std::vector<std::string>> rows(const std::string& sql) const {
        const auto on = postgres::connection::open(at(server_), {});
        const auto found = on.value()->read(sql);
        std::vector<std::vector<std::string>> all;
        for (const auto& row : found.value()) {
            auto& line = all.emplace_back();
            for (const auto& field : row) line.push_back(field.value_or(""));
        }
        return all;
    }

    const postgres_cluster& server_;
    std::uint32_t number_ = 56;
    postgres::remedies remedies_;
};

}  // namespace tallyfs::test
