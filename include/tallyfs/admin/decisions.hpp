// What the admin port needs to take decisions: the requests, and who somebody is.
// Rules: docs/approvals.md, "Over HTTP".
#pragma once

#include <tallyfs/state/answer_links.hpp>
#include <tallyfs/state/approvals.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::admin {

struct decisions {
    state::approvals& approvals;
    const clock_source& clock;
    /// The person of a token; nullopt for none. Any thread.
    std::function<std::optional<approval::identity>(std::string_view token)> by_token;
    /// The person whom a company's sign-on names in its header. Any thread.
    std::function<std::optional<approval::identity>(std::string_view name)> by_sign_on;
    std::string sign_on_header;                  ///< "" if there is no sign-on
    std::vector<std::string> sign_on_addresses;  ///< whose header is believed: its proxies
    /// What browsers call the pages, "https://tally.example.org", where the proxy in front changes
    /// Host; "": as the request's Host says.
    std::string sign_on_origin;
    const state::answer_links* answers = nullptr;  ///< null: no answers by direct message
};

}  // namespace tallyfs::admin
