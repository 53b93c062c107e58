#include "postgres/directory_files.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/health/report.hpp>
#include <tallyfs/state/segments_directory.hpp>
#include <tallyfs/tree/make.hpp>

namespace tallyfs::postgres {

namespace {

using health::watched_servers;

wall_time newest(const watched_servers& all) {
    wall_time time{};
    for (const auto& one : all) {
        if (one->sample != nullptr) time = std::max(time, one->sample->taken);
    }
    return time;
}

/// What is made from all servers: made again only when one of them has changed.
class overview {
  public:
    using render = std::string (*)(const watched_servers&, const std::vector<std::string>&);

    overview(std::string name, render made) : name_(std::move(name)), render_(made) {}

    [[nodiscard]] tree::node node(const directory_files& files) {
        const auto changes = files.parts.from.changes();
        auto problems = files.parts.problems ? files.parts.problems() : std::vector<std::string>();
        if (!last_ || changes != changes_ || problems != problems_) {
            const auto all = files.parts.from.servers();
            last_ = files.text(name_, render_(all, problems), newest(all));
            changes_ = changes;
            problems_ = std::move(problems);
        }
        return *last_;
    }

  private:
    const std::string name_;
    const render render_;
    std::optional<tree::node> last_;
    std::uint64_t changes_ = 0;
    std::vector<std::string> problems_;
};

/// databases/prod: its servers, by name.
class environment_directory final : public tree::directory {
  public:
    environment_directory(std::shared_ptr<const directory_files> files, std::string name)
        : files_(std::move(files)), name_(std::move(name)) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries;
        for (const auto& one : files_->parts.from.servers(name_)) {
            entries.push_back({encode_name(one->id.cluster), node_of(one->id)});
        }
        std::ranges::sort(entries, {}, &tree::named_node::name);
        return entries;
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        const health::cluster_id id{name_, std::string(name)};
        if (encode_name(name) == name) {
            if (files_->parts.from.find(id) != nullptr) return node_of(id);
        }
        for (const auto& one : files_->parts.from.servers(name_)) {
            if (encode_name(one->id.cluster) == name) return node_of(one->id);
        }
        return std::nullopt;
    }

  private:
    [[nodiscard]] tree::node node_of(const health::cluster_id& id) const {
        return tree::directory_node(make_server_directory(files_, id), files_->parts.started);
    }

    const std::shared_ptr<const directory_files> files_;
    const std::string name_;
};

/// databases/: the files about all, and an environment for each that has servers.
class databases_directory final : public tree::directory {
  public:
    databases_directory(std::shared_ptr<const directory_files> files,
                        std::shared_ptr<const tree::directory> fixed)
        : files_(std::move(files)), fixed_(std::move(fixed)) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        auto entries = fixed_->list();
        for (const auto name : health::environments) {
            if (auto node = environment(name)) entries.push_back({std::string(name), *node});
        }
        std::ranges::sort(entries, {}, &tree::named_node::name);
        return entries;
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        if (auto found = fixed_->find(name)) return found;
        return environment(name);
    }

  private:
    [[nodiscard]] std::optional<tree::node> environment(std::string_view name) const {
        if (files_->parts.from.servers(name).empty()) return std::nullopt;
        return tree::directory_node(
            std::make_shared<environment_directory>(files_, std::string(name)),
            files_->parts.started);
    }

    const std::shared_ptr<const directory_files> files_;
    const std::shared_ptr<const tree::directory> fixed_;
};

void add_events(tree::fixed_directory& into, const journal::stream& events) {
    const auto day = std::make_shared<state::segments_directory>(events);
    const auto changed = [&events] { return zone::start_of(events.end().segment.date); };
    into.add("day", [=] { return tree::directory_node(day, changed()); })
        .add("today.jsonl", [=, &events] {
            return tree::link_node("day/" + events.end().segment.file_name(), changed());
        });
}

void add_inbox(tree::fixed_directory& into, const directory_parts& parts) {
    const auto inbox = std::make_shared<tree::inbox_directory>(*parts.registering);
    into.add("new", [inbox, started = parts.started] {
        auto node = tree::directory_node(inbox, started);
        node.access.mode = 0777;
        return node;
    });
}

void add_overview(tree::fixed_directory& into, const std::shared_ptr<const directory_files>& files,
                  const std::string& name, overview::render render) {
    const auto made = std::make_shared<overview>(name, render);
    into.add(name, [made, files] { return made->node(*files); });
}

}  // namespace

tree::node directory_files::text(const std::string& path, std::uint64_t version, wall_time taken,
                                 std::function<std::string()> render) const {
    if (kept_.size() >= kept_max) kept_.clear();
    auto [place, is_new] = kept_.try_emplace(path);
    auto& last = place->second;
    if (is_new || last.version != version) {
        // What changed between two looks changed when we saw it.
        const bool dated = taken != wall_time{} && (is_new || taken > last.changed);
        last = {version, dated ? taken : parts.now()};
    }
    return tree::text_node(version, last.changed, std::move(render));
}

tree::node directory_files::text(const std::string& path, std::string bytes,
                                 wall_time taken) const {
    const auto version = tree::version_of(std::hash<std::string>()(bytes));
    return text(path, version, taken, [bytes = std::move(bytes)] { return bytes; });
}

std::shared_ptr<const tree::directory> make_directory(directory_parts parts) {
    const auto files = std::make_shared<const directory_files>(std::move(parts));
    auto fixed = std::make_shared<tree::fixed_directory>();
    fixed->add("README.md", [] { return tree::readme_node(databases_readme); });
    add_overview(*fixed, files, "status.txt", [](const auto& all, const auto& problems) {
        return health::status_text(all, problems);
    });
    add_overview(*fixed, files, "findings.csv",
                 [](const auto& all, const auto&) { return health::findings_csv(all); });
    if (files->parts.events != nullptr) add_events(*fixed, *files->parts.events);
    if (files->parts.registering) add_inbox(*fixed, files->parts);
    return std::make_shared<databases_directory>(files, fixed);
}

}  // namespace tallyfs::postgres
