// A request for approval as a page: what is asked, what would be done, its steps, and the form.
// Format: HTML 5 without scripts; docs/approvals.md, "Over HTTP".
#pragma once

#include <tallyfs/approval/views.hpp>

#include <string>
#include <string_view>

namespace tallyfs::admin {

/// The form for a decision.
struct form_kind {
    std::string action;      ///< where it is posted; "": there is none
    bool ask_token = false;  ///< false where it is known already who decides
    std::string person;      ///< whose answer it is, of a link; "" elsewhere
};

/// `message` is what came of the last decision, "" if nothing was decided just now.
[[nodiscard]] std::string request_page(const approval::entry& e, const approval::context& at,
                                       std::string_view message, const form_kind& form);
/// A page with this one sentence.
[[nodiscard]] std::string message_page(std::string_view message);
/// What waits, with links; and what is over, the newest first.
[[nodiscard]] std::string requests_page(const std::vector<approval::entry>& all,
                                        const approval::context& at);

}  // namespace tallyfs::admin
