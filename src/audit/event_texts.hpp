// What is kept of the texts of an entry, and what they say: statements, errors, settings.
// Rules: docs/audit.md, "What is kept".
#pragma once

#include <tallyfs/audit/log_entry.hpp>

#include <string>
#include <string_view>

namespace tallyfs::audit {

/// The SQLSTATE of an entry; where the log does not tell it, that which the server gives with such
/// a message, or "".
[[nodiscard]] std::string_view sqlstate_of(const log_entry& entry) noexcept;

/// Whether a client's session ended a statement or itself with it.
[[nodiscard]] bool is_client_error(const log_entry& entry) noexcept;

/// A message without what a client may have written: what stands in quotes is left out, but where
/// it can only be a name.
[[nodiscard]] std::string masked_message(std::string_view message, std::string_view sqlstate);

/// The parameter of which the server says that it was changed, if it decides on what is logged;
/// "" for any other message.
[[nodiscard]] std::string_view changed_parameter(std::string_view message) noexcept;

/// Masks one statement after the other: several events of one come in a row.
class statement_masker {
  public:
    /// Valid until the next call.
    const std::string& masked(std::string_view statement);

  private:
    std::string statement_;
    std::string masked_;
};

}  // namespace tallyfs::audit
