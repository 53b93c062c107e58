#include "journal/open_calls_layout.hpp"
#include "journal/recent_ids.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/open_calls.hpp>

#include <algorithm>

namespace tallyfs::journal {

namespace {

/// When the process was last known to live while this call ran.
wall_time last_sign_of_life(const open_call& call, wall_time alive) {
    const record::duration longest =
        std::max(call.so_far.first_byte_ms.value_or(record::duration{}),
                 call.so_far.first_token_ms.value_or(record::duration{}));
    return std::max(alive, call.started + longest);
}

void make_interrupted(open_call& call, wall_time alive) {
    record::call& line = call.so_far;
    line.outcome = record::outcome::interrupted;
    line.duration_ms = last_sign_of_life(call, alive) - call.started;
    line.error = "tallyfs was killed while the call ran";
}

}  // namespace

result<std::size_t> open_calls::recover(stream& calls) {
    if (left_open_.empty()) return std::size_t{0};
    std::vector<open_call> interrupted;
    for (const std::uint32_t index : left_open_) {
        const std::lock_guard lock(mutex_);
        interrupted.push_back(read_place(index));
    }
    std::erase_if(interrupted, [](const open_call& call) { return call.so_far.id == uuid{}; });
    if (interrupted.size() < left_open_.size()) {
        spdlog::error("{} open calls of the last process are unreadable",
                      left_open_.size() - interrupted.size());
    }
    std::sort(interrupted.begin(), interrupted.end(),
              [](const open_call& a, const open_call& b) { return a.started < b.started; });
    const wall_time oldest = interrupted.empty() ? wall_time{} : interrupted.front().started;
    const auto recent = read_recent_lines(calls, oldest);
    if (!recent) return recent.error();
    const wall_time beat(std::chrono::microseconds(table_->header.alive_us.load()));
    const wall_time alive = std::max(beat, recent->newest);
    std::size_t appended = 0;
    for (open_call& call : interrupted) {
        if (recent->ids.contains(call.so_far.id.to_string())) continue;
        make_interrupted(call, alive);
        auto line = calls.append([&](std::string& out, wall_time now) {
            call.so_far.time = now;
            record::append_line(out, call.so_far);
        });
        if (!line) return line.error();
        ++appended;
    }
    free_left_open();
    return appended;
}

}  // namespace tallyfs::journal
