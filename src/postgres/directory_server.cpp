// databases/<environment>/<cluster>/.
#include "postgres/directory_files.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/health/report.hpp>
#include <tallyfs/tree/make.hpp>

#include <spdlog/fmt/fmt.h>

#include <array>

namespace tallyfs::postgres {

namespace {

using health::watched_server;
using server_pointer = std::shared_ptr<const watched_server>;

wall_time taken(const watched_server& server) {
    return server.sample != nullptr ? server.sample->taken : wall_time{};
}

/// Of what a look shows: each look has its time.
std::uint64_t sample_version(const watched_server& server) {
    return tree::version_of(taken(server).time_since_epoch().count());
}
/// Of what is counted between looks as well.
std::uint64_t publication_version(const watched_server& server) {
    return tree::version_of(server.version);
}
std::uint64_t wraparound_version(const watched_server& server) {
    auto version = sample_version(server);
    for (const auto& one : server.databases) {
        if (one.full == nullptr) continue;
        version = tree::version_of(version, one.full->taken.time_since_epoch().count());
    }
    return version;
}

/// A file that is made from the server; `version` null: by its bytes.
struct report {
    std::string_view name;
    std::string (*render)(const watched_server&);
    std::uint64_t (*version)(const watched_server&);
};
constexpr std::array<report, 10> reports{{
    {"connections.csv", health::connections_csv, sample_version},
    {"findings.json", [](const watched_server& s) { return health::findings_json(s, ""); },
     nullptr},
    {"locks.csv", health::locks_csv, sample_version},
    {"recommendations.sql",
     [](const watched_server& s) { return health::recommendations_sql(s, ""); }, nullptr},
    {"sessions.csv", health::sessions_csv, sample_version},
    {"slots.csv", health::slots_csv, sample_version},
    {"status.txt", [](const watched_server& s) { return health::status_text(s); }, nullptr},
    {"waits.csv", health::waits_csv, publication_version},
    {"wraparound.json", health::wraparound_json, wraparound_version},
    {"xmin-holders.csv", health::xmin_holders_csv, sample_version},
}};

class server_directory final : public tree::directory {
  public:
    server_directory(std::shared_ptr<const directory_files> files, health::cluster_id id)
        : files_(std::move(files)), id_(std::move(id)) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        const auto server = files_->parts.from.find(id_);
        if (server == nullptr) return {};
        std::vector<tree::named_node> entries;
        for (const auto& one : reports) {
            entries.push_back({std::string(one.name), node_of(server, one)});
        }
        for (const auto& one : server->databases) {
            entries.push_back({database_entry_name(one.what.database), node_of(one)});
        }
        std::ranges::sort(entries, {}, &tree::named_node::name);
        return entries;
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        const auto server = files_->parts.from.find(id_);
        if (server == nullptr) return std::nullopt;
        for (const auto& one : reports) {
            if (one.name == name) return node_of(server, one);
        }
        const auto* found = find_database(*server, name);
        if (found == nullptr) return std::nullopt;
        return node_of(*found);
    }

  private:
    /// A plain name stands for itself; an encoded one for what is listed as it, else for itself.
    static const health::watched_database* find_database(const watched_server& server,
                                                         std::string_view name) {
        const auto called = [&](auto&& of) -> const health::watched_database* {
            const auto& all = server.databases;
            const auto place = std::ranges::find_if(
                all, [&](const auto& one) { return of(one.what.database) == name; });
            return place == all.end() ? nullptr : &*place;
        };
        if (name.find_first_of("%~") != std::string_view::npos) {
            if (const auto* found = called(database_entry_name)) return found;
        }
        return called([](const std::string& database) { return std::string_view(database); });
    }
    [[nodiscard]] tree::node node_of(const health::watched_database& one) const {
        return tree::directory_node(make_database_directory(files_, id_, one.what.database),
                                    files_->parts.started);
    }
    [[nodiscard]] tree::node node_of(const server_pointer& server, const report& made) const {
        const auto path = id_.path() + "/" + std::string(made.name);
        if (made.version == nullptr) {
            return files_->text(path, made.render(*server), taken(*server));
        }
        return files_->text(path, made.version(*server), taken(*server),
                            [server, render = made.render] { return render(*server); });
    }

    const std::shared_ptr<const directory_files> files_;
    const health::cluster_id id_;
};

}  // namespace

std::string database_entry_name(const std::string& database) {
    const auto is_report = [&](const report& one) { return one.name == database; };
    if (!std::ranges::any_of(reports, is_report)) return encode_name(database);
    return fmt::format("%{:02X}{}", static_cast<unsigned char>(database.front()),
                       std::string_view(database).substr(1));
}

std::shared_ptr<const tree::directory> make_server_directory(
    std::shared_ptr<const directory_files> files, health::cluster_id id) {
    return std::make_shared<server_directory>(std::move(files), std::move(id));
}

}  // namespace tallyfs::postgres
