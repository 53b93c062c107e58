#include "approval/authority.hpp"

#include <tallyfs/approval/views.hpp>

namespace tallyfs::approval {

namespace {

std::string state_line(const entry& e, const context& at) {
    const auto waits = waiting_for(e, at);
    if (waits.step != 0) {
        return "waits for " + waits.role + " (" +
               (waits.names.empty() ? std::string("nobody can decide now") : joined(waits.names)) +
               ")";
    }
    if (e.state == state::approved && at.now < e.execute_at) {
        return "approved, starts at " + to_rfc3339(e.execute_at);
    }
    if (e.state == state::outcome_unknown) return "outcome unknown: done or retry?";
    return std::string(to_string(e.state));
}

/// Text from outside is indented: it shows as it is in Markdown, and none of its lines can pass
/// for a heading, an answer or the code of the page.
void append_indented(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        out += "    ";
        out += text.substr(0, end);
        out += '\n';
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

void append_section(std::string& out, std::string_view heading, std::string_view text) {
    if (text.empty()) return;
    out += "\n## ";
    out += heading;
    out += '\n';
    append_indented(out, text);
}

void append_objections(std::string& out, const std::vector<objection>& objections) {
    if (!objections.empty()) out += "\n## Objections\n";
    for (std::size_t i = 0; i < objections.size(); ++i) {
        const auto& o = objections[i];
        out += std::to_string(i + 1) + ". by " + o.raised.who.person +
               (o.answered ? ", answered by " + o.answered->who.person : ", not answered") + "\n";
        append_indented(out, o.raised.text);
        if (!o.answered) continue;
        out += "   Answer:\n";
        append_indented(out, o.answered->text);
    }
}

}  // namespace

waiting waiting_for(const entry& e, const context& at) {
    const auto current = e.state == state::pending ? e.current_step() : 0;
    if (current == 0) return {};
    return {current, e.request.chain.steps[current - 1].role, deciders(e, at)};
}

std::string summary_line(const entry& e, const context& at) {
    return number_text(e.request.number) + " " + e.request.asked.kind + "  " + state_line(e, at) +
           "  " + e.request.asked.title;
}

std::string evidence_page(const entry& e) {
    const auto& asked = e.request.asked;
    std::string page = "# " + number_text(e.request.number) + " " + asked.title + "\n";
    page += "asked by " + e.request.requester.person + " (known by " +
            std::string(to_string(e.request.requester.how)) + ") at " +
            to_rfc3339(e.request.created) + "\n";
    if (!is_finished(e.state)) page += "expires at " + to_rfc3339(e.expires_at()) + "\n";
    append_section(page, "Reason", asked.reason);
    std::string given;
    for (const auto& [name, value] : asked.parameters) given += name + " = " + value + "\n";
    append_section(page, "Asked for", given);
    append_section(page, "Evidence", asked.evidence);
    append_section(page, "What will be executed", asked.plan);
    append_objections(page, e.objections);
    return page + "\ncode " + plan_code(e.request) + "\n";
}

}  // namespace tallyfs::approval
