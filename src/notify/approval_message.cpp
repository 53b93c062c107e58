#include "notify/approval_message.hpp"

#include <tallyfs/approval/event.hpp>

namespace tallyfs::notify {

namespace {

using approval::request;

/// Parameters that are names: any other one may be a prompt, a statement or a secret.
constexpr std::array<std::string_view, 4> told_parameters{"model", "principal", "budget", "policy"};

/// "manager (bea, carl)"; "" where there is no such step.
std::string holders_of(const request& r, std::uint32_t step, const knowledge& known) {
    if (step == 0 || step > r.chain.steps.size()) return {};
    const auto& role = r.chain.steps[step - 1].role;
    std::string names;
    for (const auto* person : known.people.holders(role, r.requester.person)) {
        names += (names.empty() ? " (" : ", ") + person->name;
    }
    return role + names + (names.empty() ? "" : ")");
}

/// What the event adds to the message, and how its title begins.
class teller {
  public:
    teller(message& m, const request& r, const knowledge& known) : m_(m), r_(r), known_(known) {}

    bool operator()(const approval::request_opened& /*e*/) {
        begin("approval.requested", "Approval is asked for");
        m_.severity = severity::warning;
        add_fact(m_, "Waits for", holders_of(r_, 1, known_));
        return true;
    }
    bool operator()(const approval::step_decided& e) {
        const bool approved = e.verdict == approval::verdict::approve;
        begin(approved ? "approval.decided" : "approval.rejected",
              approved ? "Step " + std::to_string(e.step) + " is approved" : "Rejected");
        m_.ends = !approved;
        add_fact(m_, "Decided by", e.who.person);
        add_fact(m_, "For", e.capacity.for_whom);
        if (approved) add_fact(m_, "Waits for", holders_of(r_, e.step + 1, known_));
        return true;
    }
    bool operator()(const approval::step_delegated& e) {
        begin("approval.delegated", "Step " + std::to_string(e.step) + " is handed over");
        add_fact(m_, "Handed over by", e.who.person);
        add_fact(m_, "Waits for", e.to);
        return true;
    }
    bool operator()(const approval::step_reminded& e) {
        begin("approval.reminder", "Still waits");
        m_.severity = severity::warning;
        add_fact(m_, "Waits for", holders_of(r_, e.step, known_));
        return true;
    }
    bool operator()(const approval::step_escalated& e) {
        begin("approval.escalated", "Nobody has answered: their managers may decide");
        m_.severity = severity::warning;
        add_fact(m_, "Waits for managers of", holders_of(r_, e.step, known_));
        return true;
    }
    bool operator()(const approval::objection_raised& e) {
        begin("approval.objection", "Somebody objects");
        m_.severity = severity::warning;
        add_fact(m_, "Objection by", e.who.person);
        return true;
    }
    bool operator()(const approval::objection_answered& /*e*/) { return false; }
    bool operator()(const approval::request_revised& e) {
        begin("approval.revised", "Changed: decisions made before are void");
        m_.severity = severity::warning;
        add_fact(m_, "Changed by", e.who.person);
        add_fact(m_, "Waits for", holders_of(r_, 1, known_));
        return true;
    }
    bool operator()(const approval::request_withdrawn& e) {
        add_fact(m_, "Withdrawn by", e.who.person);
        return end("approval.withdrawn", "Withdrawn");
    }
    bool operator()(const approval::request_expired& /*e*/) {
        return end("approval.expired", "Expired without a decision");
    }
    bool operator()(const approval::execution_started& /*e*/) { return false; }
    bool operator()(const approval::execution_finished& e) {
        if (e.ending == approval::ending::ok) return end("approval.done", "Done");
        begin("approval.failed", "Approved, but could not be done");
        m_.severity = severity::warning;
        return true;
    }
    bool operator()(const approval::execution_absent& /*e*/) { return false; }
    bool operator()(const approval::execution_unknown& /*e*/) {
        begin("approval.outcome_unknown", "Nobody knows whether it was done: a person has to say");
        m_.severity = severity::critical;
        return true;
    }
    bool operator()(const approval::outcome_settled& e) {
        add_fact(m_, "Said by", e.who.person);
        if (e.settlement == approval::settlement::done)
            return end("approval.settled", "Said to be done");
        begin("approval.settled", "To be tried again");
        return true;
    }

  private:
    void begin(std::string event, const std::string& what) {
        m_.event = std::move(event);
        m_.title = what + ": " + approval::number_text(r_.number) + " " +
                   visible(r_.asked.title, approval::title_bytes_max);
    }
    bool end(std::string event, const std::string& what) {
        begin(std::move(event), what);
        m_.ends = true;
        return true;
    }

    message& m_;
    const request& r_;
    const knowledge& known_;
};

}  // namespace

bool fill_approval(message& m, const record::action& action, const knowledge& known) {
    const auto event = approval::parse_event(action.detail);
    if (!event) return false;
    const auto* const opened = std::get_if<approval::request_opened>(&*event);
    const auto r = opened != nullptr ? std::optional(opened->request)
                                     : known.request(approval::number_of(*event));
    if (!r) return false;
    m.subject = approval::number_text(r->number);
    m.link += "/page/" + m.subject;
    add_fact(m, "Kind", r->asked.kind);
    add_fact(m, "Environment", r->asked.environment);
    add_fact(m, "Asked by", r->requester.person);
    for (const auto name : told_parameters) {
        const auto place = r->asked.parameters.find(std::string(name));
        if (place == r->asked.parameters.end()) continue;
        auto label = std::string(name);
        label.front() = static_cast<char>(label.front() - 'a' + 'A');
        add_fact(m, std::move(label), place->second);
    }
    return std::visit(teller(m, *r, known), *event);
}

}  // namespace tallyfs::notify
