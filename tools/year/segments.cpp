#include "year/segments.hpp"

#include "year/traffic.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/journal/segment.hpp>

#include <sys/stat.h>

#include <array>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace tallyfs::year {

namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

/// Calls by the hour of the day: work by day, jobs at night.
constexpr std::array<unsigned, 24> hour_weights{3,  9,  9,  2,  2,  2,  3, 6, 12, 18, 20, 19,
                                                14, 15, 19, 20, 18, 14, 9, 7, 6,  5,  4,  3};

unsigned weekday_weight(day date) {
    const std::chrono::weekday weekday(date.date());
    return weekday == std::chrono::Saturday || weekday == std::chrono::Sunday ? 4 : 12;
}

/// Hands out the times of a day's calls, ascending.
class timetable {
  public:
    explicit timetable(const planned_day& of)
        : begin_(zone::start_of(of.date)), length_(of.until - begin_), calls_(of.calls) {
        for (const auto weight : hour_weights) weights_ += weight;
    }
    wall_time next() {
        // The share of the day's calls that are over, in the units of the weights.
        const double due = (static_cast<double>(given_++) + 0.5) / static_cast<double>(calls_) *
                           static_cast<double>(weights_);
        while (due > passed_ + hour_weights[hour_] && hour_ + 1 < hour_weights.size()) {
            passed_ += hour_weights[hour_++];
        }
        const double hours = static_cast<double>(hour_) + (due - passed_) / hour_weights[hour_];
        return begin_ + std::chrono::floor<std::chrono::microseconds>(
                            std::chrono::duration<double, std::micro>(
                                hours / 24 * static_cast<double>(length_.count())));
    }

  private:
    wall_time begin_;
    std::chrono::microseconds length_;
    std::uint64_t calls_;
    std::uint64_t given_ = 0;
    unsigned weights_ = 0;
    double passed_ = 0;
    std::size_t hour_ = 0;
};

[[noreturn]] void fail(const std::filesystem::path& path, const error_code& why) {
    throw startup_error("cannot write " + path.string() + ": " + why.message());
}

}  // namespace

std::vector<planned_day> plan(std::uint64_t calls, unsigned days, wall_time until) {
    const day last = zone::day_of(until);
    std::vector<planned_day> planned;
    std::uint64_t weights = 0;
    for (unsigned back = days; back-- > 0;) {
        const day date(last.date() - std::chrono::days(back));
        weights += weekday_weight(date);
        planned.push_back({date, weights, std::min(until, zone::start_of(date.next()))});
    }
    // Rounded as running sums, so that no call is missing in the end.
    std::uint64_t before = 0;
    for (auto& one : planned) {
        const auto up_to = calls * one.calls / weights;
        one.calls = up_to - before;
        before = up_to;
    }
    return planned;
}

std::uint64_t write_segment(const std::filesystem::path& directory, const shape& wanted,
                            const planned_day& of, std::atomic<std::uint64_t>& made) {
    const auto path = directory / journal::segment_id{of.date, 1}.file_name();
    auto partial = path;
    partial += ".part";
    const auto file = open_file(partial, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file) fail(partial, file.error());
    traffic lines(wanted, of.date.number());
    timetable times(of);
    std::string text;
    std::uint64_t bytes = 0;
    wall_time last = zone::start_of(of.date);
    for (std::uint64_t i = 0; i < of.calls; ++i) {
        last = times.next();
        lines.append(text, last);
        if (text.size() < piece_bytes && i + 1 < of.calls) continue;
        if (const auto written = write_all(file->get(), text); !written) {
            fail(partial, written.error());
        }
        bytes += text.size();
        made += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
        text.clear();
    }
    // A closed segment's time of change is that of its last line.
    const auto seconds = std::chrono::floor<std::chrono::seconds>(last);
    ::timespec changed{};
    changed.tv_sec = seconds.time_since_epoch().count();
    changed.tv_nsec = std::chrono::nanoseconds(last - seconds).count();
    const std::array both{changed, changed};
    if (::futimens(file->get(), both.data()) != 0) {
        fail(partial, error_code(errno, boost::system::system_category()));
    }
    std::filesystem::rename(partial, path);
    return bytes;
}

}  // namespace tallyfs::year
