// The part of a message that tells of a request for approval.
// Events: docs/formats.md, "Approvals". What is told: docs/notify.md, "What is said".
#pragma once

#include <tallyfs/notify/message.hpp>
#include <tallyfs/record/action.hpp>

namespace tallyfs::notify {

/// Names and numbers: long enough for a model's name with its host.
inline constexpr std::size_t value_bytes_max = 256;

/// Adds `name: value`, made visible; nothing where there is no value.
void add_fact(message& m, std::string name, std::string_view value);

/// The head of the chain behind this line, which has no newline: "17:9f86…".
[[nodiscard]] std::string head_after(std::uint64_t number, std::string_view line);

/// Completes the message; false for an event that nobody is told of, or that cannot be read.
[[nodiscard]] bool fill_approval(message& m, const record::action& action, const knowledge& known);

}  // namespace tallyfs::notify
