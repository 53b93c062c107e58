#include "postgres/history_place.hpp"

#include <tallyfs/base/log.hpp>

#include <fcntl.h>

namespace tallyfs::postgres {

namespace {

using namespace std::chrono_literals;

// Looks that are further apart leave minutes between them of which nothing is known.
constexpr auto gap_max = 3min;

wall_time minute_of(wall_time time) {
    return std::chrono::floor<std::chrono::minutes>(time);
}

}  // namespace

history_place::history_place(std::filesystem::path directory) : directory_(std::move(directory)) {
    const auto files = history_files(directory_);
    if (files.empty()) return;
    const auto newest = files.back().date;
    open_day_ = newest.number();
    for (auto file = files.rbegin(); file != files.rend(); ++file) {
        if (file->kind != history_kind::activity) continue;
        const auto fd = open_file(path(*file), O_RDWR | O_NOFOLLOW | O_NONBLOCK);
        const auto bytes = fd ? cut_torn_line(fd->get()) : result<std::uint64_t>(fd.error());
        if (!bytes) {
            spdlog::warn("cannot read {}: {}", path(*file).string(), bytes.error().message());
        } else if (file->date == newest) {
            activity_bytes_ = *bytes;
        }
        return;
    }
}

health::activity history_place::now() const {
    auto made = sum_.value();
    made.dead_rows = dead_rows_;
    made.dead_percent_max = dead_percent_max_;
    made.tables_due = tables_due_;
    return made;
}

/// A line for the last of the quiet minutes says that they were looked at.
void history_place::close_quiet(minutes& to_write) {
    if (!quiet_from_) return;
    auto line = *last_;
    line.quiet_minutes_before =
        std::chrono::duration_cast<std::chrono::minutes>(line.minute - *quiet_from_).count();
    to_write.push_back(std::move(line));
    quiet_from_.reset();
}

void history_place::turn(minutes& to_write) {
    if (!begun_) return;
    begun_ = false;
    auto over = now();
    const bool follows =
        last_ && over.minute > last_->minute && over.minute - last_->minute <= gap_max;
    if (!follows) close_quiet(to_write);
    if (!sum_.anything_happened()) {
        if (!quiet_from_) quiet_from_ = over.minute;
    } else {
        if (quiet_from_) {
            over.quiet_minutes_before =
                std::chrono::duration_cast<std::chrono::minutes>(over.minute - *quiet_from_)
                    .count();
        }
        quiet_from_.reset();
        to_write.push_back(over);
    }
    last_ = std::move(over);
}

history_place::minutes history_place::add(const health::sample& sample,
                                          std::span<const health::xmin_holder> holders,
                                          const std::string& database,
                                          const health::wait_profile& waits) {
    const std::lock_guard lock(mutex_);
    minutes to_write;
    const auto minute = minute_of(sample.taken);
    if (begun_ && sum_.minute() != minute) turn(to_write);
    if (!begun_) {
        sum_.begin(minute);
        begun_ = true;
    }
    sum_.add(sample, holders, database, waits);
    return to_write;
}

history_place::minutes history_place::begin_day_of(wall_time time) {
    if (open_day_ == 0 || zone::day_of(time) <= open_day()) return {};
    return end();
}

void history_place::open(wall_time time) {
    const auto date = zone::day_of(time).number();
    if (date <= open_day_) return;
    open_day_ = date;
    activity_bytes_ = 0;
}

history_place::minutes history_place::end() {
    const std::lock_guard lock(mutex_);
    minutes to_write;
    turn(to_write);
    close_quiet(to_write);
    return to_write;
}

void history_place::put_in(const health::snapshot& full) {
    health::activity shown;
    health::put_in(shown, full);
    const std::lock_guard lock(mutex_);
    dead_rows_ = shown.dead_rows;
    dead_percent_max_ = shown.dead_percent_max;
    tables_due_ = shown.tables_due;
}

std::uint64_t history_place::activity_bytes(day date) const {
    if (date == open_day()) return activity_bytes_;
    std::error_code none;
    const auto bytes = std::filesystem::file_size(path({date, history_kind::activity}), none);
    return none ? 0 : bytes;
}

std::optional<health::activity> history_place::recent() const {
    const std::lock_guard lock(mutex_);
    if (begun_ && (!last_ || sum_.minute() - last_->minute > gap_max)) return now();
    return last_;
}

history_place::unwritten history_place::find(wall_time minute) const {
    const std::lock_guard lock(mutex_);
    if (begun_ && sum_.minute() == minute) return {now(), false};
    if (last_ && last_->minute == minute) return {last_, quiet_from_.has_value()};
    const bool quiet = quiet_from_ && minute >= *quiet_from_ && minute < last_->minute;
    return {std::nullopt, quiet};
}

}  // namespace tallyfs::postgres
