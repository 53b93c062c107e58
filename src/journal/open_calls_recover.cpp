#include "journal/open_calls_layout.hpp"
#include "journal/recent_ids.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/open_calls.hpp>

#include <algorithm>

namespace tallyfs::journal {

struct open_calls::left_call {
    open_call call;
    layout::slot* slot;
};

namespace {

using layout::is_plausible;
using layout::longest_duration;

wall_time to_wall_time(std::int64_t microseconds) {
    return wall_time(std::chrono::microseconds(microseconds));
}

/// A time that a damaged table holds may be none at all.
wall_time time_in_table(std::int64_t microseconds) {
    return is_plausible(microseconds) ? to_wall_time(microseconds) : wall_time{};
}

/// Until the call's end, as far as a line can say it.
record::duration duration_until(wall_time end, const open_call& call) {
    return std::clamp(record::duration(end - call.started), record::duration{}, longest_duration);
}

/// The table can lie on a disk that has damaged it: what would make the line unreadable is left
/// out of it.
void leave_out_bad_options(record::call& line) {
    if (!line.options) return;
    std::string written;
    record::append_line(written, line);
    if (!record::parse_call(written)) line.options.reset();
}

/// When the process that had this call was last known to live.
wall_time last_sign_of_life(const open_call& call, wall_time alive) {
    const record::duration longest =
        std::max(call.so_far.first_byte_ms.value_or(record::duration{}),
                 call.so_far.first_token_ms.value_or(record::duration{}));
    return std::max(alive, call.started + longest);
}

}  // namespace

std::vector<open_calls::left_call> open_calls::read_left_open() {
    std::vector<left_call> calls;
    for (const std::uint32_t index : left_open_) {
        layout::slot& slot = table_->at(index);
        if (auto call = layout::slot_copy(slot).read()) calls.push_back({std::move(*call), &slot});
    }
    if (calls.size() < left_open_.size()) {
        spdlog::error("{} open calls of the last process are unreadable",
                      left_open_.size() - calls.size());
    }
    std::sort(calls.begin(), calls.end(), [](const left_call& a, const left_call& b) {
        return a.call.started < b.call.started;
    });
    return calls;
}

result<std::size_t> open_calls::recover(stream& calls) {
    const wall_time beat = time_in_table(table_->header.alive_us.exchange(0));
    if (left_open_.empty()) return std::size_t{0};
    std::vector<left_call> left = read_left_open();
    const auto recent =
        read_recent_lines(calls, left.empty() ? wall_time{} : left.front().call.started);
    // Noted before anything can fail: this process's own signs of life are none of the call's.
    const wall_time alive = recent ? std::max(beat, recent->newest) : beat;
    for (const left_call& each : left) {
        if (each.slot->ended_us != 0) continue;
        each.slot->ended_us = last_sign_of_life(each.call, alive).time_since_epoch().count();
    }
    if (!recent) return recent.error();
    std::size_t appended = 0;
    for (left_call& each : left) {
        record::call& line = each.call.so_far;
        if (recent->ids.contains(line.id.to_string())) continue;
        line.outcome = record::outcome::interrupted;
        line.duration_ms = duration_until(time_in_table(each.slot->ended_us), each.call);
        line.error = "tallyfs ended while the call ran";
        leave_out_bad_options(line);
        auto line_at = calls.append([&](std::string& out, wall_time now) {
            line.time = now;
            record::append_line(out, line);
        });
        if (!line_at) return line_at.error();
        ++appended;
    }
    free_left_open();
    return appended;
}

}  // namespace tallyfs::journal
