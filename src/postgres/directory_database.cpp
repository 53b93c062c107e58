// databases/<environment>/<cluster>/<database>/.
#include "postgres/directory_files.hpp"

#include <tallyfs/health/report.hpp>
#include <tallyfs/tree/make.hpp>

namespace tallyfs::postgres {

namespace {

using health::snapshot;

std::uint64_t ticks(wall_time time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

wall_time taken(const std::shared_ptr<const snapshot>& full) {
    return full != nullptr ? full->taken : wall_time{};
}

/// tables.csv is made from two snapshots and the server's settings.
std::uint64_t tables_version(const shown_database& shown) {
    auto version = tree::version_of(ticks(taken(shown.database->full)),
                                    ticks(taken(shown.database->full_before)));
    if (shown.server->sample == nullptr) return version;
    const std::hash<std::string> hash;
    for (const auto& [name, value] : shown.server->sample->settings) {
        version = tree::version_of(version, hash(name), hash(value));
    }
    return version;
}

std::string snapshot_text(const health::watched_database& one) {
    std::string text =
        one.full != nullptr ? "last " + to_rfc3339(one.full->taken) : std::string("none so far");
    if (one.next_full) text += ", next " + to_rfc3339(*one.next_full);
    return text + "; echo now > snapshot\n";
}

/// What is known of a database now; nullopt: it is not registered any more.
std::optional<shown_database> now_known(const board& from, const health::cluster_id& id,
                                        const std::string& database) {
    const auto server = from.find(id);
    if (server == nullptr) return std::nullopt;
    for (const auto& one : server->databases) {
        if (one.what.database == database) return shown_database{server, {server, &one}};
    }
    return std::nullopt;
}

/// diagnosis/<minute>.md: any past minute resolves, none is listed.
class past_diagnoses final : public tree::directory {
  public:
    past_diagnoses(std::shared_ptr<const directory_files> files, health::cluster_id id,
                   std::string database)
        : files_(std::move(files)), id_(std::move(id)), database_(std::move(database)) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override { return {}; }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        constexpr std::string_view ending = ".md";
        const auto shown = now_known(files_->parts.from, id_, database_);
        if (!shown || !name.ends_with(ending)) return std::nullopt;
        name.remove_suffix(ending.size());
        auto text = files_->parts.diagnosis_at(*shown, name);
        if (!text) return std::nullopt;
        const auto version = tree::version_of(std::hash<std::string>()(*text));
        return tree::text_node(version, files_->parts.started,
                               [text = std::move(*text)] { return text; });
    }

  private:
    const std::shared_ptr<const directory_files> files_;
    const health::cluster_id id_;
    const std::string database_;
};

/// The files of one database as it is at one moment.
class database_files {
  public:
    database_files(std::shared_ptr<const directory_files> files, const shown_database& shown)
        : files_(std::move(files)), shown_(shown), path_(shown.database->what.path()) {}

    [[nodiscard]] std::shared_ptr<const tree::directory> directory() {
        add_small("findings.json", [](const auto&, const shown_database& s) {
            return health::findings_json(*s.server, s.database->what.database);
        });
        add_small("recommendations.sql", [](const auto&, const shown_database& s) {
            return health::recommendations_sql(*s.server, s.database->what.database);
        });
        add_small("status.txt", [](const directory_parts& parts, const shown_database& s) {
            const auto ruled_out = parts.ruled_out ? parts.ruled_out(s) : std::string();
            return health::status_text(*s.server, *s.database, ruled_out);
        });
        const auto full = ticks(taken(shown_.database->full));
        add_of_snapshot("queries.csv", full,
                        [](const auto& s) { return health::queries_csv(*s.database); });
        add_of_snapshot("roles.csv", full,
                        [](const auto& s) { return health::roles_csv(*s.database); });
        add_of_snapshot("schema.sql", schema_version(),
                        [](const auto& s) { return health::schema_sql(*s.database); });
        add_tables();
        add_snapshot();
        const auto& parts = files_->parts;
        const auto seen = taken(shown_.database->full);
        if (parts.diagnosis) {
            add_supplied("diagnosis.md", parts.diagnosis, std::max(seen, sampled()));
        }
        if (parts.drift) add_supplied("drift.diff", parts.drift, seen);
        if (parts.migrations) add_supplied("migrations.csv", parts.migrations, seen);
        if (parts.diagnosis_at) {
            const auto& what = shown_.database->what;
            add("diagnosis",
                std::make_shared<past_diagnoses>(files_, shown_.server->id, what.database));
        }
        if (parts.history) {
            add("history", parts.history(shown_.server->id, shown_.database->what.database));
        }
        return made_;
    }

  private:
    using render = std::string (*)(const shown_database&);

    [[nodiscard]] wall_time sampled() const {
        return shown_.server->sample != nullptr ? shown_.server->sample->taken : wall_time{};
    }
    /// A schema that is the same keeps its time.
    [[nodiscard]] std::uint64_t schema_version() const {
        const auto& full = shown_.database->full;
        if (full == nullptr) return 0;
        if (full->schema_fingerprint.empty()) return ticks(full->taken);
        return tree::version_of(std::hash<std::string>()(full->schema_fingerprint));
    }

    void add(const std::string& name, std::shared_ptr<const tree::directory> directory) {
        made_->add(name, [directory = std::move(directory), started = files_->parts.started] {
            return tree::directory_node(directory, started);
        });
    }
    /// Made at each look-up, from findings and the sample.
    void add_small(const std::string& name,
                   std::string (*text)(const directory_parts&, const shown_database&)) {
        made_->add(name, [files = files_, shown = shown_, path = path_ + "/" + name, at = sampled(),
                          text] { return files->text(path, text(files->parts, shown), at); });
    }
    void add_of_snapshot(const std::string& name, std::uint64_t version, render text) {
        made_->add(name,
                   [files = files_, shown = shown_, path = path_ + "/" + name, version, text] {
                       return files->text(path, version, taken(shown.database->full),
                                          [shown, text] { return text(shown); });
                   });
    }
    void add_tables() {
        made_->add("tables.csv", [files = files_, shown = shown_, path = path_ + "/tables.csv"] {
            return files->text(path, tables_version(shown), taken(shown.database->full), [shown] {
                return health::tables_csv(*shown.server, *shown.database);
            });
        });
    }
    void add_supplied(const std::string& name,
                      const std::function<supplied_text(const shown_database&)>& from,
                      wall_time seen) {
        made_->add(name, [files = files_, shown = shown_, path = path_ + "/" + name, &from, seen] {
            auto given = from(shown);
            return files->text(path, given.version, seen, std::move(given.render));
        });
    }
    void add_snapshot() {
        made_->add("snapshot", [files = files_, shown = shown_, path = path_] {
            auto node = files->text(path + "/snapshot", snapshot_text(*shown.database),
                                    taken(shown.database->full));
            const auto& parts = files->parts;
            if (!parts.snapshot_now) return node;
            auto& file = std::get<tree::text_file>(node.content);
            file.write = [take = parts.snapshot_now, path](const tree::user& by, std::string text,
                                                           tree::answer answer) {
                take(by, path, text, std::move(answer));
            };
            const bool others = parts.others_may_write && parts.others_may_write();
            node.access.mode = others ? 0666 : 0644;
            return node;
        });
    }

    const std::shared_ptr<const directory_files> files_;
    const shown_database shown_;
    const std::string path_;
    const std::shared_ptr<tree::fixed_directory> made_ = std::make_shared<tree::fixed_directory>();
};

class database_directory final : public tree::directory {
  public:
    database_directory(std::shared_ptr<const directory_files> files, health::cluster_id id,
                       std::string database)
        : files_(std::move(files)), id_(std::move(id)), database_(std::move(database)) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        const auto shown = now_known(files_->parts.from, id_, database_);
        if (!shown) return {};
        return database_files(files_, *shown).directory()->list();
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        const auto shown = now_known(files_->parts.from, id_, database_);
        if (!shown) return std::nullopt;
        return database_files(files_, *shown).directory()->find(name);
    }

  private:
    const std::shared_ptr<const directory_files> files_;
    const health::cluster_id id_;
    const std::string database_;
};

}  // namespace

std::shared_ptr<const tree::directory> make_database_directory(
    std::shared_ptr<const directory_files> files, health::cluster_id id, std::string database) {
    return std::make_shared<database_directory>(std::move(files), std::move(id),
                                                std::move(database));
}

}  // namespace tallyfs::postgres
