// The bodies of each format, and what makes hostile names harmless in them.
// Formats: docs/notify.md, "Formats".
#pragma once

#include <tallyfs/notify/target.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace tallyfs::notify {

using nlohmann::ordered_json;

/// For Slack: `&`, `<` and `>` begin its commands; mentions and addresses are broken up by a
/// zero-width space.
[[nodiscard]] std::string slack_text(std::string_view text);
/// The same for Mattermost, whose texts are Markdown: that is escaped.
[[nodiscard]] std::string mattermost_text(std::string_view text);

[[nodiscard]] ordered_json mattermost_body(const message& m);
[[nodiscard]] ordered_json slack_body(const message& m);
[[nodiscard]] ordered_json ntfy_body(const message& m, std::string_view topic);
[[nodiscard]] ordered_json pagerduty_body(const target& t, const message& m);
[[nodiscard]] ordered_json opsgenie_body(const message& m);
[[nodiscard]] ordered_json opsgenie_closing_body(const message& m);
/// The fields of a message, or those of the target's template.
[[nodiscard]] ordered_json json_body(const target& t, const message& m);

/// What alarms about the same thing have in common: "tallyfs/docker-host/approval/0042".
[[nodiscard]] std::string alarm_name(const message& m);

/// The same in every attempt to tell of this action, and another one for each action.
[[nodiscard]] std::string idempotency_key(std::string_view node, std::uint64_t number);

/// Why a text is no template, or "".
[[nodiscard]] std::string template_problem(const std::string& text);

/// The JSON text; what is no UTF-8 is replaced.
[[nodiscard]] std::string dumped(const ordered_json& value);

}  // namespace tallyfs::notify
