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

bool is_one_line(std::string_view text) {
    return !text.empty() && text.find('\n') == text.size() - 1;
}

}  // namespace

result<position> stream::append(const line_writer& write_line) {
    std::vector<placed_line> placed;
    const auto appended = append_some(
        1, [&](std::size_t, std::string& out, wall_time now) { write_line(out, now); }, placed, 1);
    if (!appended) return appended.error();
    return placed.front().at;
}

result<void> stream::append_lines(std::size_t count, const lines_writer& write_line,
                                  std::vector<placed_line>& placed) {
    return append_some(count, write_line, placed, 0);
}

result<void> stream::append_some(std::size_t count, const lines_writer& write_line,
                                 std::vector<placed_line>& placed, std::uint64_t lost_by_disk) {
    result<void> done;
    {
        const std::lock_guard lock(append_mutex_);
        const wall_time now = clock_.wall();
        const bool all_fit = make_lines(count, write_line, now);
        error_code failure = append_made(now, placed);
        if (failure) {
            note_failed_append(failed_step_, true, lost_by_disk);
        } else if (!all_fit) {
            failure = make_error_code(boost::system::errc::message_size);
            note_failed_append(failed_step_, false, 1);
        }
        if (failure) done = failure;
    }
    notify();
    return done;
}

/// False if the line behind those that were made is none that can be appended.
bool stream::make_lines(std::size_t count, const lines_writer& write_line, wall_time now) {
    lines_.clear();
    ends_.clear();
    while (ends_.size() < count && lines_.size() < lines_bytes_max) {
        const auto begin = lines_.size();
        write_line(ends_.size(), lines_, now);
        const auto line = std::string_view(lines_).substr(begin);
        if (line.size() > limits::line_bytes_max || !is_one_line(line)) {
            failed_step_ = "a line of " + std::to_string(line.size()) + " bytes for " +
                           directory_.string() + " is too long or not one line";
            lines_.resize(begin);
            return false;
        }
        ends_.push_back(lines_.size());
    }
    return true;
}

error_code stream::append_made(wall_time now, std::vector<placed_line>& placed) {
    placed.clear();
    // A second time only if the segment had to be sealed: the next part may well take the rest.
    error_code failure;
    for (int attempt = 0; attempt < 2 && placed.size() < ends_.size(); ++attempt) {
        failure = ensure_segment(now);
        if (!failure) failure = put(now, placed);
        if (file_ != nullptr) break;
    }
    return failure;
}

/// One write(2) of what is not placed yet. After a failure the segment ends behind the last line
/// that is whole, or is sealed.
error_code stream::put(wall_time now, std::vector<placed_line>& placed) {
    const auto begin = placed.empty() ? 0 : ends_[placed.size() - 1];
    const auto rest = std::string_view(lines_).substr(begin);
    ::ssize_t written = 0;
    do {
        written = operations_.write(file_->fd.get(), rest.data(), rest.size());
    } while (written < 0 && errno == EINTR);
    // A file takes less than it was given only where there is no room for the rest.
    const error_code failure = written < 0
                                   ? last_system_error()
                                   : make_error_code(boost::system::errc::no_space_on_device);
    publish(now, begin + static_cast<std::size_t>(std::max<::ssize_t>(written, 0)), placed);
    if (placed.size() == ends_.size()) return {};
    failed_step_ = "cannot append to " + file_->path.string() + ": " + failure.message();
    const auto end = static_cast<::off_t>(segments_.back().bytes);
    if (operations_.ftruncate(file_->fd.get(), end) != 0) {
        spdlog::error("cannot cut {} back to its last line: {}; it is sealed", file_->path.string(),
                      last_system_error().message());
        seal();
    }
    return failure;
}

/// Places the lines that end at or before `written`, an offset in lines_.
void stream::publish(wall_time now, std::size_t written, std::vector<placed_line>& placed) {
    auto begin = placed.empty() ? 0 : ends_[placed.size() - 1];
    const auto before = placed.size();
    bool recovered = false;
    std::uint64_t lost = 0;
    {
        const std::lock_guard lock(state_mutex_);
        segment_status& newest = segments_.back();
        for (auto i = before; i < ends_.size() && ends_[i] <= written; ++i) {
            const std::uint64_t bytes = ends_[i] - begin;
            placed.push_back({{newest.id, newest.bytes}, bytes});
            newest.bytes += bytes;
            begin = ends_[i];
        }
        if (placed.size() == before) return;
        newest.changed = now;
        counts_.lines_appended += placed.size() - before;
        unsynced_ = true;
        recovered = append_failing_ || begin_failing_;
        append_failing_ = begin_failing_ = false;
        lost = counts_.lines_lost;
    }
    change_count_.fetch_add(1, std::memory_order_release);
    if (recovered) {
        spdlog::warn("{} is written again; {} lines were lost since the start", directory_.string(),
                     lost);
    }
}

void stream::note_failed_append(const std::string& what, bool disk, std::uint64_t lines_lost) {
    bool first = false;
    {
        const std::lock_guard lock(state_mutex_);
        counts_.lines_lost += lines_lost;
        counts_.last_error = what;
        first = !disk || !append_failing_;
        // A line that nobody could write says nothing about the disk.
        append_failing_ = append_failing_ || disk;
    }
    if (first) spdlog::error("{}: {}", lines_lost > 0 ? "a line is lost" : "lines wait", what);
}

void stream::turn_day() {
    const std::uint64_t before = change_count();
    {
        const std::lock_guard lock(append_mutex_);
        const error_code failure = ensure_segment(clock_.wall());
        const std::lock_guard state_lock(state_mutex_);
        if (failure) {
            if (!append_failing_ && !begin_failing_) spdlog::error("{}", failed_step_);
            counts_.last_error = failed_step_;
        } else if (begin_failing_) {
            spdlog::warn("{} can be appended to again", directory_.string());
        }
        begin_failing_ = failure.failed();
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
