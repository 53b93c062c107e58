#include "proxy/residency.hpp"

#include <tallyfs/base/text.hpp>

namespace tallyfs::proxy {

namespace {

void strip_prefix(std::string& text, std::string_view prefix) {
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
}

/// The model was in memory and had to be loaded all the same: other options.
bool reloaded(const residency_facts& facts, const state::loaded_model& entry) {
    if (facts.context_asked && entry.context_length &&
        *facts.context_asked != *entry.context_length) {
        return true;
    }
    if (facts.after != nullptr) {
        const auto* now = find_loaded(*facts.after, facts.model);
        if (now != nullptr &&
            (now->context_length != entry.context_length || now->bytes != entry.bytes)) {
            return true;
        }
    }
    return !facts.others_running;
}

/// Without the tag that most callers leave out, so that lines agree on a model's name.
std::string_view short_name(std::string_view name) {
    constexpr std::string_view tag = ":latest";
    if (name.ends_with(tag)) name.remove_suffix(tag.size());
    return name;
}

/// Loaded before and not after, other than those whose time was over.
std::optional<std::string> evicted_others(const residency_facts& facts) {
    if (facts.before == nullptr || facts.after == nullptr) return std::nullopt;
    std::string names;
    for (const auto& model : facts.before->loaded) {
        if (find_loaded(*facts.after, model.name) != nullptr) continue;
        if (model.unloads_at && facts.after->loaded_seen &&
            *model.unloads_at <= *facts.after->loaded_seen) {
            continue;
        }
        if (!names.empty()) names += ',';
        names += short_name(model.name);
    }
    if (names.empty()) return std::nullopt;
    return names;
}

}  // namespace

std::string normal_model_name(std::string_view name) {
    auto normal = to_lower(name);
    strip_prefix(normal, "registry.ollama.ai/");
    strip_prefix(normal, "library/");
    const auto slash = normal.rfind('/');
    if (normal.find(':', slash == std::string::npos ? 0 : slash) == std::string::npos) {
        normal += ":latest";
    }
    return normal;
}

const state::loaded_model* find_loaded(const state::upstream_status& status,
                                       std::string_view model) {
    const auto wanted = normal_model_name(model);
    for (const auto& entry : status.loaded) {
        if (normal_model_name(entry.name) == wanted) return &entry;
    }
    return nullptr;
}

residency judge_residency(const residency_facts& facts) {
    if (facts.load && *facts.load < facts.load_min) return {false, std::nullopt};
    const auto* entry = facts.before != nullptr ? find_loaded(*facts.before, facts.model) : nullptr;
    if (entry != nullptr) {
        if (!facts.load || !reloaded(facts, *entry)) return {false, std::nullopt};
        return {true, std::string(facts.model)};
    }
    const bool known_absent = facts.before != nullptr && !facts.served_since;
    if (known_absent || facts.load) return {true, evicted_others(facts)};
    return {};
}

}  // namespace tallyfs::proxy
