// What all connections of a stand-in share: options, models, loaded models, counters.
// Source: none, internal; used on the stand-in's thread except where it says otherwise.
#pragma once

#include "async.hpp"
#include "scheduler.hpp"
#include "wishes.hpp"

#include <standin/server.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

namespace tallyfs::standin {

struct connection;

struct atomic_counters {
    std::atomic<std::uint64_t> connections{0}, open{0}, requests{0}, inference{0}, generations{0},
        completed{0}, aborted{0}, loads{0}, evictions{0}, blob_bytes{0};
};

struct world {
    explicit world(options wanted);

    options settings;
    std::map<std::string, model> models;  ///< by full name, "qwen3:14b"
    std::vector<std::map<std::string, model>::node_type> retired;
    std::map<std::string, std::uint64_t> blobs;  ///< bytes by digest
    scheduler runners;
    std::set<connection*> connections;
    std::uint64_t permits = 0;  ///< pieces that gated replies may still send
    std::unordered_map<std::string, std::string> embed_cache;

    atomic_counters count;  ///< any thread
    std::atomic<bool> has_wishes{false};
    std::mutex seen_mutex;  ///< guards the two below
    std::deque<seen_request> seen;
    std::string wishes_for_all;

    /// Declared last: what still waits in it at the end uses everything above.
    asio::io_context context{1};

    /// "x" and "registry.ollama.ai/library/x:latest" are "x:latest"; ":local" is dropped.
    [[nodiscard]] static std::string full_name(std::string_view name);
    [[nodiscard]] const model* find(std::string_view name) const;
    /// Takes a model out of the list; it stays in memory for those that still use it.
    void retire(const std::string& full_name);
    /// A wait as a model would need it, at the configured speed.
    [[nodiscard]] std::chrono::nanoseconds scaled(std::chrono::nanoseconds nominal) const;
};

/// 64 hex digits that stay the same for a name.
[[nodiscard]] std::string digest_of(std::string_view name);

}  // namespace tallyfs::standin
