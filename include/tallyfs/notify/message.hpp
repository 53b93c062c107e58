// What people are told about an action: its event, a title, names, numbers and a link; never a
// prompt, SQL, evidence, a plan or a secret. Format: docs/notify.md, "What is said".
#pragma once

#include <tallyfs/approval/people.hpp>
#include <tallyfs/approval/request.hpp>
#include <tallyfs/base/clock.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::notify {

enum class severity : std::uint8_t { info, warning, critical };
[[nodiscard]] std::string_view to_string(severity value) noexcept;

struct fact {
    std::string name;   ///< "Asked by"
    std::string value;  ///< "anna"
    bool operator==(const fact&) const = default;
};

/// Texts hold no control or invisible characters, and are valid UTF-8. What a chat would take for
/// a command of its own is made harmless by the format.
struct message {
    std::uint64_t number = 0;  ///< of the action: the same in every attempt to send it
    wall_time time{};
    std::string node;
    std::string event;    ///< "approval.requested"
    std::string subject;  ///< "0042"
    std::string title;
    std::vector<fact> facts;
    notify::severity severity = notify::severity::info;
    bool ends = false;  ///< what it is about is over: an alarm about it can be closed
    std::string head;   ///< of the chain, as it was after this action: "17:9f86…"
    std::string link;   ///< the page or file that shows it

    /// The facts, a line each.
    [[nodiscard]] std::string text() const;
};

/// Every name that `events` of a target can hold: the groups, then the events.
[[nodiscard]] std::vector<std::string> event_names();
/// Whether a list of events and groups holds this event; an empty list holds all.
[[nodiscard]] bool wants(const std::vector<std::string>& list, std::string_view event);

/// What a message needs besides the action's line.
struct knowledge {
    /// A request by its number, whatever its state. Any thread.
    std::function<std::optional<approval::request>(std::uint32_t)> request;
    const approval::people& people;
    /// Whether a setting's value may be told: by no means a secret, nor a text. Any thread.
    std::function<bool(std::string_view setting, std::string_view value)> may_tell;
    std::string link;  ///< "http://127.0.0.1:11435", without a slash at the end
};

/// The message about a line of the actions; nullopt for an action that nobody is told of, and for
/// a line that cannot be read.
[[nodiscard]] std::optional<message> message_of(std::string_view line, const knowledge& known);

/// `text` with what cannot be seen, or controls a terminal, replaced by U+FFFD; line ends and tabs
/// by blanks; at most `bytes_max` bytes of it.
[[nodiscard]] std::string visible(std::string_view text, std::size_t bytes_max);

}  // namespace tallyfs::notify
