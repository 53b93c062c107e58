#include "proxy/cgroup_tree.hpp"
#include "proxy/network_namespaces.hpp"
#include "proxy/peer_place.hpp"
#include "proxy/process_names.hpp"
#include "proxy/process_table.hpp"
#include "proxy/socket_diag.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/proxy/caller.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <signal.h>
#include <thread>

namespace tallyfs::proxy {
namespace {

/// As many as there are connections: who got no answer would be taken for somebody else.
constexpr std::size_t waiting_max = 65'536;
/// The line of a call waits 5 ms, but a stream takes longer than that: an answer that comes after
/// this is still of use, while those behind it in the queue do not wait for ever.
constexpr std::chrono::milliseconds search_max{20};

/// Everything that looks, made and used on the worker's thread.
class look_up {
  public:
    [[nodiscard]] std::optional<local_process> find(const connection_ends& ends);

  private:
    [[nodiscard]] std::optional<socket_owner> owner_of(const socket_ends& ends);
    [[nodiscard]] local_process describe(const socket_owner& owner);
    void report_once(const error_code& error);

    network_namespaces namespaces_;
    result<socket_diag> sockets_ = socket_diag::open();
    result<route_table> routes_ = route_table::open();
    cgroup_tree cgroups_;
    process_table processes_;
    bool reported_ = false;
};

std::optional<local_process> look_up::find(const connection_ends& ends) {
    const auto peer = ip_address::parse(ends.peer_address);
    const auto local = ip_address::parse(ends.local_address);
    if (!peer || !local || namespaces_.is_lost()) return std::nullopt;
    // What is our peer is the near end for the process that is looked for.
    const auto owner = owner_of({*peer, ends.peer_port, *local, ends.local_port});
    if (!owner || namespaces_.is_lost()) return std::nullopt;
    return describe(*owner);
}

std::optional<socket_owner> look_up::owner_of(const socket_ends& ends) {
    const peer_place place = routes_ ? routes_->place_of(ends.source) : peer_place::here;
    if (place == peer_place::elsewhere) return std::nullopt;
    if (!sockets_) {
        report_once(sockets_.error());
        return std::nullopt;
    }
    if (place == peer_place::beside)
        return namespaces_.owner(ends, std::chrono::steady_clock::now() + search_max);
    auto owner = sockets_->owner(ends);
    if (owner) return *owner;
    report_once(owner.error());
    return std::nullopt;
}

local_process look_up::describe(const socket_owner& owner) {
    local_process found;
    found.uid = owner.uid;
    const auto path = owner.cgroup_id ? cgroups_.path(*owner.cgroup_id) : std::nullopt;
    // Where everything is in the root group, as with version 1, it tells nothing.
    const bool has_group = path && *path != "/";
    if (has_group) found.cgroup = cgroup_identity(*path);
    const auto likely = has_group ? cgroups_.processes(*path) : std::vector<std::int64_t>{};
    const auto holder =
        processes_.holder(owner, likely, std::chrono::steady_clock::now() + search_max);
    if (!holder) return found;
    found.pid = holder->pid;
    found.name = name_of(*holder);
    // A descriptor can be passed to any process that accepts it, a socket's maker cannot be
    // changed: so the group of a process that runs as somebody else says nothing about the caller.
    constexpr std::size_t groups_bytes_max = 16 * 1024;
    if (!has_group && holder->uid == owner.uid)
        found.cgroup = identity_of_cgroup_lines(holder->read("cgroup", groups_bytes_max));
    return found;
}

void look_up::report_once(const error_code& error) {
    if (reported_) return;
    reported_ = true;
    spdlog::warn(
        "local processes behind connections cannot be found ({}): services are known by "
        "their headers, paths, keys and addresses only",
        error.message());
}

struct request {
    connection_ends ends;
    std::function<void(std::optional<local_process>)> done;
};

void answer(const request& waiting, std::optional<local_process> found) {
    try {
        waiting.done(std::move(found));
    } catch (const std::exception& error) {
        spdlog::error("what waited for a local process failed: {}", error.what());
    }
}

}  // namespace

class process_finder::worker {
  public:
    worker() {
        // Signals are for the program's other threads, which wait for them.
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        try {
            thread_ = std::thread([this] { run(); });
        } catch (...) {
            ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
            throw;
        }
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        ::pthread_setname_np(thread_.native_handle(), "process-finder");
    }
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    ~worker() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }

    void post(request wanted) {
        {
            const std::lock_guard lock(mutex_);
            if (!stopping_ && waiting_.size() < waiting_max) {
                waiting_.push_back(std::move(wanted));
                wake_.notify_one();
                return;
            }
        }
        answer(wanted, std::nullopt);
    }

  private:
    void run() {
        std::optional<look_up> look;
        while (true) {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            const request wanted = std::move(waiting_.front());
            waiting_.pop_front();
            const bool stopping = stopping_;
            lock.unlock();
            answer(wanted, stopping ? std::nullopt : find(look, wanted.ends));
        }
    }

    /// Whatever goes wrong costs one answer, not the thread.
    static std::optional<local_process> find(std::optional<look_up>& look,
                                             const connection_ends& ends) {
        try {
            if (!look) look.emplace();
            return look->find(ends);
        } catch (const std::exception& error) {
            spdlog::error("looking up a local process failed: {}", error.what());
            return std::nullopt;
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<request> waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

process_finder::process_finder() : worker_(std::make_unique<worker>()) {}
process_finder::~process_finder() = default;

void process_finder::find(const connection_ends& ends,
                          std::function<void(std::optional<local_process>)> done) {
    worker_->post({ends, std::move(done)});
}

}  // namespace tallyfs::proxy
