#include "health/report_text.hpp"

#include <tallyfs/base/readable.hpp>

namespace tallyfs::health {

namespace {

constexpr std::size_t figures_column = 40;
constexpr std::string_view indent = "      ";

/// "public.orders 124M dead of 747M (16.6%)"; its figures name the subject in some rules.
std::string about(const finding& found) {
    if (found.subject.empty() || found.figures_text.starts_with(found.subject)) {
        return found.figures_text;
    }
    return found.subject + (found.figures_text.empty() ? "" : " ") + found.figures_text;
}

std::string heading(const finding& found, wall_time now, std::string_view place) {
    std::string text = found.title;
    if (!place.empty()) text = std::string(place) + ": " + text;
    if (found.since != wall_time{}) text += ", " + since_text(found.since, now);
    return text;
}

/// Heading and figures on one line where they fit, as SEVERITY, what and FIGURES.
void append_first_lines(std::string& out, std::string_view label, const finding& found,
                        const std::string& head) {
    auto what = ascii(about(found));
    what.erase(what.find_last_not_of(' ') + 1);
    const std::string start = column(label, indent.size()) + ascii(head);
    if (start.size() + 1 < figures_column && figures_column + what.size() <= columns_max) {
        out += column(start, what.empty() ? start.size() : figures_column) + what + "\n";
        return;
    }
    append_paragraph(out, column(label, indent.size()), head);
    if (!what.empty()) append_paragraph(out, indent, what);
}

void append_what_to_do(std::string& out, const standing_finding& one) {
    const auto& remedy = one.finding.remedy;
    if (!remedy.advice.empty()) append_paragraph(out, "      do: ", remedy.advice);
    if (!one.request.empty()) {
        append_paragraph(out, "      do: ",
                         "cat approvals/*/" + shell_word(one.request) + "/evidence.md" +
                             (remedy.undo.empty() ? "" : "  (can be undone)"));
    } else if (!remedy.sql.empty()) {
        append_paragraph(out, "      do: ", "read recommendations.sql, then psql -f it");
    }
}

}  // namespace

void append_finding(std::string& out, const standing_finding& one, wall_time now,
                    const finding_style& how) {
    const bool muted = !one.muted_by.empty();
    append_first_lines(out, muted ? "MUTE" : label_of(one.finding.severity), one.finding,
                       heading(one.finding, now, how.place));
    if (muted) {
        append_paragraph(out, indent, "muted by " + one.muted_by);
        return;
    }
    if (!how.brief) {
        for (const auto& line : one.finding.lines) append_paragraph(out, indent, line);
    }
    append_what_to_do(out, one);
}

}  // namespace tallyfs::health
