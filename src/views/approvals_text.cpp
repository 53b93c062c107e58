#include "views/approvals_text.hpp"

#include <tallyfs/base/readable.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

namespace tallyfs::views {

namespace {

using json = nlohmann::ordered_json;
using approval::entry;

std::string dumped(const json& value) {
    return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + ascii(name);
    return text.empty() ? "nobody can decide it now" : text;
}

std::string waiting_line(const entry& e, const approval::context& at) {
    const auto waits = waiting_for(e, at);
    const auto age = std::max(at.now - e.request.created, std::chrono::microseconds(0));
    return fmt::format("{}  {} {} {} {}\n", approval::number_text(e.request.number),
                       column(duration_text(std::chrono::floor<std::chrono::seconds>(age)), 10),
                       column(waits.role.empty() ? to_string(e.state) : waits.role, 12),
                       column(joined(waits.names), 16), column(ascii(e.request.asked.title), 34));
}

}  // namespace

std::string approvals_readme(const state::approvals& approvals) {
    std::string text = R"(# approvals
What waits for a person's word. `waiting.txt` says what waits for whom.

    cat waiting.txt
    cat pending/0042-*/evidence.md           what is asked, what would be done
    echo approve > pending/0042-*/steps/1-owner/decision
    echo 'reject: not now' > pending/0042-*/steps/1-owner/decision
    echo 'delegate bea: on holiday' > pending/0042-*/steps/1-owner/decision
    echo 'please ask the lawyers' > pending/0042-*/objections
    echo 'withdraw: no longer needed' > pending/0042-*/state
    echo 'the project ended' > done/0042-*/undo
    cat ../control/last_error                why your last one was refused

Ask for something with a file in new/, and read it back for the request that
was opened, or for what is wrong:

    printf '%s\n' kind=cloud-model model=gpt-oss:120b-cloud principal=uid:1000 \
        'reason=a demo' > new/mine
    cat new/mine

Decisions are made by who holds the role of the step, as the configuration says
(`[[people]]`); nobody does by being root. Each is in actions/, and the whole
record of a request that is over in done/.

## Kinds
)";
    for (const auto& kind : approvals.kinds()) {
        text += kind.name + "\n" + wrapped(kind.meaning, "    ");
        text += wrapped(kind.parameters, "    ");
    }
    return text;
}

std::string waiting_text(const std::vector<entry>& all, const approval::context& at) {
    std::string text;
    for (const auto& e : all) {
        if (!is_finished(e.state)) text += waiting_line(e, at);
    }
    if (text.empty()) return "Nothing waits for a person. Ask with a file in approvals/new/.\n";
    return "NO    WAITS      FOR          WHO              WHAT\n" + text +
           "\nRead approvals/pending/<no>-*/evidence.md, then\n"
           "echo approve > approvals/pending/<no>-*/steps/1-*/decision\n";
}

std::string request_json(const entry& e) {
    const auto& r = e.request;
    json object;
    object["number"] = approval::number_text(r.number);
    object["kind"] = r.asked.kind;
    object["environment"] = r.asked.environment;
    object["title"] = r.asked.title;
    object["reason"] = r.asked.reason;
    object["parameters"] = r.asked.parameters;
    object["requester"] = r.requester.person;
    object["known_by"] = to_string(r.requester.how);
    object["created"] = to_rfc3339(r.created);
    object["expires"] = to_rfc3339(e.expires_at());
    object["state"] = to_string(e.state);
    object["hash"] = approval::plan_hash(r);
    object["undo_of"] = r.undo_of == 0 ? json() : json(approval::number_text(r.undo_of));
    return dumped(object);
}

std::string result_json(const entry& e, const std::string& effect) {
    const auto time = [](const std::optional<wall_time>& at) {
        return at ? json(to_rfc3339(*at)) : json();
    };
    json object;
    object["state"] = to_string(e.state);
    object["started"] = time(e.started);
    object["ended"] = time(e.ended);
    object["result"] = e.result;
    if (!effect.empty()) object["effect"] = json::parse(effect);
    return dumped(object);
}

std::string objections_text(const entry& e) {
    if (e.objections.empty()) {
        return "No objections. To object: echo 'why not' > objections\n";
    }
    std::string text;
    for (std::size_t i = 0; i < e.objections.size(); ++i) {
        const auto& o = e.objections[i];
        text += fmt::format("{}. {} by {}: {}\n", i + 1, to_rfc3339(o.raised.at),
                            o.raised.who.person, o.raised.text);
        if (o.answered) {
            text +=
                fmt::format("   answered by {}: {}\n", o.answered->who.person, o.answered->text);
        } else {
            text += fmt::format("   not answered: echo 'answer {}: ...' > objections\n", i + 1);
        }
    }
    return text;
}

std::string state_text(const entry& e) {
    return std::string(to_string(e.state)) + "\n";
}

std::string role_text(const entry& e, std::uint32_t step, const approval::context& at) {
    const auto waits = waiting_for(e, at);
    auto text = e.request.chain.steps[step - 1].role + "\n";
    if (waits.step == step) text += "can decide now: " + joined(waits.names) + "\n";
    return text;
}

std::string decision_text(const entry& e, std::uint32_t step) {
    const auto& progress = e.steps[step - 1];
    if (progress.decided) {
        const auto& d = *progress.decided;
        auto text = fmt::format("{} by {}", to_string(d.verdict), d.who.person);
        if (!d.capacity.for_whom.empty()) text += " for " + d.capacity.for_whom;
        text += fmt::format(" (known by {}) at {}", to_string(d.who.how), to_rfc3339(d.at));
        return text + (d.reason.empty() ? "" : ": " + d.reason) + "\n";
    }
    if (is_finished(e.state)) return "not decided: " + std::string(to_string(e.state)) + "\n";
    if (e.current_step() != step) return "not yet: an earlier step comes first\n";
    const bool code = e.request.chain.steps[step - 1].code_required;
    return code ? "undecided. Write: approve CODE (the end of evidence.md), or reject: why\n"
                : "undecided. Write: approve, or reject: why, or delegate NAME: why\n";
}

}  // namespace tallyfs::views
