#include "audit/self_test_checks.hpp"

#include <algorithm>
#include <array>

namespace tallyfs::audit {

namespace {

/// What is blind comes first, then what nobody knows.
int badness(verdict value) {
    constexpr std::array<int, 4> of{0, 1, 3, 2};
    return of[static_cast<std::size_t>(value)];
}

void check_connection(const self_test_input& seen, findings& into) {
    if (!seen.server_problem.empty()) {
        into.add("connection", verdict::unknown,
                 "The server could not be looked at: " + seen.server_problem + ".",
                 "What is found below is judged by its log alone.");
        return;
    }
    into.add("connection", verdict::weak,
             "No connection is configured: only the log is judged, and nothing tells an audit that"
             " is switched off from people who do nothing.",
             "Register the server, so that tallyfs can look at it and send it canaries.");
}

}  // namespace

std::string_view to_string(verdict value) noexcept {
    constexpr std::array<std::string_view, 4> names{"alive", "weak", "blind", "unknown"};
    return names[static_cast<std::size_t>(value)];
}

std::string names_text(std::span<const std::string> names) {
    constexpr std::size_t shown_max = 5;
    const auto shown = std::min(names.size(), shown_max);
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) {
        const bool is_last = i + 1 == names.size();
        if (i > 0) text += is_last ? " and " : ", ";
        text += names[i];
    }
    if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
    return text;
}

self_test_report self_test(const self_test_input& seen) {
    self_test_report report;
    report.cluster = seen.cluster;
    report.at = seen.now;
    findings into(report);
    if (seen.server) {
        check_settings(*seen.server, into);
        check_sessions(seen, into);
        check_canaries(seen, into);
    } else {
        check_connection(seen, into);
    }
    check_log(seen, into);
    std::ranges::stable_sort(report.findings, std::greater<>(),
                             [](const auto& one) { return badness(one.verdict); });
    report.verdict = report.findings.empty() ? verdict::alive : report.findings.front().verdict;
    return report;
}

}  // namespace tallyfs::audit
