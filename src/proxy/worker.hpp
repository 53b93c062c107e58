// One thread of the proxy: its io_context, its connections, its pool of upstream connections.
// Rules: docs/architecture.md, "Proxy".
#pragma once

#include <tallyfs/base/file.hpp>
#include <tallyfs/dialect/request.hpp>
#include <tallyfs/dialect/response.hpp>

#include <proxy/context.hpp>
#include <proxy/model_origins.hpp>
#include <proxy/spare_list.hpp>
#include <proxy/upstream_pool.hpp>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tallyfs::proxy {

class session;

/// Where a connection was accepted.
struct listener_facts {
    std::string service;    ///< label of who calls here, or ""
    bool loopback = false;  ///< the Host rule applies
};

class worker {
  public:
    explicit worker(proxy_context& context);
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    void start();
    /// Any thread. `listener` outlives the worker. Over the limit of connections the session
    /// answers 503.
    void serve(unique_fd socket, const listener_facts& listener, bool over_limit);
    /// Any thread: idle connections end, the others after their call.
    void drain();
    /// Any thread: cuts what is left, each call recorded.
    void cut();
    /// After cut(): returns when nothing is pending and the thread has ended.
    void finish();

    [[nodiscard]] asio::io_context& io() noexcept { return io_; }
    [[nodiscard]] upstream_pool& pool() noexcept { return pool_; }
    /// Where calls go that begin now.
    [[nodiscard]] const upstream_pointer& upstream();
    [[nodiscard]] proxy_context& context() noexcept { return context_; }

    /// For the exchanges of this thread.
    struct spare_readers {
        spare_list<dialect::request_reader> request;
        spare_list<dialect::response_reader> response;
    };
    [[nodiscard]] spare_readers& spares() noexcept { return spares_; }

    /// The policies in force; the pointer is valid until the next call.
    [[nodiscard]] const state::call_rules& rules();
    /// Of the models of upstream().
    [[nodiscard]] model_origins& origins();

    /// The steady time, at most a sweep old: good enough for deadlines, and free.
    [[nodiscard]] steady_time coarse_now() const noexcept { return coarse_now_; }

    /// The worker's thread.
    void enter(session& s);
    void leave(session& s) noexcept;

  private:
    void schedule_sweep();
    void sweep();

    proxy_context& context_;
    asio::io_context io_;
    std::optional<asio::executor_work_guard<executor>> work_;
    upstream_pool pool_;
    std::uint64_t upstream_version_ = 0;
    spare_readers spares_;
    std::shared_ptr<const state::call_rules> rules_;
    std::uint64_t rules_version_ = 0;
    model_origins origins_;
    std::uint64_t origins_version_ = 0;
    std::vector<session*> sessions_;  // each knows its index
    steady_timer sweep_timer_;
    bool sweeping_ = false;
    steady_time coarse_now_{};
    std::thread thread_;
};

}  // namespace tallyfs::proxy
