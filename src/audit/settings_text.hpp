// Whether a statement's text changes what a server logs of its users.
// Source: PostgreSQL 15, "SET", "ALTER SYSTEM", "ALTER ROLE", "Lexical Structure"; what pgAudit
// logs of each was measured: docs/audit.md, "Rules".
#pragma once

#include <string_view>

namespace tallyfs::audit {

/// By its words outside of literals, whether it was masked before or not. pgAudit gives the whole
/// text that a client sent with each of its statements, so a change behind another statement shows
/// here even where it leaves no line of its own.
[[nodiscard]] bool changes_audit_settings(std::string_view statement);

}  // namespace tallyfs::audit
