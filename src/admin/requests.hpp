// Requests for approval over HTTP: pages for people, JSON for programs; decisions by POST.
// Format: docs/approvals.md, "Over HTTP" and "For programs".
#pragma once

#include "admin/session.hpp"

#include <boost/beast/http.hpp>

namespace tallyfs::admin {

using request = boost::beast::http::request<boost::beast::http::string_body>;

/// Whether the target is one of these: /page, /page/0042, /requests, /requests/0042,
/// /answer/<signed>.
[[nodiscard]] bool is_about_requests(std::string_view target) noexcept;

/// Answers it. A GET shows, and never decides; a POST needs a token, or a sign-on.
/// `peer` is the address of the other end.
asio::awaitable<page> answer_about_requests(const request& asked, const session_context& shared,
                                            const std::string& peer);

}  // namespace tallyfs::admin
