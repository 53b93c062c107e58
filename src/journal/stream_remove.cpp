#include <tallyfs/journal/stream.hpp>

#include <algorithm>
#include <cerrno>

namespace tallyfs::journal {

result<void> stream::remove_day(day date) {
    // A sync that runs meanwhile would miss the files.
    const std::lock_guard one_at_a_time(sync_mutex_);
    std::vector<segment_status> gone;
    {
        const std::lock_guard lock(state_mutex_);
        if (segments_.empty() || date >= segments_.back().id.date) {
            return make_error_code(boost::system::errc::invalid_argument);
        }
        std::ranges::copy_if(segments_, std::back_inserter(gone),
                             [&](const segment_status& each) { return each.id.date == date; });
    }
    error_code failure;
    for (auto each = gone.begin(); each != gone.end(); ++each) {
        failure = remove_file(each->path.string() + ".torn");
        if (!failure) failure = remove_file(each->path);
        if (!failure) continue;
        gone.erase(each, gone.end());
        break;
    }
    if (auto synced = sync_directory(directory_); !failure && !synced) failure = synced.error();
    forget(gone);
    notify();
    if (failure) return failure;
    return {};
}

/// What somebody else has deleted is gone as well.
error_code stream::remove_file(const std::filesystem::path& path) {
    if (operations_.unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return last_system_error();
}

void stream::forget(const std::vector<segment_status>& gone) {
    const std::lock_guard lock(append_mutex_);
    const std::lock_guard state_lock(state_mutex_);
    for (const auto& each : gone) {
        std::erase_if(segments_, [&](const segment_status& one) { return one.id == each.id; });
        std::erase_if(closed_unsynced_,
                      [&](const shared_file& file) { return file->path == each.path; });
    }
    change_count_.fetch_add(1, std::memory_order_release);
}

}  // namespace tallyfs::journal
