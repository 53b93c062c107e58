#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/stream.hpp>

#include <sys/stat.h>

#include <cerrno>

namespace tallyfs::journal {

result<void> stream::sync() {
    const std::lock_guard one_at_a_time(sync_mutex_);
    shared_file current;
    std::vector<shared_file> closed;
    bool directory = false;
    {
        const std::lock_guard lock(state_mutex_);
        if (std::exchange(unsynced_, false)) current = file_;
        closed.swap(closed_unsynced_);
        directory = std::exchange(directory_unsynced_, false);
    }
    if (current == nullptr && closed.empty() && !directory) return {};
    // Names first: a synced file that a power cut takes out of its directory is no use.
    error_code failure;
    if (auto synced = directory ? sync_directory(directory_) : result<void>(); !synced) {
        failure = synced.error();
        note_sync_failure(failure, directory_);
        const std::lock_guard lock(state_mutex_);
        directory_unsynced_ = true;
    }
    if (const error_code of_files = sync_files(current, closed)) failure = of_files;
    if (failure) return failure;
    const std::lock_guard lock(state_mutex_);
    sync_failing_ = false;
    return {};
}

error_code stream::sync_files(const shared_file& current, const std::vector<shared_file>& closed) {
    error_code failure;
    for (const shared_file& file : closed) {
        if (const error_code reason = flush(*file)) {
            failure = reason;
            note_sync_failure(reason, file->path);
        }
    }
    if (current == nullptr) return failure;
    if (const error_code reason = flush(*current)) {
        failure = reason;
        note_sync_failure(reason, current->path);
        seal_after_failed_sync(current);
    }
    return failure;
}

error_code stream::flush(const segment_file& file) {
    while (operations_.fdatasync(file.fd.get()) != 0) {
        if (errno != EINTR) return last_system_error();
    }
    struct ::stat status {};
    if (::fstat(file.fd.get(), &status) != 0) return last_system_error();
    // Deleted by somebody while it was written: what follows must go where it can be found.
    if (status.st_nlink == 0) {
        return make_error_code(boost::system::errc::no_such_file_or_directory);
    }
    return {};
}

void stream::seal_after_failed_sync(const shared_file& file) {
    {
        const std::lock_guard lock(append_mutex_);
        if (file_ != file) return;  // the day has turned meanwhile
        if (current_.part >= parts_max) {
            // Lines in the page cache alone are better than none.
            const std::lock_guard state_lock(state_mutex_);
            unsynced_ = true;
            return;
        }
        seal();
        if (const error_code failure =
                begin_segment({current_.date, current_.part + 1}, clock_.wall())) {
            const std::lock_guard state_lock(state_mutex_);
            begin_failing_ = true;
            counts_.last_error = failed_step_;
        }
    }
    notify();
}

void stream::note_sync_failure(error_code reason, const std::filesystem::path& path) {
    const std::string what = "cannot sync " + path.string() + ": " + reason.message();
    const std::lock_guard lock(state_mutex_);
    if (!sync_failing_) spdlog::error("{}", what);
    sync_failing_ = true;
    counts_.last_error = what;
}

}  // namespace tallyfs::journal
