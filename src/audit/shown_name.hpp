// What an alert keeps of names and texts that came from a server: short, and safe to show anywhere.
// Limits: an alert fits into an action's detail (record::action_detail_bytes_max).
#pragma once

#include <tallyfs/record/audit_event.hpp>

#include <string>
#include <string_view>

namespace tallyfs::audit {

/// Itself where it can be read; else percent-encoded, so that two users stay two. At most 255
/// bytes.
[[nodiscard]] std::string shown_user(std::string_view user);
/// Itself where it looks like one, else the beginning of its hash. At most 32 bytes.
[[nodiscard]] std::string shown_session(std::string_view session);
/// Clipped, with '?' for what cannot be read. At most 100 and 48 bytes.
[[nodiscard]] std::string shown_object(std::string_view object);
[[nodiscard]] std::string shown_ticket(std::string_view ticket);
/// What an event is about, masked: "DELETE public.orders". At most 200 bytes.
[[nodiscard]] std::string shown_text(const record::audit_event& event);

}  // namespace tallyfs::audit
