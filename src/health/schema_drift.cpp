#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/readable.hpp>
#include <tallyfs/health/schema.hpp>

#include <algorithm>

namespace tallyfs::health {

namespace {

/// Lines of a long definition that are shown around what changed in it.
constexpr std::size_t context_lines = 2;

std::pair<std::string_view, std::string_view> key_of(const schema_item& item) {
    return {item.kind, item.name};
}

/// Calls use(old, now) for each item that is not the same on both sides; null where there is none.
template <class Use>
void for_each_change(std::span<const schema_item> old, std::span<const schema_item> now, Use use) {
    auto a = old.begin();
    auto b = now.begin();
    while (a != old.end() || b != now.end()) {
        const bool only_old = b == now.end() || (a != old.end() && key_of(*a) < key_of(*b));
        const bool only_now = a == old.end() || (b != now.end() && key_of(*b) < key_of(*a));
        if (only_old) {
            use(&*a++, nullptr);
        } else if (only_now) {
            use(nullptr, &*b++);
        } else {
            if (a->definition != b->definition) use(&*a, &*b);
            ++a;
            ++b;
        }
    }
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// The lines that changed, with a few around them, as in a unified diff.
void append_changed(std::string& out, std::string_view old_text, std::string_view now_text) {
    const auto old = lines_of(old_text);
    const auto now = lines_of(now_text);
    const auto put = [&](char mark, std::string_view line) { (out += mark).append(line) += '\n'; };
    const auto shortest = std::min(old.size(), now.size());
    std::size_t same_before = 0;
    while (same_before < shortest && old[same_before] == now[same_before]) ++same_before;
    std::size_t same_behind = 0;
    while (same_behind < shortest - same_before &&
           old[old.size() - 1 - same_behind] == now[now.size() - 1 - same_behind]) {
        ++same_behind;
    }
    const auto first_shown = same_before - std::min(same_before, context_lines);
    for (auto i = first_shown; i < same_before; ++i) put(' ', old[i]);
    for (auto i = same_before; i < old.size() - same_behind; ++i) put('-', old[i]);
    for (auto i = same_before; i < now.size() - same_behind; ++i) put('+', now[i]);
    const auto behind = now.size() - same_behind;
    for (std::size_t i = 0; i < std::min(same_behind, context_lines); ++i) {
        put(' ', now[behind + i]);
    }
}

std::string change_text(const schema_item* old, const schema_item* now) {
    const auto& named = old != nullptr ? *old : *now;
    auto text = "@@ " + named.kind + " " + named.name + " @@\n";
    append_changed(text, old != nullptr ? std::string_view(old->definition) : std::string_view(),
                   now != nullptr ? std::string_view(now->definition) : std::string_view());
    return text;
}

}  // namespace

std::string schema_text(std::span<const schema_item> items) {
    std::string text;
    for (const auto& item : items) {
        text.append("-- ").append(item.kind).append(" ").append(item.name) += '\n';
        for (const auto line : lines_of(item.definition)) text.append(line) += '\n';
        text += '\n';
    }
    return text;
}

std::string fingerprint_of(std::span<const schema_item> items) {
    std::string text;
    for (const auto& item : items) {
        if (!text.empty()) text += '\n';
        text.append(item.kind).append("|").append(item.name).append("|").append(item.definition);
    }
    return sha256_hex(text);
}

drift_counts count_drift(std::span<const schema_item> registered,
                         std::span<const schema_item> now) {
    drift_counts found;
    for_each_change(registered, now, [&](const schema_item* old, const schema_item* new_one) {
        ++(old == nullptr ? found.added : new_one == nullptr ? found.removed : found.changed);
    });
    return found;
}

std::string drift_diff(const registered_schema& registered, const snapshot& now,
                       std::size_t bytes_max) {
    std::string text;
    std::int64_t left_out = 0;
    for_each_change(registered.items, now.schema,
                    [&](const schema_item* old, const schema_item* new_one) {
                        auto more = change_text(old, new_one);
                        if (left_out > 0 || text.size() + more.size() > bytes_max) {
                            ++left_out;
                        } else {
                            text += more;
                        }
                    });
    if (left_out > 0) text += "@@ " + counted(left_out, "more item") + " not shown @@\n";
    if (text.empty()) return "";
    return "--- registered " + to_rfc3339(registered.since) + " (" + registered.why +
           ")\n+++ now " + to_rfc3339(now.taken) + "\n" + text;
}

std::optional<finding> drift_finding(const registered_schema& registered, const snapshot& now) {
    if (now.schema_fingerprint.empty() || now.schema_fingerprint == registered.fingerprint) {
        return std::nullopt;
    }
    const auto counts = count_drift(registered.items, now.schema);
    finding found;
    found.rule = "schema_drift";
    found.database = now.database;
    found.severity = severity::warning;
    found.title = "schema changed, no migration";
    found.figures_text = counted(counts.added, "item") + " added, " +
                         std::to_string(counts.removed) + " removed, " +
                         std::to_string(counts.changed) + " changed";
    found.lines = {"against the state of " + to_rfc3339(registered.since).substr(0, 16) + "Z (" +
                   registered.why + "): see drift.diff"};
    found.figures = {{"items_added", static_cast<double>(counts.added)},
                     {"items_removed", static_cast<double>(counts.removed)},
                     {"items_changed", static_cast<double>(counts.changed)}};
    found.evidence.columns = {"change", "kind", "name"};
    for_each_change(registered.items, now.schema,
                    [&](const schema_item* old, const schema_item* new_one) {
                        ++found.evidence.rows_total;
                        if (found.evidence.rows.size() == evidence_rows_max) return;
                        const auto& named = old != nullptr ? *old : *new_one;
                        const auto* change = old == nullptr       ? "added"
                                             : new_one == nullptr ? "removed"
                                                                  : "changed";
                        found.evidence.rows.push_back({change, named.kind, named.name});
                    });
    found.remedy.advice = "write a migration for it, or accept it as the new baseline";
    found.remedy.kind = "pg-baseline";
    found.since = now.taken;
    return found;
}

registered_schema after_migrations(registered_schema registered,
                                   std::span<const schema_item> before, const snapshot& now) {
    using key = std::pair<std::string, std::string>;
    std::map<key, std::string> items;
    for (auto& item : registered.items) {
        items[{std::move(item.kind), std::move(item.name)}] = std::move(item.definition);
    }
    for_each_change(before, now.schema, [&](const schema_item* old, const schema_item* new_one) {
        if (new_one == nullptr) {
            items.erase({old->kind, old->name});
        } else {
            items[{new_one->kind, new_one->name}] = new_one->definition;
        }
    });
    registered.items.clear();
    for (auto& [name, definition] : items) {
        registered.items.push_back({name.first, name.second, std::move(definition)});
    }
    registered.fingerprint = fingerprint_of(registered.items);
    registered.applied = now.applied_migrations;
    registered.since = now.taken;
    return registered;
}

}  // namespace tallyfs::health
