#include "proxy/process_table.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>

namespace tallyfs::proxy {
namespace {

/// More services than usually call one Ollama; every one costs a few microseconds when it misses.
constexpr std::size_t recent_max = 16;
/// Descriptors read between two looks at the clock: about 100 µs.
constexpr std::size_t descriptors_between_checks = 64;

}  // namespace

/// One look-up. No process is searched twice in it.
class process_table::socket_search {
  public:
    socket_search(const socket_owner& socket, time_point deadline)
        : link_("socket:[" + std::to_string(socket.inode) + "]"), deadline_(deadline) {}

    /// Whether the descriptor where the last socket was found is this one.
    [[nodiscard]] bool is_at(const process_directory& process, const std::string& descriptor) {
        if (process.link(descriptor.c_str()) != link_) return false;
        descriptor_ = descriptor;
        return true;
    }

    [[nodiscard]] bool is_in(const process_directory& process) {
        if (!searched_.insert(process.pid).second) return false;
        directory_names descriptors(process.directory.get(), "fd");
        std::size_t read = 0;
        while (const dirent* entry = descriptors.next()) {
            if (is_at(process, std::string("fd/") + entry->d_name)) return true;
            if (++read % descriptors_between_checks == 0 && is_over()) return false;
        }
        return false;
    }

    [[nodiscard]] bool is_over() const { return std::chrono::steady_clock::now() >= deadline_; }
    [[nodiscard]] const std::string& descriptor() const { return descriptor_; }

  private:
    std::string link_;
    time_point deadline_;
    std::string descriptor_;
    std::unordered_set<std::int64_t> searched_;
};

std::optional<process_directory> process_table::holder(const socket_owner& socket,
                                                       const std::vector<std::int64_t>& likely,
                                                       time_point deadline) {
    socket_search search(socket, deadline);
    std::optional<process_directory> found;
    const auto look_at = [&](std::int64_t pid) {
        auto process = process_directory::open(pid);
        if (process && search.is_in(*process)) found = std::move(process);
        return found.has_value() || search.is_over();
    };
    for (const auto& recent : recent_) {
        if (found) break;
        auto process = process_directory::open(recent.pid);
        if (process && search.is_at(*process, recent.descriptor)) found = std::move(process);
    }
    bool over = found.has_value();
    const auto look_at_each = [&](const std::vector<std::int64_t>& pids) {
        for (std::size_t i = 0; i < pids.size() && !over; ++i) over = look_at(pids[i]);
    };
    std::vector<std::int64_t> of_owner;
    for (const auto& recent : recent_)
        if (recent.uid == socket.uid) of_owner.push_back(recent.pid);
    look_at_each(of_owner);
    look_at_each(likely);

    std::vector<std::int64_t> of_others;
    if (!over) {
        of_owner.clear();
        const unique_fd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        directory_names names(proc.get(), ".");
        while (const dirent* entry = names.next()) {
            const auto pid = parse_pid(entry->d_name);
            struct stat status {};
            if (!pid || ::fstatat(proc.get(), entry->d_name, &status, 0) != 0) continue;
            (status.st_uid == socket.uid ? of_owner : of_others).push_back(*pid);
        }
    }
    look_at_each(of_owner);
    look_at_each(of_others);
    if (!found) return std::nullopt;

    std::erase_if(recent_, [&](const auto& recent) { return recent.pid == found->pid; });
    recent_.push_front({found->pid, socket.uid, search.descriptor()});
    if (recent_.size() > recent_max) recent_.pop_back();
    return found;
}

}  // namespace tallyfs::proxy
