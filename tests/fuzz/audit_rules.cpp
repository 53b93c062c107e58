// What people write for the audit, and what its alerts and expected work are made of again.
// Formats: docs/audit.md, "Noise", "Rules", "Alerts" and "Expected work".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/audit/alert.hpp>
#include <tallyfs/audit/expected_work.hpp>
#include <tallyfs/audit/noise.hpp>
#include <tallyfs/record/action.hpp>

namespace tallyfs::fuzz {

namespace {

using namespace std::chrono_literals;

const wall_time noon = *parse_rfc3339("2026-11-20T12:00:00Z");

void read_noise(std::string_view input) {
    const auto parsed = audit::parse_noise_rule("mine", input);
    if (!parsed.problem.empty()) return;
    const auto text = audit::to_text(parsed.rule);
    const auto again = audit::parse_noise_rule("mine", text);
    require_equal(again.problem, "", "a rule that is stored is read");
    require_equal(audit::to_text(again.rule), text, "and says the same");
    record::audit_event event;
    event.kind = "statement";
    event.class_name = "WRITE";
    event.statement = parsed.rule.statement;
    require(audit::noise({parsed.rule}).reason_of(event).empty(), "a change is never noise");
}

void read_hours(std::string_view input) {
    const auto parsed = audit::business_hours::parse(input);
    if (!parsed.problem.empty()) return;
    const auto again = audit::business_hours::parse(parsed.hours.text());
    require_equal(again.problem, "", "business hours are read again");
    require_equal(again.hours.text(), parsed.hours.text(), "and say the same");
    for (auto at = noon; at < noon + 7 * 24h; at += 97min)
        require(again.hours.contains(at) == parsed.hours.contains(at), "and mean the same");
}

void read_expected(std::string_view input) {
    const auto parsed = audit::parse_expected_work(input, noon);
    audit::expected_work again;
    if (!parsed.problem.empty()) {
        const bool read = audit::parse_expected_json(input, again);
        if (!read) return;
        const auto json = audit::to_json(again);
        audit::expected_work third;
        if (json.size() > record::action_detail_bytes_max) return;
        require(audit::parse_expected_json(json, third), "expected work is read as it was written");
        require_equal(audit::to_json(third), json, "and says the same");
        return;
    }
    require(parsed.work.from < parsed.work.until, "work takes some time");
    require(parsed.work.until - parsed.work.from <= 14 * 24h, "and not too long");
    require(audit::parse_expected_json(audit::to_json(parsed.work), again), "it can be recorded");
    require(again == parsed.work, "and is the same afterwards");
}

struct action {
    std::string event;
    std::string subject;
    std::string detail;
};

/// Lines are words of people, or actions: what a book takes, another one made from the same takes.
void change_alerts(std::string_view input) {
    audit::alert_book book;
    std::vector<action> taken;
    auto time = noon;
    const auto apply = [&](const action& one) {
        if (book.apply(one.event, one.subject, one.detail, time, "anna")) taken.push_back(one);
        time += 1s;
    };
    while (!input.empty()) {
        auto line = take_until(input, '\n');
        if (const auto by_person = take_choice(line, 2) == 0; by_person) {
            const auto number = static_cast<std::uint32_t>(take_choice(line, 4));
            const auto said = book.decide(number, line);
            require(said.change.has_value() == said.problem.empty(), "a refusal says why");
            if (!said.change) continue;
            const auto changes = book.changes();
            apply({said.change->event, std::to_string(number), said.change->detail});
            require(book.changes() == changes + 1, "what was decided is taken");
        } else {
            const auto event = take_until(line, ' ');
            const auto subject = take_until(line, ' ');
            apply({std::string(event), std::string(subject), std::string(line)});
        }
    }
    audit::alert_book again;
    auto then = noon;
    for (const auto& one : taken) {
        require(again.apply(one.event, one.subject, one.detail, then, "anna"), "it is taken again");
        then += 1s;
    }
    require(again.open().size() == book.open().size(), "as many are open");
    for (const auto* one : book.open()) {
        const auto* other = again.find(one->number);
        require(other != nullptr && other->tally == one->tally, "and say the same");
        require(one->tally.expected <= one->tally.events, "not more is expected than there is");
        (void)audit::to_json(*one);
        if (const auto change = book.judge(one->tally, audit::paging::session); change)
            require(change->detail.size() > 2, "a change says something");
    }
}

/// Fields of an event with zero bytes between them.
void judge_event(std::string_view input) {
    record::audit_event event;
    event.kind = take_choice(input, 4) == 0 ? "error" : "statement";
    event.number = 1;
    event.logged = noon;
    for (auto* field : {&event.user, &event.class_name, &event.command, &event.object,
                        &event.session, &event.sqlstate, &event.expected}) {
        *field = take_until(input, '\0');
    }
    event.statement = input;
    const audit::accounts who({"jd", "a*"}, {"svc_*"});
    audit::judge(event, who, {});
    const auto once = event.rules;
    const auto reason = audit::noise().reason_of(event);
    require(reason.empty() || event.class_name == "READ" || event.class_name.starts_with("MISC"),
            "only what reads and what says nothing is noise");
    audit::judge(event, who, {});
    require(event.rules == once, "judged again it breaks the same rules");
    audit::windows counted("prod/orders-cl");
    counted.add(event, {});
    for (const auto& one : counted.take_changed()) {
        audit::alert_book book;
        const auto change = book.judge(one, audit::paging::session);
        require(change.has_value(), "a tally is an alert");
        require(change->detail.size() < record::action_detail_bytes_max, "that fits into a line");
        require(book.apply(change->event, "1", change->detail, noon, "tallyfs"), "and is taken");
        require(book.find(1)->tally == one, "as it was counted");
    }
}

}  // namespace

void audit_rules(std::string_view input) {
    switch (take_choice(input, 6)) {
        case 0:
            return read_noise(input);
        case 1:
            return read_hours(input);
        case 2:
            return read_expected(input);
        case 3:
            return change_alerts(input);
        default:
            return judge_event(input);
    }
}

}  // namespace tallyfs::fuzz
