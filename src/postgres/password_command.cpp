#include "postgres/password_command.hpp"

#include <tallyfs/base/command.hpp>

namespace tallyfs::postgres {

namespace {

failure failed(std::string what) {
    return {"", std::move(what), false};
}

}  // namespace

outcome<password> run_password_command(const std::string& command,
                                       const std::vector<std::string>& variables,
                                       std::chrono::milliseconds limit, int stop) {
    using ending = command_end::ending;
    const command_limits limits{limit, password_bytes_max, stop};
    std::string printed;
    const auto end =
        run_command(command, variables, limits, [&](std::string_view some) { printed += some; });
    password made{first_line(printed)};
    // `sh -x` and the like may repeat what was printed.
    const auto& said = end.complaint;
    const bool tells = !said.empty() && (made.text.empty() || said.find(made.text) == said.npos);
    const std::string because = tells ? ": " + said : "";
    if (end.how == ending::too_much) return failed("printed more than 16 KiB");
    if (end.how == ending::not_run || end.how == ending::stopped)
        return failed(problem_of(end, limits));
    if (!end.is_success()) return failed(problem_of(end, limits) + because);
    if (made.text.empty() || made.text.find('\0') != std::string::npos)
        return failed("printed no password on its first line" + because);
    return made;
}

}  // namespace tallyfs::postgres
