#include "proxy/network_namespaces.hpp"

#include <tallyfs/base/log.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sched.h>

namespace tallyfs::proxy {
namespace {

/// Containers come and go by the second, not by the millisecond; reading takes about 2 µs for
/// each process of the host.
constexpr std::chrono::seconds list_age_max{1};
constexpr std::chrono::milliseconds list_age_min{100};
constexpr std::size_t namespaces_max = 1024;
constexpr std::size_t addresses_max = 1024;

}  // namespace

network_namespaces::network_namespaces()
    : own_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (own_ && ::fstat(own_.get(), &status) == 0) own_id_ = status.st_ino;
    is_permitted_ = own_id_ != 0;
}

void network_namespaces::read_processes(time_point deadline) {
    known_.clear();
    directory_names names(AT_FDCWD, "/proc");
    while (const dirent* entry = names.next()) {
        const auto pid = parse_pid(entry->d_name);
        if (!pid) continue;
        const auto process = process_directory::open(*pid);
        if (!process) continue;
        const auto id = number_in_link(process->link("ns/net"), "net");
        if (!id || *id == own_id_) continue;
        const bool is_known = std::any_of(known_.begin(), known_.end(),
                                          [&](const auto& known) { return known.id == *id; });
        if (!is_known) known_.push_back({*id, *pid});
        if (known_.size() == namespaces_max || std::chrono::steady_clock::now() >= deadline) break;
    }
    last_read_ = std::chrono::steady_clock::now();
}

std::optional<socket_owner> network_namespaces::owner(const socket_ends& ends,
                                                      time_point deadline) {
    if (!is_permitted_ || is_lost_) return std::nullopt;
    const auto start = std::chrono::steady_clock::now();
    const std::string address = ends.source.to_string();
    const auto search = [&]() -> std::optional<socket_owner> {
        const auto hint = id_of_address_.find(address);
        if (hint != id_of_address_.end())
            std::stable_partition(known_.begin(), known_.end(),
                                  [&](const auto& known) { return known.id == hint->second; });
        for (const auto& place : known_) {
            if (!is_permitted_ || is_lost_ || std::chrono::steady_clock::now() >= deadline) break;
            if (auto found = owner_in(place, ends)) {
                if (id_of_address_.size() >= addresses_max) id_of_address_.clear();
                id_of_address_[address] = place.id;
                return found;
            }
        }
        return std::nullopt;
    };
    const bool is_old = !last_read_ || start - *last_read_ > list_age_max;
    if (is_old) read_processes(deadline);
    if (auto found = search()) return found;
    if (is_old || start - *last_read_ < list_age_min) return std::nullopt;
    read_processes(deadline);
    return search();
}

std::optional<socket_owner> network_namespaces::owner_in(const known_namespace& place,
                                                         const socket_ends& ends) {
    const std::string path = "/proc/" + std::to_string(place.pid) + "/ns/net";
    const unique_fd entrance(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!entrance || ::fstat(entrance.get(), &status) != 0 || status.st_ino != place.id)
        return std::nullopt;
    if (::setns(entrance.get(), CLONE_NEWNET) != 0) {
        is_permitted_ = errno != EPERM;
        if (!is_permitted_)
            spdlog::info(
                "containers that call are known by their address only: looking into their "
                "network needs the capability CAP_SYS_ADMIN");
        return std::nullopt;
    }
    // The socket below holds on to the namespace, so it lives no longer than this look: a
    // container that ends must be able to take its network with it.
    std::optional<socket_owner> found;
    if (auto diag = socket_diag::open())
        if (auto owner = diag->owner(ends)) found = *owner;
    if (::setns(own_.get(), CLONE_NEWNET) != 0) {
        is_lost_ = true;
        spdlog::error(
            "cannot return to the own network namespace ({}): processes are no longer "
            "looked up until the next start",
            last_system_error().message());
    }
    return found;
}

}  // namespace tallyfs::proxy
