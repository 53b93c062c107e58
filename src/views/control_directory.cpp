#include "views/control_text.hpp"
#include "views/directories.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/tree/make.hpp>

namespace tallyfs::views {

namespace {

using state::setting_definition;
using state::setting_value;

wall_time changed_at(const sources& from, const setting_value& value) {
    return value.number == 0 ? from.facts.started : value.changed;
}

/// One value: what was written is what is read.
tree::node value_node(const sources& from, const std::string& name, const std::string& entry,
                      const setting_value& value) {
    tree::text_file file{
        tree::version_of(value.number, std::hash<std::string>()(value.text)),
        [text = value.text] { return text + "\n"; },
        [&from, name, entry](const tree::user& by, std::string text, tree::answer answer) {
            from.control.set(by, name, entry, std::move(text), std::move(answer));
        }};
    const std::uint16_t mode = from.control.other_operators() ? 0666 : 0644;
    return {std::move(file), changed_at(from, value), {mode, std::nullopt}};
}

/// control/policies and its like: a text each, created by writing, removed with rm.
class collection_directory final : public tree::directory {
  public:
    collection_directory(const sources& from, std::string name)
        : from_(from), name_(std::move(name)) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries;
        const auto now = from_.control.settings().current();
        const auto prefix = name_ + "/";
        for (auto place = now->values.lower_bound(prefix);
             place != now->values.end() && place->first.starts_with(prefix); ++place) {
            const auto entry = place->first.substr(prefix.size());
            entries.push_back({entry, node_of(entry, place->second)});
        }
        return entries;
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        const auto now = from_.control.settings().current();
        const auto place = now->values.find(name_ + "/" + std::string(name));
        if (place == now->values.end()) return std::nullopt;
        return node_of(std::string(name), place->second);
    }
    [[nodiscard]] std::optional<tree::node> create(std::string_view name,
                                                   const tree::user&) const override {
        auto made = value_node(from_, name_, std::string(name), {});
        std::get<tree::text_file>(made.content).render = [] { return std::string(); };
        return made;
    }

  private:
    [[nodiscard]] tree::node node_of(const std::string& entry, const setting_value& value) const {
        auto node = value_node(from_, name_, entry, value);
        node.remove = [this, entry](const tree::user& by, tree::answer answer) {
            from_.control.remove(by, name_, entry, std::move(answer));
        };
        return node;
    }

    const sources& from_;
    const std::string name_;
};

/// control/services: a directory for any name, listed where something is set for it.
class named_directory final : public tree::directory {
  public:
    named_directory(const sources& from, const setting_definition& definition)
        : from_(from), name_(definition.name), leaf_(definition.leaf) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries;
        const auto now = from_.control.settings().current();
        const auto prefix = name_ + "/";
        for (auto place = now->values.lower_bound(prefix);
             place != now->values.end() && place->first.starts_with(prefix); ++place) {
            const auto end = place->first.rfind('/');
            if (end <= prefix.size()) continue;
            const auto entry = place->first.substr(prefix.size(), end - prefix.size());
            entries.push_back({entry, node_of(entry)});
        }
        std::ranges::sort(entries, {}, &tree::named_node::name);
        return entries;
    }
    /// A name with a '%' was encoded before.
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        if (name.find('%') != std::string_view::npos) return node_of(std::string(name));
        return node_of(encode_name(name));
    }

  private:
    [[nodiscard]] tree::node node_of(const std::string& entry) const {
        const auto now = from_.control.settings().current();
        const auto place = now->values.find(name_ + "/" + entry + "/" + leaf_);
        const bool set = place != now->values.end();
        const auto value = set ? place->second : setting_value{"default", 0, {}};
        auto node = value_node(from_, name_, entry, value);
        if (set) {
            node.remove = [this, entry](const tree::user& by, tree::answer answer) {
                from_.control.remove(by, name_, entry, std::move(answer));
            };
        }
        auto files = std::make_shared<tree::fixed_directory>();
        files->add(leaf_, [node] { return node; });
        return tree::directory_node(std::move(files), changed_at(from_, value));
    }

    const sources& from_;
    const std::string name_;
    const std::string leaf_;
};

tree::node last_error_node(const sources& from) {
    const auto of = [&from](const tree::user& who) -> std::optional<tree::node> {
        const auto last = from.control.errors().of(who.uid);
        tree::node node = tree::text_node(last.count, from.facts.started, [reason = last.reason] {
            return reason.empty() ? "Your last command was carried out, or there was none.\n"
                                  : reason + "\n";
        });
        node.access = {0400, who.uid};
        return node;
    };
    return {tree::personal{of}, from.facts.started};
}

/// What makes the file or the directory of one setting.
tree::fixed_directory::maker maker_of(const sources& from, const setting_definition& definition) {
    const auto& name = definition.name;
    if (!definition.leaf.empty()) {
        auto entries = std::make_shared<named_directory>(from, definition);
        return [entries, &from] { return tree::directory_node(entries, from.facts.started); };
    }
    if (definition.collection) {
        auto entries = std::make_shared<collection_directory>(from, name);
        return [entries, &from] {
            auto node = tree::directory_node(entries, from.facts.started);
            node.access.mode = from.control.other_operators() ? 0777 : 0755;
            return node;
        };
    }
    return [&from, name] {
        return value_node(from, name, "", from.control.settings().current()->values.at(name));
    };
}

}  // namespace

std::shared_ptr<const tree::directory> make_control_directory(const sources& from) {
    auto directory = std::make_shared<tree::fixed_directory>();
    const auto& settings = from.control.settings();
    const auto readme = std::make_shared<const std::string>(control_readme(settings));
    directory->add("README.md", [readme] { return tree::readme_node(readme); })
        .add("history.txt",
             [&] {
                 const auto now = settings.current();
                 const auto when =
                     now->history.empty() ? from.facts.started : now->history.back().time;
                 return tree::text_node(now->changes, when, [now] { return history_text(*now); });
             })
        .add("last_error", [&from] { return last_error_node(from); });
    // "health/dead_rows_min" is a file of the directory health.
    std::map<std::string, std::shared_ptr<tree::fixed_directory>> groups;
    for (const auto& definition : settings.definitions()) {
        const auto slash = definition.name.find('/');
        if (slash == std::string::npos) {
            directory->add(definition.name, maker_of(from, definition));
            continue;
        }
        auto& group = groups[definition.name.substr(0, slash)];
        if (!group) group = std::make_shared<tree::fixed_directory>();
        group->add(definition.name.substr(slash + 1), maker_of(from, definition));
    }
    for (const auto& [name, group] : groups) {
        directory->add(name, [group = group, &from] {
            return tree::directory_node(group, from.facts.started);
        });
    }
    return directory;
}

}  // namespace tallyfs::views
