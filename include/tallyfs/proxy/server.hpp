// The proxy: listens for services, forwards to Ollama, records every call.
// Protocol: HTTP/1.1 (RFC 9112); what must hold is in docs/architecture.md, "Proxy".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/capture/recorder.hpp>
#include <tallyfs/journal/open_calls.hpp>
#include <tallyfs/journal/stream.hpp>
#include <tallyfs/proxy/caller.hpp>
#include <tallyfs/state/budgets.hpp>
#include <tallyfs/state/cancellations.hpp>
#include <tallyfs/state/names.hpp>
#include <tallyfs/state/permissions.hpp>
#include <tallyfs/state/proxy_settings.hpp>
#include <tallyfs/state/upstream.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tallyfs::proxy {

struct listener_options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 11433;  ///< 0: any free one
    std::string service;         ///< label of who calls here, or ""
    int inherited_fd = -1;       ///< a listening socket from socket activation, or -1
};

struct server_options {
    std::vector<listener_options> listeners{listener_options{}};
    std::string node;  ///< name of this host in lines
    caller_options callers;
    std::string prompt_hash_key;
    unsigned threads = 1;
    bool record_polls = false;  ///< also write a line for /api/tags, /api/version, …

    /// Of a request, at least 4 KiB. Go allows 1 MiB by default; no real client needs that.
    std::size_t head_bytes_max = 64 * 1024;
    /// Of inference requests, which are read whole: images and audio are base64 inside.
    std::size_t inference_body_bytes_max = std::size_t{100} << 20;
    /// Of all of them together while they are kept: ten of the largest. Not less than one of them.
    std::size_t inference_bodies_bytes_max = std::size_t{1} << 30;
    std::size_t connections_max = 8192;
    std::size_t idle_upstream_connections_max = 64;
    std::chrono::seconds client_idle_max{300};  ///< a keep-alive connection without a request
    std::chrono::seconds client_head_max{60};   ///< from the first byte of a head to its last
    /// A body that does not move, either way, because the client sends or takes nothing (or the
    /// upstream takes nothing). What the upstream sends has no limit: a load, a long prompt or a
    /// checksum can take any time, and the client can go whenever it likes.
    std::chrono::seconds client_stall_max{600};
    std::chrono::seconds upstream_connect_max{10};
    std::chrono::seconds drain_max{10};              ///< at stop: for calls in flight
    std::chrono::milliseconds process_wait_max{5};   ///< the append waits this long for the process
    std::chrono::milliseconds watch_interval{2000};  ///< /api/ps and /api/version while in use
    /// A first load of a model takes longer than this (254 ms and more were measured, even for a
    /// tiny model), a look at a loaded one less (10 ms at most; docs/ollama.md).
    std::chrono::milliseconds cold_load_min{100};
};

/// What the proxy works with; everything outlives it.
struct server_parts {
    journal::stream& calls;
    journal::open_calls& open;
    state::upstream_board& board;
    state::proxy_counters& counters;
    state::bounded_names& services;
    const state::proxy_settings& settings;
    const clock_source& clock;
    /// What calls may do; null: everything.
    const state::permissions* permissions = nullptr;
    state::budgets* budgets = nullptr;              ///< null: no limits
    state::cancellations* cancellations = nullptr;  ///< null: nobody can
    capture::recorder* captures = nullptr;          ///< null: nothing is kept
};

class server {
  public:
    /// Listens; calls are accepted from start() on. Throws startup_error (a port in use, with
    /// what to do).
    server(server_options options, const server_parts& parts);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    void start();
    /// Stops accepting, waits up to drain_max for calls in flight, then cuts the rest (each is
    /// recorded as interrupted, "tallyfs stopped"). Returns when nothing runs any more. Not from a
    /// proxy thread.
    void stop();
    /// Asks the upstream soon what it is, also when there are no calls: it may be another one.
    /// Any thread; returns at once.
    void look_at_upstream();
    /// The port of each listener, in their order.
    [[nodiscard]] std::vector<std::uint16_t> ports() const;

  private:
    class implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace tallyfs::proxy
