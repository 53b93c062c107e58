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

void append_section(std::string& out, std::string_view heading, std::string_view text) {
    if (text.empty()) return;
    out += "\n## ";
    out += heading;
    out += '\n';
    out += text;
    if (!out.ends_with('\n')) out += '\n';
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
    page += "expires at " + to_rfc3339(e.expires_at()) + "\n";
    append_section(page, "Reason", asked.reason);
    std::string given;
    for (const auto& [name, value] : asked.parameters) given += name + " = " + value + "\n";
    append_section(page, "Asked for", given);
    append_section(page, "Evidence", asked.evidence);
    append_section(page, "What will be executed", asked.plan);
    std::string objected;
    for (std::size_t i = 0; i < e.objections.size(); ++i) {
        const auto& o = e.objections[i];
        objected +=
            std::to_string(i + 1) + ". " + o.raised.who.person + ": " + o.raised.text + "\n";
        objected +=
            o.answered ? "   answered by " + o.answered->who.person + ": " + o.answered->text + "\n"
                       : std::string("   not answered\n");
    }
    append_section(page, "Objections", objected);
    return page + "\ncode " + plan_code(e.request) + "\n";
}

}  // namespace tallyfs::approval
