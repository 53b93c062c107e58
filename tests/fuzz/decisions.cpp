// What people and programs write for a decision, and what the journal says of it: requests,
// events, actions, forms. What is accepted fits into a line and is read back as it was written.
// Formats: docs/approvals.md, docs/formats.md.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/approval/event.hpp>
#include <tallyfs/approval/request.hpp>
#include <tallyfs/base/limits.hpp>
#include <tallyfs/journal/chain.hpp>
#include <tallyfs/record/action.hpp>

#include <admin/form.hpp>

namespace tallyfs::fuzz {

namespace {

void read_draft(std::string_view text) {
    const auto asked = approval::parse_draft(text);
    if (!asked) {
        require(!asked.error().sentence.empty(), "a refusal says why");
        return;
    }
    require(!asked->kind.empty() && asked->parameters.size() <= approval::parameters_max,
            "a request has a kind, and a bounded number of parameters");
    const auto clean = approval::checked(*asked);
    if (!clean) return;
    require(approval::checked(*clean).value() == *clean, "what is clean stays as it is");
    approval::request_opened opened;
    opened.request.number = 1;
    opened.request.asked = *clean;
    const auto event = approval::event_text(opened);
    require(event.size() <= approval::event_bytes_max || event.size() < 6 * text.size(),
            "an event is not longer than what was written, escaped");
    require(approval::parse_event(event).value() == approval::event(opened),
            "an event is read back");
}

void read_event(std::string_view text) {
    const auto event = approval::parse_event(text);
    if (!event) return;
    const auto written = approval::event_text(*event);
    require(approval::parse_event(written).value() == *event, "an event is read back");
}

void read_action(std::string_view text) {
    const auto action = record::parse_action(text);
    if (!action || action->detail.size() > record::action_detail_bytes_max) return;
    std::string line;
    record::append_line(line, *action);
    require(line.size() <= limits::line_bytes_max, "an action fits into a line");
    std::string again;
    record::append_line(again, record::parse_action(line).value());
    require_equal(line, again, "an action is written in one way");
}

void read_form(std::string_view text) {
    if (const auto fields = admin::parse_form(text)) {
        for (const auto& [name, value] : *fields) {
            require(name.size() + value.size() <= text.size(), "decoding makes nothing longer");
        }
    }
    const auto escaped = admin::escape_html(text);
    require(escaped.find_first_of("<>\"'") == std::string::npos, "no markup is left");
}

}  // namespace

void decisions(std::string_view input) {
    switch (take_choice(input, 5)) {
        case 0:
            return read_draft(input);
        case 1:
            return read_event(input);
        case 2:
            return read_action(input);
        case 3:
            return read_form(input);
        default:
            if (const auto head = journal::chain_head::parse(input)) {
                require(journal::chain_head::parse(head->to_string()) == head,
                        "a head is read back");
            }
    }
}

}  // namespace tallyfs::fuzz
