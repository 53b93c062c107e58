#include "admin/request_page.hpp"

#include "admin/form.hpp"

#include <algorithm>

namespace tallyfs::admin {

namespace {

using approval::entry;

constexpr std::size_t finished_shown_max = 100;

constexpr std::string_view style = R"(<style>
body{font:16px/1.5 sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#222}
pre{background:#f4f4f4;padding:1rem;overflow:auto;white-space:pre-wrap}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;
border-bottom:1px solid #ddd;vertical-align:top}.message{padding:.6rem 1rem;background:#fff4ce}
label{display:block;margin:.6rem 0}input[type=text],input[type=password]{width:100%;
padding:.4rem;box-sizing:border-box}button{padding:.5rem 1.2rem;margin-right:.6rem}
</style>)";

std::string framed(std::string_view title, std::string_view body) {
    std::string page =
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>";
    page += escape_html(title);
    page += "</title>";
    page += style;
    page += "</head><body>";
    page += body;
    return page + "</body></html>\n";
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

std::string step_row(const entry& e, std::uint32_t step, const approval::waiting& waits) {
    const auto& rule = e.request.chain.steps[step - 1];
    const auto& decided = e.steps[step - 1].decided;
    std::string what = "an earlier step comes first";
    if (decided) {
        what = std::string(to_string(decided->verdict)) + " by " + decided->who.person;
        if (!decided->capacity.for_whom.empty()) what += " for " + decided->capacity.for_whom;
        what += " (known by " + std::string(to_string(decided->who.how)) + ") at " +
                to_rfc3339(decided->at);
        if (!decided->reason.empty()) what += ": " + decided->reason;
    } else if (waits.step == step) {
        what = "waits for " +
               (waits.names.empty() ? "nobody who can decide now" : joined(waits.names));
    } else if (is_finished(e.state)) {
        what = "not decided";
    }
    return "<tr><td>" + std::to_string(step) + "</td><td>" + escape_html(rule.role) + "</td><td>" +
           escape_html(what) + "</td></tr>";
}

std::string decision_form(const entry& e, std::uint32_t step, const form_kind& kind) {
    const bool code = e.request.chain.steps[step - 1].code_required;
    const auto whose = kind.person.empty() ? "" : " as " + escape_html(kind.person);
    std::string form = "<h2>Decide step " + std::to_string(step) + whose +
                       "</h2><form method=\"post\" action=\"" + escape_html(kind.action) +
                       "\" autocomplete=\"off\"><input type=\"hidden\" name=\"step\" value=\"" +
                       std::to_string(step) + "\">";
    if (code) {
        form +=
            "<label>Code, the last line of the evidence<input type=\"text\" name=\"code\" "
            "required pattern=\"[0-9a-fA-F]{8,64}\"></label>";
    }
    form +=
        "<label>Reason (needed to reject)<input type=\"text\" name=\"reason\" "
        "maxlength=\"1000\"></label>";
    if (kind.ask_token) {
        form += "<label>Your token<input type=\"password\" name=\"token\" required></label>";
    }
    return form +
           "<button name=\"decision\" value=\"approve\">Approve</button>"
           "<button name=\"decision\" value=\"reject\"" +
           std::string(code ? " formnovalidate" : "") + ">Reject</button></form>";
}

std::string list_row(const entry& e, const approval::context& at) {
    const auto number = approval::number_text(e.request.number);
    const auto waits = waiting_for(e, at);
    return "<tr><td><a href=\"/page/" + number + "\">" + number + "</a></td><td>" +
           escape_html(e.request.asked.title) + "</td><td>" +
           escape_html(waits.step != 0 ? "waits for " + joined(waits.names)
                                       : std::string(to_string(e.state))) +
           "</td></tr>";
}

}  // namespace

std::string request_page(const entry& e, const approval::context& at, std::string_view message,
                         const form_kind& kind) {
    const auto waits = waiting_for(e, at);
    const auto title = approval::number_text(e.request.number) + " " + e.request.asked.title;
    std::string body =
        "<p><a href=\"/page\">All requests</a></p><h1>" + escape_html(title) + "</h1>";
    if (!message.empty()) {
        body += "<p class=\"message\" role=\"status\">" + escape_html(message) + "</p>";
    }
    body += "<p>State: <b id=\"state\">" + std::string(to_string(e.state)) + "</b></p><pre>" +
            escape_html(evidence_page(e)) +
            "</pre><h2>Steps</h2><table><tr><th>Step</th><th>Role</th><th>Decision</th></tr>";
    for (std::uint32_t step = 1; step <= e.steps.size(); ++step) body += step_row(e, step, waits);
    body += "</table>";
    if (waits.step != 0 && !kind.action.empty()) body += decision_form(e, waits.step, kind);
    return framed(title, body);
}

std::string message_page(std::string_view message) {
    return framed("tallyfs",
                  "<p class=\"message\" role=\"status\">" + escape_html(message) + "</p>");
}

std::string requests_page(const std::vector<entry>& all, const approval::context& at) {
    std::string waiting;
    std::string finished;
    std::size_t shown = 0;
    for (const auto& e : all) {
        if (!is_finished(e.state)) waiting += list_row(e, at);
    }
    for (auto e = all.rbegin(); e != all.rend() && shown < finished_shown_max; ++e) {
        if (!is_finished(e->state)) continue;
        finished += list_row(*e, at);
        ++shown;
    }
    constexpr std::string_view head = "<table><tr><th>No</th><th>What</th><th>State</th></tr>";
    std::string body = "<h1>Requests for approval</h1><h2>Waiting</h2>";
    body += waiting.empty() ? "<p>Nothing waits.</p>" : std::string(head) + waiting + "</table>";
    body += "<h2>Over</h2>";
    body += finished.empty() ? "<p>None yet.</p>" : std::string(head) + finished + "</table>";
    return framed("Requests for approval", body);
}

}  // namespace tallyfs::admin
