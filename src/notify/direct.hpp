// Direct messages: to one person alone, with a signed link that takes that person's answer.
// Formats: docs/notify.md, "Direct messages".
#pragma once

#include "notify/exchange.hpp"

#include <tallyfs/notify/notifier.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::notify {

/// Whether somebody has to decide something after this event.
[[nodiscard]] bool asks_people(std::string_view event) noexcept;

/// One who can decide the request's current step now, by an answer in the chat.
struct recipient {
    std::string chat;  ///< id there
    state::answer answer;
};
/// Nobody where it does not wait for a decision. When the answers expire is not said yet.
[[nodiscard]] std::vector<recipient> recipients_of(const approval::entry& e,
                                                   const approval::people& people, wall_time now);

/// Sends it, with `link` in the place of the message's own. A refusal in the body of an answer
/// that looks like a success is given as a status. Blocks as exchange() does.
[[nodiscard]] reply send_direct(const target& to, std::string_view chat, message m,
                                const std::string& link, std::chrono::seconds timeout,
                                wall_time now, const std::shared_ptr<stopper>& stop);

}  // namespace tallyfs::notify
