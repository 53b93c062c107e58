// A POST of audit logs: who may, how much, and its answer once the events are on the disk.
// Format: docs/audit.md, "From a log service".
#pragma once

#include "admin/requests.hpp"

#include <tallyfs/admin/intake.hpp>

namespace tallyfs::admin {

/// A batch of a delivery stream is 1 to 5 MB as services have it.
inline constexpr std::size_t intake_body_bytes_max = std::size_t{16} << 20;

/// Whether a request is one, by its head.
[[nodiscard]] bool is_intake(const request& asked);
/// Whether it carries the server's secret: as Authorization: Bearer, or as a delivery stream does.
[[nodiscard]] bool may_post(const request& asked, const intake& to);
/// Hands the body over and waits for its answer.
[[nodiscard]] asio::awaitable<page> take_in(request& asked, const intake& to);

}  // namespace tallyfs::admin
