// Loads, evicts and hands out models as Ollama's scheduler does: one queue, least recently used
// models go first, other options mean a reload. Source: Ollama v0.33 server/sched.go, measured.
#pragma once

#include "async.hpp"

#include <standin/server.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string>

namespace tallyfs::standin {

struct connection;
struct world;

struct loaded_model {
    const model* what = nullptr;
    std::string name;
    std::int64_t context_length = 0;
    bool loading = true;
    std::chrono::milliseconds keep_alive{0};
    std::size_t users = 0;    ///< requests that hold it
    std::size_t working = 0;  ///< of these, as many as parallel_max work
    std::chrono::steady_clock::time_point last_used;
    std::chrono::system_clock::time_point expires_at;
    std::chrono::steady_clock::time_point expires_steady;
};

enum class acquired : unsigned char { ready, busy, gone };

class scheduler {
  public:
    explicit scheduler(world& shared) : world_(shared) {}

    /// Waits until `wanted` is loaded with `context_length`; what is loaded already is had at once,
    /// past those that wait for a load. On ready, `result` is held and must
    /// be given to release(). busy: the queue is full; gone: the client left while waiting.
    [[nodiscard]] task<acquired> acquire(connection& client, const model& wanted,
                                         std::int64_t context_length, loaded_model*& result,
                                         bool& was_loaded_now);
    /// Waits for one of the model's parallel slots; false if the client left.
    [[nodiscard]] task<bool> begin_work(connection& client, loaded_model& held);
    void end_work(loaded_model& held);
    /// A request without keep_alive leaves the one that was last named.
    void release(loaded_model& held, std::optional<std::chrono::milliseconds> keep_alive);
    /// What an unload request does: the model goes as soon as nobody uses it.
    void expire(const std::string& name);

    /// Without the expired ones.
    [[nodiscard]] std::list<loaded_model>& loaded();
    [[nodiscard]] loaded_model* find(const std::string& name);

  private:
    [[nodiscard]] bool make_room(const model& wanted);
    [[nodiscard]] bool drop_other_options(const std::string& name, std::int64_t context_length);
    void wake_all();

    world& world_;
    std::list<loaded_model> loaded_;
    std::list<connection*> queue_;     ///< who waits for a model, in order
    std::list<connection*> for_slot_;  ///< who waits for a slot
};

}  // namespace tallyfs::standin
