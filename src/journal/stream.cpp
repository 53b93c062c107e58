#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/stream.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace tallyfs::journal {

namespace {

bool is_one_line(const std::string& text) {
    return !text.empty() && text.find('\n') == text.size() - 1;
}

}  // namespace

result<position> stream::append(const line_writer& write_line) {
    auto appended = append_locked(write_line);
    notify();
    return appended;
}

result<position> stream::append_locked(const line_writer& write_line_into) {
    const std::lock_guard lock(append_mutex_);
    const wall_time now = clock_.wall();
    line_.clear();
    write_line_into(line_, now);
    if (line_.size() > limits::line_bytes_max || !is_one_line(line_)) {
        return lose_line(make_error_code(boost::system::errc::message_size),
                         "a line of " + std::to_string(line_.size()) + " bytes for " +
                             directory_.string() + " is too long or not one line",
                         false);
    }
    // A second time only if the segment had to be sealed: the next part may well take the line.
    error_code failure;
    for (int attempt = 0; attempt < 2; ++attempt) {
        failure = ensure_segment(now);
        if (!failure) failure = put_line();
        if (!failure || file_ != nullptr) break;
    }
    if (failure) return lose_line(failure, failed_step_, true);
    position begins_at;
    publish_line(now, begins_at);
    return begins_at;
}

/// One write(2). After a failure the segment ends where it ended before, or is sealed.
error_code stream::put_line() {
    ::ssize_t written = 0;
    do {
        written = operations_.write(file_->fd.get(), line_.data(), line_.size());
    } while (written < 0 && errno == EINTR);
    if (written >= 0 && static_cast<std::size_t>(written) == line_.size()) return {};
    // A file takes less than it was given only where there is no room for the rest.
    const error_code failure = written < 0
                                   ? last_system_error()
                                   : make_error_code(boost::system::errc::no_space_on_device);
    failed_step_ = "cannot append to " + file_->path.string() + ": " + failure.message();
    const auto end = static_cast<::off_t>(segments_.back().bytes);
    if (operations_.ftruncate(file_->fd.get(), end) != 0) {
        spdlog::error("cannot cut {} back to its last line: {}; it is sealed", file_->path.string(),
                      last_system_error().message());
        seal();
    }
    return failure;
}

void stream::publish_line(wall_time now, position& begins_at) {
    bool recovered = false;
    std::uint64_t lost = 0;
    {
        const std::lock_guard lock(state_mutex_);
        segment_status& newest = segments_.back();
        begins_at = {newest.id, newest.bytes};
        newest.bytes += line_.size();
        newest.changed = now;
        ++counts_.lines_appended;
        unsynced_ = true;
        recovered = std::exchange(append_failing_, false);
        lost = counts_.lines_lost;
    }
    change_count_.fetch_add(1, std::memory_order_release);
    if (recovered) {
        spdlog::warn("{} is written again; {} lines were lost since the start", directory_.string(),
                     lost);
    }
}

error_code stream::lose_line(error_code reason, std::string what, bool disk) {
    bool first = false;
    {
        const std::lock_guard lock(state_mutex_);
        ++counts_.lines_lost;
        counts_.last_error = what;
        first = !disk || !append_failing_;
        // A line that nobody could write says nothing about the disk.
        append_failing_ = append_failing_ || disk;
    }
    if (first) spdlog::error("a line is lost: {}", what);
    return reason;
}

void stream::turn_day() {
    const std::uint64_t before = change_count();
    {
        const std::lock_guard lock(append_mutex_);
        if (ensure_segment(clock_.wall())) {
            const std::lock_guard state_lock(state_mutex_);
            if (!append_failing_) spdlog::error("{}", failed_step_);
            append_failing_ = true;
            counts_.last_error = failed_step_;
        }
    }
    if (change_count() != before) notify();
}

/// Under append_mutex_: afterwards file_ is the segment that a line appended `now` belongs in.
error_code stream::ensure_segment(wall_time now) {
    if (now >= next_midnight_) {
        const day today = zone::day_of(now);
        if (today > current_.date) return begin_segment({today, 1}, now);
    }
    if (file_ == nullptr) return begin_segment({current_.date, current_.part + 1}, now);
    return {};
}

error_code stream::begin_segment(segment_id id, wall_time now) {
    auto failure = make_error_code(boost::system::errc::file_exists);
    failed_step_ = id.date.to_string() + " has " + std::to_string(parts_max) + " parts already: ";
    for (; id.part <= parts_max; ++id.part) {
        const auto path = directory_ / id.file_name();
        failed_step_ = "cannot create " + path.string() + ": ";
        auto fd = open_file(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL);
        if (!fd) {
            failure = fd.error();
            // Somebody else's file: its lines are not ours to extend.
            if (failure == boost::system::errc::file_exists) continue;
            break;
        }
        close_newest();
        const std::lock_guard lock(state_mutex_);
        if (file_ != nullptr && unsynced_) closed_unsynced_.push_back(file_);
        file_ = std::make_shared<segment_file>(segment_file{std::move(*fd), path});
        segments_.push_back({id, path, 0, false, now});
        unsynced_ = false;
        directory_unsynced_ = true;
        current_ = id;
        next_midnight_ = zone::start_of(id.date.next());
        change_count_.fetch_add(1, std::memory_order_release);
        return {};
    }
    failed_step_ += failure.message();
    return failure;
}

/// Marks the newest segment closed. Its file's time becomes that of its last line as it was shown
/// all day, so that it does not change with the next start.
void stream::close_newest() {
    if (file_ == nullptr) return;
    const auto since_epoch = segments_.back().changed.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
    ::timespec times[2]{};
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = seconds.count();
    times[1].tv_nsec = std::chrono::nanoseconds(since_epoch - seconds).count();
    if (::futimens(file_->fd.get(), times) != 0) {
        spdlog::warn("cannot set the time of {}: {}", file_->path.string(),
                     last_system_error().message());
    }
    const std::lock_guard lock(state_mutex_);
    segments_.back().closed = true;
}

/// Under append_mutex_: no line is added to the current segment any more.
void stream::seal() {
    close_newest();
    const std::lock_guard lock(state_mutex_);
    if (unsynced_) closed_unsynced_.push_back(file_);
    unsynced_ = false;
    file_.reset();
    ++counts_.segments_sealed;
    change_count_.fetch_add(1, std::memory_order_release);
}

void stream::on_change(std::function<void()> listener) {
    listener_ = std::move(listener);
}

void stream::notify() const {
    if (listener_) listener_();
}

}  // namespace tallyfs::journal
