// Answers by direct message: the page behind a signed link, and the one decision it allows.
// Rules: docs/security.md, "Answers by direct message".
#pragma once

#include "admin/requests.hpp"

namespace tallyfs::admin {

/// Whether the target is /answer/<signed>.
[[nodiscard]] bool is_answer(std::string_view target) noexcept;

/// A GET shows what is asked and decides nothing: chats open links to preview them. A POST decides
/// the step as the person to whom the link was sent.
asio::awaitable<page> answer_by_link(const request& asked, const decisions& office);

}  // namespace tallyfs::admin
