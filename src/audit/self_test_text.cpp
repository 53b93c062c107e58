#include <tallyfs/audit/self_test.hpp>
#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace tallyfs::audit {

namespace {

std::string_view label_of(verdict value) {
    constexpr std::array<std::string_view, 4> names{"ALIVE", "WEAK", "BLIND", "UNKNOWN"};
    return names[static_cast<std::size_t>(value)];
}

/// `text` in lines of at most 80 columns behind `indent`, the first behind `first`. A word that is
/// too long for a line goes on in the next one: what is to be copied has to be whole.
void append_wrapped(std::string& out, std::string_view first, std::size_t indent,
                    std::string_view text) {
    const auto plain = ascii(text);
    const std::size_t room = columns_max - indent;
    std::string line(first);
    line.resize(indent, ' ');
    for (std::size_t at = 0; at < plain.size();) {
        const auto end = std::min(plain.find(' ', at), plain.size());
        auto word = std::string_view(plain).substr(at, end - at);
        at = end + 1;
        const bool begins = line.size() == indent;
        if (!begins && line.size() + 1 + word.size() > columns_max) {
            out += line + "\n";
            line.assign(indent, ' ');
        } else if (!begins) {
            line += ' ';
        }
        for (; word.size() > room; word.remove_prefix(room)) {
            out += line + std::string(word.substr(0, room)) + "\n";
            line.assign(indent, ' ');
        }
        line += word;
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string moment_text(wall_time time) {
    const auto local = zone::local(time);
    return fmt::format("{} {:02}:{:02}:{:02} {}", day_text(local.date), local.hour, local.minute,
                       local.second, local.abbreviation);
}

void append_report(std::string& out, const self_test_report& report) {
    constexpr std::size_t indent = 10;
    const auto time = ascii(moment_text(report.at));
    const auto label = column(label_of(report.verdict), indent);
    out +=
        label + column(report.cluster, columns_max - indent - time.size() - 1) + " " + time + "\n";
    for (const auto& one : report.findings) {
        append_wrapped(out, "  " + column(label_of(one.verdict), indent - 2), indent, one.what);
        if (!one.advice.empty()) append_wrapped(out, "       ->", indent, one.advice);
    }
    for (const auto& text : report.passed) append_wrapped(out, "  ok", indent, text);
}

}  // namespace

std::string self_test_text(const std::vector<self_test_report>& all) {
    std::string out =
        "SELF-TEST OF THE AUDIT\n"
        "ALIVE: tried, and it works. WEAK: it works, with limits. BLIND: something of a\n"
        "person can happen, or has, that leaves no event. UNKNOWN: not known which.\n";
    if (all.empty()) out += "\nNo server is audited.\n";
    for (const auto& report : all) {
        out += "\n";
        append_report(out, report);
    }
    return out;
}

}  // namespace tallyfs::audit
