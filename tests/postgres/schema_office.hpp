// A database with a directory of migrations, and what asks for them and carries them out.
// Kinds: docs/databases.md, "Schema and migrations".
#pragma once

#include "postgres/look.hpp"
#include "postgres/server.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/postgres/schema_changes.hpp>

#include <chrono>
#include <future>

namespace tallyfs::test {

class schema_office {
  public:
    using effect = state::approval_kind::effect;

    explicit schema_office(std::vector<std::string> settings = {})
        : server(std::move(settings)),
          schemas(folder.path() / "state" / "schemas"),
          changes({[this] { return databases; },
                   [this](const health::registration& where, bool remedies) {
                       return postgres::outcome<postgres::endpoint>(
                           at(server, remedies ? role : looker, where.database));
                   },
                   schemas,
                   clock,
                   {std::chrono::seconds(5), std::chrono::milliseconds(300)}}),
          kinds(changes.kinds()) {
        server.psql("CREATE DATABASE app");
        std::filesystem::create_directory(directory());
        of.cluster = {"dev", "one"};
        of.database = "app";
        of.host = server.host();
        of.port = server.port();
        of.remedies_credential = "changer";
        of.migrations = directory();
        enlist();
    }
    ~schema_office() { changes.stop(); }

    [[nodiscard]] std::filesystem::path directory() const { return folder.path() / "migrations"; }
    void enlist() {
        auto all = std::make_shared<postgres::registered>();
        all->databases.push_back(of);
        databases = std::move(all);
    }
    void write(const std::string& name, const std::string& up, const std::string& down = "",
               const std::string& options = "") const {
        const auto text =
            "-- migrate:up" + options + "\n" + up + "\n-- migrate:down" + options + "\n" + down;
        if (!replace_file(directory() / name, text + "\n")) throw std::runtime_error(name);
    }
    std::string sql(const std::string& text) const { return server.psql(text, "app"); }

    /// What is asked for, or why it cannot be.
    approval::request ask(const std::string& kind, approval::parameters all) {
        approval::request made;
        made.number = ++last_number;
        made.asked.kind = kind;
        made.asked.parameters = std::move(all);
        made.asked.parameters["database"] = "dev/one/app";
        refused = kind_of(kind).prepare(made.asked);
        return made;
    }
    approval::request ask_up(const std::string& version) {
        return ask("pg-migrate", {{"version", version}, {"direction", "up"}});
    }
    /// What takes it back.
    approval::request undoing(const approval::request& done) {
        auto made = done;
        made.number = ++last_number;
        made.undo_of = done.number;
        made.asked.plan = std::exchange(made.asked.undo, "");
        return made;
    }
    [[nodiscard]] const state::approval_kind& kind_of(const std::string& name) const {
        return kinds.at(name == "pg-migrate" ? 0 : 1);
    }
    std::future<effect> begin(const approval::request& what) const {
        auto ended = std::make_shared<std::promise<effect>>();
        kind_of(what.asked.kind).begin(what, [ended](effect made) { ended->set_value(made); });
        return ended->get_future();
    }
    [[nodiscard]] effect run(const approval::request& what) const { return begin(what).get(); }
    [[nodiscard]] approval::probe probe(const approval::request& what) const {
        std::promise<approval::probe> found;
        kind_of(what.asked.kind).begin_probe(what, [&](approval::probe is) {
            found.set_value(is);
        });
        return found.get_future().get();
    }
    /// A full look, as the collector takes it.
    health::snapshot look(const health::snapshot* before = nullptr) {
        clock.advance(std::chrono::minutes(30));
        const auto on = postgres::connection::open(at(server, looker, "app"), {});
        auto seen = postgres::take_snapshot(*on.value(), clock.wall(), {}).value();
        schemas.observe(of, seen, before);
        return seen;
    }
    [[nodiscard]] std::shared_ptr<const postgres::schema_view> view() const {
        return schemas.find("dev/one/app");
    }
    [[nodiscard]] std::string states() const { return health::migrations_csv(view()->migrations); }

    manual_clock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    temporary_directory folder;
    postgres_cluster server;
    health::registration of;
    std::shared_ptr<const postgres::registered> databases;
    postgres::schema_registry schemas;
    std::string role = "postgres";    ///< of remedies
    std::string looker = "postgres";  ///< who only looks
    postgres::schema_changes changes;
    std::vector<state::approval_kind> kinds;
    std::uint32_t last_number = 0;
    std::string refused;
};

inline bool tells(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace tallyfs::test
