// Actions and people for the tests of messages.
// Format: docs/formats.md, "An action's line".
#pragma once

#include "support/catch.hpp"

#include <tallyfs/approval/event.hpp>
#include <tallyfs/notify/target.hpp>
#include <tallyfs/record/action.hpp>

namespace tallyfs::notify::test {

inline constexpr wall_time sample_time{std::chrono::sys_days(std::chrono::year(2026) / 11 / 20) +
                                       std::chrono::hours(8)};

struct office {
    approval::people people{{anna(), bea()}};
    approval::request request = sample_request();
    std::string link = "http://127.0.0.1:11435";

    [[nodiscard]] knowledge known() const {
        return {[this](std::uint32_t number) {
                    return number == request.number ? std::optional(request) : std::nullopt;
                },
                people, [](std::string_view name, std::string_view) { return name == "log_level"; },
                link};
    }
    [[nodiscard]] std::optional<message> tell(std::string event, std::string subject,
                                              std::string detail) const {
        record::action action;
        action.time = sample_time;
        action.number = 17;
        action.previous = record::no_line_before;
        action.node = "docker-host";
        action.event = std::move(event);
        action.subject = std::move(subject);
        action.actor = {"anna", "uid", 1000};
        action.detail = std::move(detail);
        std::string line;
        append_line(line, action);
        return message_of(line, known());
    }
    [[nodiscard]] std::optional<message> tell(const approval::event& event) const {
        return tell("approval." + std::string(name_of(event)), "0042", event_text(event));
    }

    static approval::person anna() {
        approval::person made;
        made.name = "anna";
        made.manager = "bea";
        return made;
    }
    static approval::person bea() {
        approval::person made;
        made.name = "bea";
        made.roles = {"owner"};
        return made;
    }
    static approval::request sample_request() {
        approval::request made;
        made.number = 42;
        made.created = sample_time;
        made.requester = {"anna", 1000, approval::known_by::uid};
        made.asked.kind = "cloud-model";
        made.asked.title = "Allow gpt-oss:120b-cloud for uid:1000";
        made.asked.reason = "REASON-OF-NOBODY-ELSE";
        made.asked.evidence = "EVIDENCE-WITH-A-PROMPT";
        made.asked.plan = "PLAN select * from salaries";
        made.asked.undo = "UNDO";
        made.asked.callback = "https://example.org/CALLBACK-SECRET";
        made.asked.parameters = {{"model", "gpt-oss:120b-cloud"},
                                 {"principal", "uid:1000"},
                                 {"prompt", "PARAMETER-PROMPT"}};
        made.chain.steps = {{"manager", {}, false}, {"owner", {}, false}};
        return made;
    }
};

}  // namespace tallyfs::notify::test
