// A request for approval as a page: what is asked, what would be done, its steps, and the form.
// Format: HTML 5 without scripts; docs/approvals.md, "Over HTTP".
#pragma once

#include <tallyfs/approval/views.hpp>

#include <string>
#include <string_view>

namespace tallyfs::admin {

/// `message` is what came of the last decision, "" if nothing was decided just now. `ask_token` is
/// false where a sign-on already says who it is.
[[nodiscard]] std::string request_page(const approval::entry& e, const approval::context& at,
                                       std::string_view message, bool ask_token);
/// What waits, with links; and what is over, the newest first.
[[nodiscard]] std::string requests_page(const std::vector<approval::entry>& all,
                                        const approval::context& at);

}  // namespace tallyfs::admin
