#include <tallyfs/base/command.hpp>
#include <tallyfs/trail/command_source.hpp>

namespace tallyfs::trail {

command_source::command_source(fetch_command what, const clock_source& clock, int stop)
    : what_(std::move(what)), clock_(clock), stop_(stop), due_(clock.steady()) {}

std::string command_source::run(std::optional<wall_time> since,
                                const std::function<void(const delivered_message&)>& take) {
    const command_limits limits{what_.time_max, delivery_bytes_max, stop_};
    std::string printed;
    const auto end =
        run_command(what_.command, {"TALLYFS_SINCE=" + (since ? to_rfc3339(*since) : "")}, limits,
                    [&](std::string_view some) { printed += some; });
    due_ = clock_.steady() + what_.every;
    if (!end.is_success()) {
        auto problem = "the command " + problem_of(end, limits);
        if (end.how == command_end::ending::too_much)
            problem += ": let it print less at a time, the oldest first";
        if (end.how != command_end::ending::not_run && !end.complaint.empty())
            problem += ": " + end.complaint;
        return problem;
    }
    const auto made = for_each_message(printed, take);
    return made.problem.empty() ? "" : "what the command printed cannot be read: " + made.problem;
}

}  // namespace tallyfs::trail
