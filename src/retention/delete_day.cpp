#include <tallyfs/base/file.hpp>
#include <tallyfs/retention/sweeper.hpp>

#include <algorithm>
#include <fcntl.h>

namespace tallyfs::retention {

namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 20;

/// How many lines a segment has, whatever they say.
result<std::int64_t> count_lines(const journal::segment_status& segment) {
    const auto file = open_file(segment.path, O_RDONLY);
    if (!file) return file.error();
    std::int64_t lines = 0;
    for (std::uint64_t at = 0; at < segment.bytes; at += block_bytes) {
        const auto wanted = std::min<std::uint64_t>(block_bytes, segment.bytes - at);
        const auto block = read_at(file->get(), at, wanted);
        if (!block) return block.error();
        lines += std::ranges::count(*block, '\n');
    }
    return lines;
}

std::string not_deleted(day date, const std::string& why) {
    return "the calls of " + date.to_string() + " are not deleted: " + why;
}

/// A day that is still open in the ledger, because no later one has a line.
result<void> close(ledger::ledger& ledger, const journal::stream& calls, day date) {
    const auto next = calls.segment_from({date.next(), 1});
    if (ledger.checkpoint().segment.date > date || !next) return {};
    return ledger.turn_to({next->id, 0});
}

}  // namespace

std::vector<journal::segment_status> sweeper::segments_of(day date) const {
    std::vector<journal::segment_status> found;
    for (auto& segment : calls_.segments()) {
        if (segment.id.date == date) found.push_back(std::move(segment));
    }
    return found;
}

/// Never today's or yesterday's, whatever the clock or the journal takes for today.
std::vector<day> sweeper::days_to_delete() {
    int kept = 0;
    {
        const std::lock_guard lock(mutex_);
        kept = days_kept_;
    }
    const auto newest = calls_.end().segment.date;
    const auto today = std::min(newest, zone::day_of(clock_.wall()));
    const day first(today.date() - std::chrono::days(kept));
    const auto rolled = rollups_.days();
    std::vector<day> days;
    for (const auto& segment : calls_.segments()) {
        const auto date = segment.id.date;
        if (date >= newest || (!days.empty() && days.back() == date)) continue;
        const bool begun = std::ranges::binary_search(rolled, date) && rollups_.read(date);
        if (begun || (kept > 0 && date < first)) days.push_back(date);
    }
    return days;
}

std::string sweeper::delete_day(day date) {
    ledger::rollup kept;
    const auto rolled = rollups_.days();
    auto known = std::ranges::binary_search(rolled, date)
                     ? rollups_.read(date)
                     : result<ledger::rollup>(make_error_code(boost::system::errc::bad_message));
    if (known) {
        kept = std::move(*known);
    } else if (const auto why = roll_up(date, kept); !why.empty()) {
        return not_deleted(date, why);
    }
    if (const auto why = forget_lines(kept); !why.empty()) return not_deleted(date, why);
    if (!record(kept)) return not_deleted(date, "it cannot be recorded in the actions");
    const auto removed = calls_.remove_day(date);
    parts_.changed();
    return removed ? "" : not_deleted(date, removed.error().message());
}

/// Sums up a day and keeps that on the disk. The ledger must have counted what its segments hold.
std::string sweeper::roll_up(day date, ledger::rollup& kept) {
    std::int64_t lines = 0;
    for (const auto& segment : segments_of(date)) {
        const auto counted = count_lines(segment);
        if (!counted) return segment.path.string() + ": " + counted.error().message();
        lines += *counted;
    }
    result<ledger::rollup> made = ledger::rollup{};
    const bool asked = parts_.with_ledger([&](ledger::ledger& ledger) {
        const auto closed = close(ledger, calls_, date);
        made = closed ? ledger.roll_up(date, clock_.wall()) : closed.error();
    });
    if (!asked) return "the ledger does not follow now";
    if (!made) return "the ledger cannot sum it up: " + made.error().message();
    kept = std::move(*made);
    if (const auto known = kept.calls.lines + kept.unreadable_lines; known != lines) {
        return "the ledger counted " + std::to_string(known) + " of its " + std::to_string(lines) +
               " lines (to make it anew: tallyfs rebuild)";
    }
    if (const auto written = rollups_.write(kept); !written) {
        return "cannot write " + rollups_.path_of(date).string() + ": " + written.error().message();
    }
    const auto read_back = rollups_.read(date);
    if (!read_back || *read_back != kept) {
        return rollups_.path_of(date).string() + " is not what was written";
    }
    return "";
}

std::string sweeper::forget_lines(const ledger::rollup& kept) {
    result<void> done;
    const bool asked = parts_.with_ledger([&](ledger::ledger& ledger) {
        done = close(ledger, calls_, kept.date);
        if (done) done = ledger.forget_lines(kept);
    });
    if (!asked) return "the ledger does not follow now";
    if (done) return "";
    if (done.error() == boost::system::errc::invalid_argument) {
        return "the ledger has other calls than " + rollups_.path_of(kept.date).string();
    }
    return "the ledger cannot forget them: " + done.error().message();
}

/// Days that were deleted by a ledger that a power cut took back since, or was restored.
std::string sweeper::forget_deleted() {
    const auto days = rollups_.days();
    if (days.empty()) return "";
    std::vector<day> rolled;
    if (!parts_.with_ledger([&](ledger::ledger& ledger) { rolled = ledger.rolled_days(); })) {
        return "";
    }
    for (const auto date : days) {
        if (std::ranges::binary_search(rolled, date) || !segments_of(date).empty()) continue;
        const auto kept = rollups_.read(date);
        if (!kept) continue;  // said among the rollups' problems
        if (auto why = forget_lines(*kept); !why.empty()) return date.to_string() + ": " + why;
    }
    return "";
}

bool sweeper::record(const ledger::rollup& kept) {
    std::uint64_t bytes = 0;
    for (const auto& segment : segments_of(kept.date)) bytes += segment.bytes;
    int days_kept = 0;
    {
        const std::lock_guard lock(mutex_);
        days_kept = days_kept_;
    }
    const auto date = kept.date.to_string();
    return parts_.record("calls.deleted", date,
                         "{\"day\":\"" + date + "\",\"lines\":" +
                             std::to_string(kept.calls.lines + kept.unreadable_lines) +
                             ",\"bytes\":" + std::to_string(bytes) +
                             ",\"kept_days\":" + std::to_string(days_kept) + "}");
}

}  // namespace tallyfs::retention
