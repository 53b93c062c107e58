#include "proxy/worker.hpp"

#include <tallyfs/base/log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <proxy/session.hpp>

namespace tallyfs::proxy {

namespace {

// Deadlines are in seconds or more, and a model that loads is noticed soon enough.
constexpr std::chrono::milliseconds sweep_interval{250};

/// Serves one accepted socket to its end: an edge where exceptions stop.
task<> run_session(worker& w, unique_fd socket, const listener_facts& listener, bool over_limit) {
    try {
        tcp_socket accepted(w.io());
        sockaddr_storage address{};
        socklen_t length = sizeof address;
        const bool v6 =
            ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
            address.ss_family == AF_INET6;
        accepted.assign(v6 ? tcp::v6() : tcp::v4(), socket.get());
        (void)socket.release();
        session s(w, std::move(accepted), listener, over_limit);
        co_await s.run();
    } catch (const std::exception& e) {
        // A peer that is gone before it is served ends here as well.
        spdlog::debug("proxy: a connection ended: {}", e.what());
    }
    auto& context = w.context();
    --context.counters.connections_open;
    if (--context.sessions == 0 && context.draining) {
        const std::lock_guard lock(context.idle_mutex);
        context.idle_changed.notify_all();
    }
}

}  // namespace

worker::worker(proxy_context& context)
    : context_(context),
      // The reactor needs no locks: every socket and timer is used by this worker's thread alone.
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(io_.get_executor()),
      pool_(io_, context.settings.upstream.current(),
            context.options.idle_upstream_connections_max),
      sweep_timer_(io_) {}

worker::~worker() {
    if (thread_.joinable()) finish();
}

void worker::start() {
    thread_ = std::thread([this] {
        for (;;) {
            try {
                io_.run();
                return;
            } catch (const std::exception& e) {
                spdlog::error("proxy: a handler failed: {}", e.what());
            }
        }
    });
}

void worker::serve(unique_fd socket, const listener_facts& listener, bool over_limit) {
    asio::post(io_, [this, held = std::move(socket), &listener, over_limit]() mutable {
        asio::co_spawn(io_, run_session(*this, std::move(held), listener, over_limit),
                       asio::detached);
    });
}

void worker::drain() {
    asio::post(io_, [this] {
        pool_.stop();
        const auto all = sessions_;
        for (auto* s : all) s->drain();
    });
}

void worker::cut() {
    asio::post(io_, [this] {
        pool_.stop();
        const auto all = sessions_;
        for (auto* s : all) s->cut(cut_reason::stopped);
    });
}

void worker::finish() {
    asio::post(io_, [this] {
        work_.reset();
        sweep_timer_.cancel();
    });
    if (thread_.joinable()) thread_.join();
}

void worker::enter(session& s) {
    s.set_index(sessions_.size());
    sessions_.push_back(&s);
    schedule_sweep();
}

void worker::leave(session& s) noexcept {
    const auto index = s.index();
    sessions_[index] = sessions_.back();
    sessions_[index]->set_index(index);
    sessions_.pop_back();
}

void worker::schedule_sweep() {
    if (sweeping_ || !work_ || (sessions_.empty() && !pool_.has_unwatched())) return;
    sweeping_ = true;
    coarse_now_ = context_.clock.steady();
    // One coarse timer for all deadlines of the thread: no timer is set for a chunk.
    sweep_timer_.expires_after(sweep_interval);
    sweep_timer_.async_wait([this](const error_code& error) {
        sweeping_ = false;
        if (error) return;
        sweep();
        schedule_sweep();
    });
}

void worker::sweep() {
    const auto now = context_.clock.steady();
    pool_.watch_idle();
    // A session that is told can end at once, and take itself off the list.
    for (std::size_t i = sessions_.size(); i-- > 0;) {
        if (i < sessions_.size()) sessions_[i]->tick(now);
    }
}

const upstream_pointer& worker::upstream() {
    // Read before what it is the version of, as below.
    const auto version = context_.settings.upstream.version();
    if (version != upstream_version_) {
        pool_.use(context_.settings.upstream.current());
        origins_.forget();
        upstream_version_ = version;
    }
    return pool_.upstream();
}

const state::call_rules& worker::rules() {
    // Read before what it is the version of: at worst the same rules are taken twice.
    const auto version = context_.permissions->version();
    if (version != rules_version_) {
        rules_ = context_.permissions->current();
        rules_version_ = version;
    }
    return *rules_;
}

model_origins& worker::origins() {
    const auto settled = context_.settled_model_changes();
    if (!settled || *settled != origins_version_) origins_.forget();
    if (settled) origins_version_ = *settled;
    return origins_;
}

}  // namespace tallyfs::proxy
