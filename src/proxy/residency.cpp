#include "proxy/residency.hpp"

#include <tallyfs/base/model_reference.hpp>
#include <tallyfs/base/text.hpp>

namespace tallyfs::proxy {

namespace {

struct model_key {
    std::string_view name;
    std::string_view tag;
};

void strip_prefix(std::string_view& text, std::string_view prefix) {
    if (equal_ignoring_case(text.substr(0, prefix.size()), prefix)) {
        text.remove_prefix(prefix.size());
    }
}

model_key key_of(std::string_view text) {
    const auto reference = read_model_reference(text);
    text = reference.cloud ? reference.whole : reference.base;
    strip_prefix(text, "registry.ollama.ai/");
    strip_prefix(text, "library/");
    const auto slash = text.rfind('/');
    const auto colon = text.find(':', slash == text.npos ? 0 : slash);
    if (colon == text.npos) return {text, "latest"};
    return {text.substr(0, colon), text.substr(colon + 1)};
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
    const auto key = key_of(name);
    return to_lower(key.name) + ":" + to_lower(key.tag);
}

const state::loaded_model* find_loaded(const state::upstream_status& status,
                                       std::string_view model) {
    // As nearly every caller writes it: this is asked several times for each call.
    for (const auto& entry : status.loaded) {
        if (entry.name == model || short_name(entry.name) == model) return &entry;
    }
    const auto wanted = key_of(model);
    for (const auto& entry : status.loaded) {
        const auto key = key_of(entry.name);
        if (equal_ignoring_case(key.name, wanted.name) &&
            equal_ignoring_case(key.tag, wanted.tag)) {
            return &entry;
        }
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
