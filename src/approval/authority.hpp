// Who may decide what: the one place where the rules about people are.
// Format: docs/approvals.md, "Rules".
#pragma once

#include <tallyfs/approval/book.hpp>

namespace tallyfs::approval {

/// Whether a person had part in a decision that counts: as the one who decided, for whom, or
/// through whom.
[[nodiscard]] bool is_used(const entry& e, std::string_view name);

/// Every way in which `name` may decide `step` (from 1) now. `reused`: also by people who took
/// part in another step already (to say which rule refuses, and after an unknown outcome).
[[nodiscard]] std::vector<capacity> ways_to_decide(const entry& e, std::uint32_t step,
                                                   std::string_view name, const context& at,
                                                   bool reused = false);

/// The capacity in which a resolved identity decides the current step. Refusals: own_request,
/// person_used, not_allowed, not_known_by.
[[nodiscard]] outcome<capacity> authority(const entry& e, std::uint32_t step, const identity& who,
                                          const context& at);

/// Whether a resolved identity is the one who asked.
[[nodiscard]] bool is_requester(const entry& e, const identity& who);
/// Whether a resolved identity approved it, or somebody did so for this person.
[[nodiscard]] bool has_approved(const entry& e, const identity& who);

/// "bea, carl": who can decide the current step now.
[[nodiscard]] std::vector<std::string> deciders(const entry& e, const context& at);
[[nodiscard]] std::string joined(const std::vector<std::string>& names);

/// A request that is there and pending at this time, not yet expired.
[[nodiscard]] std::optional<refusal> why_not_pending(const entry& e, wall_time now);
[[nodiscard]] refusal unknown(std::uint32_t number);
/// The entry, whatever its state. Refusal: unknown_number.
[[nodiscard]] outcome<const entry*> known(const book& requests, std::uint32_t number);

/// The event if its line fits into the journal. Refusal: too_large.
[[nodiscard]] outcome<events> fitting(event e);

}  // namespace tallyfs::approval
