// Which models were in memory before and after a call: cold starts and who was evicted. Pure.
// Rules: docs/architecture.md, "Cold starts"; what /api/ps shows: docs/ollama.md.
#pragma once

#include <tallyfs/state/upstream.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::proxy {

/// A model's name as Ollama resolves it: lower case, ":latest" where no tag is written, without
/// the default registry and namespace, spaces around it and ":local". Two names of one model
/// become equal.
[[nodiscard]] std::string normal_model_name(std::string_view name);

/// The entry of a model, or nullptr.
[[nodiscard]] const state::loaded_model* find_loaded(const state::upstream_status& status,
                                                     std::string_view model);

struct residency_facts {
    std::string_view model;
    /// What the watcher knew when the call began; nullptr if that was too old to count.
    const state::upstream_status* before = nullptr;
    /// What it saw after the call began, or nullptr.
    const state::upstream_status* after = nullptr;
    /// A call of ours for this model was served after `before` was seen.
    bool served_since = false;
    /// Other calls of ours ran on the upstream when this one began: it can have been queued.
    bool others_running = false;
    std::optional<std::int64_t> context_asked{};     ///< options.num_ctx
    std::optional<std::chrono::nanoseconds> load{};  ///< load_duration as reported
    std::chrono::nanoseconds load_min{};             ///< server_options::cold_load_min
};

struct residency {
    std::optional<bool> cold_start;
    /// Comma-separated; of a cold start only. The call's own spelling of its model when it
    /// evicted itself, else the names of /api/ps without ":latest".
    std::optional<std::string> evicted;
};

/// A load shorter than load_min is never a cold start. Otherwise what the watcher knew decides,
/// and where it knew nothing the reported load does. A loaded model that took a load again,
/// with nobody to wait for or with another context, evicted itself.
[[nodiscard]] residency judge_residency(const residency_facts& facts);

}  // namespace tallyfs::proxy
