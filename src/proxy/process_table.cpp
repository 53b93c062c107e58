#include "proxy/process_table.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <unordered_set>

namespace tallyfs::proxy {
namespace {

/// More services than usually call one Ollama; every one costs a few microseconds when it misses.
constexpr std::size_t recent_max = 16;
/// Pairs of user and cgroup whose processes we cannot see; forgetting them costs a search each.
constexpr std::size_t pauses_max = 256;
/// Descriptors read between two looks at the clock: about 100 µs.
constexpr std::size_t descriptors_between_checks = 64;
constexpr int descriptors_near = 8;

}  // namespace

/// One look-up. No process is searched twice in it.
class process_table::socket_search {
  public:
    socket_search(const socket_owner& socket, time_point deadline)
        : link_("socket:[" + std::to_string(socket.inode) + "]"), deadline_(deadline) {}

    [[nodiscard]] bool is_at(const process_directory& process, int descriptor) {
        if (process.link(("fd/" + std::to_string(descriptor)).c_str()) != link_) return false;
        descriptor_ = descriptor;
        return true;
    }

    /// Tries where the last socket was, and just behind: a service with many connections at once
    /// opens its next one there, and reading thousands of descriptors would take milliseconds.
    [[nodiscard]] bool is_near(const process_directory& process, int descriptor) {
        for (int i = 0; i <= descriptors_near; ++i)
            if (is_at(process, descriptor + i)) return true;
        return false;
    }

    [[nodiscard]] std::optional<process_directory> among(const std::vector<std::int64_t>& pids) {
        for (const std::int64_t pid : pids) {
            if (is_over()) break;
            const auto descriptor = descriptor_in(pid);
            if (!descriptor) continue;
            // The number of the process may have gone to another one since.
            auto process = process_directory::open(pid);
            if (process && is_at(*process, *descriptor)) return process;
        }
        return std::nullopt;
    }

    [[nodiscard]] bool is_over() const { return std::chrono::steady_clock::now() >= deadline_; }
    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    [[nodiscard]] std::optional<int> descriptor_in(std::int64_t pid) {
        if (!searched_.insert(pid).second) return std::nullopt;
        const std::string path = "/proc/" + std::to_string(pid) + "/fd";
        directory_names descriptors(AT_FDCWD, path.c_str());
        std::size_t read = 0;
        while (const dirent* entry = descriptors.next()) {
            if (descriptors.link(entry->d_name) == link_) return std::atoi(entry->d_name);
            if (++read % descriptors_between_checks == 0 && is_over()) break;
        }
        return std::nullopt;
    }

    std::string link_;
    time_point deadline_;
    int descriptor_ = -1;
    std::unordered_set<std::int64_t> searched_;
};

std::optional<process_directory> process_table::holder(const socket_owner& socket,
                                                       const std::vector<std::int64_t>& likely,
                                                       time_point deadline) {
    socket_search search(socket, deadline);
    std::optional<process_directory> found;
    for (const auto& recent : recent_) {
        auto process = process_directory::open(recent.pid);
        if (!process || !search.is_near(*process, recent.descriptor)) continue;
        found = std::move(process);
        break;
    }
    std::vector<std::int64_t> of_owner;
    for (const auto& recent : recent_)
        if (recent.uid == socket.uid) of_owner.push_back(recent.pid);
    if (!found) found = search.among(of_owner);
    if (!found) found = search.among(likely);
    if (!found) found = search_all(search, socket);
    if (!found) return std::nullopt;

    std::erase_if(recent_, [&](const auto& recent) { return recent.pid == found->pid; });
    recent_.push_front({found->pid, socket.uid, search.descriptor()});
    if (recent_.size() > recent_max) recent_.pop_back();
    return found;
}

std::optional<process_directory> process_table::search_all(socket_search& search,
                                                           const socket_owner& socket) {
    const owner_key key(socket.uid, socket.cgroup_id);
    const auto start = std::chrono::steady_clock::now();
    const auto pause = not_before_.find(key);
    if (search.is_over() || (pause != not_before_.end() && start < pause->second))
        return std::nullopt;

    std::vector<std::int64_t> of_owner;
    std::vector<std::int64_t> of_others;
    const unique_fd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    directory_names names(proc.get(), ".");
    while (const dirent* entry = names.next()) {
        const auto pid = parse_pid(entry->d_name);
        struct stat status {};
        if (!pid || ::fstatat(proc.get(), entry->d_name, &status, 0) != 0) continue;
        (status.st_uid == socket.uid ? of_owner : of_others).push_back(*pid);
    }
    // Programs that run for long are found once and remembered, so look for new ones first.
    std::sort(of_owner.rbegin(), of_owner.rend());
    std::sort(of_others.rbegin(), of_others.rend());
    auto found = search.among(of_owner);
    if (!found) found = search.among(of_others);
    if (found) {
        not_before_.erase(key);
    } else {
        if (not_before_.size() >= pauses_max) not_before_.clear();
        const auto end = std::chrono::steady_clock::now();
        not_before_[key] = end + 4 * (end - start);
    }
    return found;
}

}  // namespace tallyfs::proxy
