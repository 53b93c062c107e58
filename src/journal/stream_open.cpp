#include "journal/segment_files.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/stream.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace tallyfs::journal {

namespace {

file_operations& system_operations() {
    static file_operations instance;
    return instance;
}

void make_directory(const std::filesystem::path& directory) {
    std::error_code failure;
    const bool made = std::filesystem::create_directories(directory, failure);
    if (failure) {
        throw startup_error("cannot create the journal's directory " + directory.string() + ": " +
                            failure.message());
    }
    if (!made) return;
    // The names above the segments have to survive a power cut as well.
    const auto parent = std::filesystem::absolute(directory).parent_path();
    for (const auto& level : {parent, parent.parent_path()}) {
        if (auto synced = sync_directory(level); !synced) {
            spdlog::warn("cannot sync {}: {}", level.string(), synced.error().message());
        }
    }
}

/// Closed segments that a start syncs: more than a process can end between two syncs, unless its
/// disk fails all the time.
constexpr std::size_t adopted_max = 8;

bool is_full_disk(const error_code& failure) {
    return failure == boost::system::errc::no_space_on_device || failure.value() == EDQUOT;
}

}  // namespace

::ssize_t file_operations::write(int fd, const void* data, std::size_t bytes) {
    return ::write(fd, data, bytes);
}
int file_operations::fdatasync(int fd) {
    return ::fdatasync(fd);
}
int file_operations::ftruncate(int fd, ::off_t length) {
    return ::ftruncate(fd, length);
}
int file_operations::rename(const char* from, const char* to) {
    return ::rename(from, to);
}
int file_operations::unlink(const char* path) {
    return ::unlink(path);
}

stream::stream(std::filesystem::path directory, const clock_source& clock,
               file_operations* operations)
    : directory_(std::move(directory)),
      clock_(clock),
      operations_(operations != nullptr ? *operations : system_operations()) {
    make_directory(directory_);
    auto found = list_segments(directory_);
    segments_ = std::move(found.segments);
    counts_.torn_bytes_left = found.torn_bytes_left;
    const wall_time now = clock_.wall();
    adopt_newest(now);
    // What a killed process left unsynced is synced with the first lines of this one.
    unsynced_ = file_ != nullptr;
    directory_unsynced_ = true;
    adopt_unsynced();
    const error_code failure = ensure_segment(now);
    if (!failure) return;
    if (!is_full_disk(failure)) {
        throw startup_error("cannot begin a segment of the journal: " + failed_step_);
    }
    spdlog::error("{}: nothing is recorded until there is room", failed_step_);
    begin_failing_ = true;
    counts_.last_error = failed_step_;
}

stream::~stream() {
    close_newest();
}

void stream::adopt_newest(wall_time now) {
    current_ = segments_.empty() ? segment_id{zone::day_of(now), 0} : segments_.back().id;
    next_midnight_ = zone::start_of(current_.date.next());
    if (segments_.empty()) return;
    segment_status& newest = segments_.back();
    auto fd = open_file(newest.path, O_RDWR | O_APPEND);
    if (!fd) {
        throw startup_error("cannot write to " + newest.path.string() + ": " +
                            fd.error().message());
    }
    file_ = std::make_shared<segment_file>(segment_file{std::move(*fd), newest.path});
    if (!cut_torn_tail(*file_, newest.bytes)) {
        // Lines behind a torn one would be lost to readers: the day goes on in the next part.
        spdlog::error("{}; the day goes on in a new part", failed_step_);
        counts_.last_error = failed_step_;
        file_.reset();
        ++counts_.segments_sealed;
    }
    newest.closed = file_ == nullptr;
}

/// A process can be killed between the turn of a day, or the end of a part, and the next sync.
void stream::adopt_unsynced() {
    for (auto each = segments_.rbegin(); each != segments_.rend(); ++each) {
        if (closed_unsynced_.size() >= adopted_max) break;
        if (!each->closed) continue;
        auto fd = open_file(each->path, O_RDONLY);
        if (!fd) {
            spdlog::warn("cannot sync {}: {}", each->path.string(), fd.error().message());
            continue;
        }
        closed_unsynced_.push_back(
            std::make_shared<segment_file>(segment_file{std::move(*fd), each->path}));
    }
}

/// False if it is still there: failed_step_ then tells why.
bool stream::cut_torn_tail(const segment_file& file, std::uint64_t end) {
    struct ::stat status {};
    std::uint64_t torn_bytes = 0;
    auto aside = file.path;
    aside += ".torn";
    const auto failed = [&](const std::string& step, const error_code& why) {
        counts_.torn_bytes_left += torn_bytes;
        failed_step_ = "cannot " + step + ": " + why.message();
        return false;
    };
    const auto cut = "cut the torn tail off " + file.path.string();
    if (::fstat(file.fd.get(), &status) != 0) return failed(cut, last_system_error());
    torn_bytes = static_cast<std::uint64_t>(status.st_size) - end;
    if (torn_bytes == 0) return true;
    if (auto kept = keep_aside(file.fd.get(), end, aside); !kept) {
        return failed("keep the torn tail of " + file.path.string() + " in " + aside.string(),
                      kept.error());
    }
    if (operations_.ftruncate(file.fd.get(), static_cast<::off_t>(end)) != 0) {
        return failed(cut, last_system_error());
    }
    counts_.torn_bytes_cut += torn_bytes;
    spdlog::warn("{} ended in the middle of a line: {} bytes moved to {}", file.path.string(),
                 torn_bytes, aside.string());
    return true;
}

}  // namespace tallyfs::journal
