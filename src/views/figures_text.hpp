// The figures of sums as the text of .json and .csv files: written digit by digit, because a
// year has millions of them.
// Format: docs/formats.md, "Usage".
#pragma once

#include <tallyfs/ledger/ledger.hpp>

#include <string>
#include <string_view>

namespace tallyfs::views {

/// "n8n/email-triage", or the service alone where there is no task
[[nodiscard]] std::string label(std::string_view service, std::string_view task);

/// Milliseconds as JSON numbers are written here: "0.0", "12.05", "8632.214".
void append_milliseconds(std::string& out, record::duration value);
/// A JSON string; what is not UTF-8 becomes U+FFFD. "null" for an empty one in append_json_or_null.
void append_json_text(std::string& out, std::string_view text);
void append_json_or_null(std::string& out, std::string_view text);

/// ",calls,errors,...": the names of the figures, each after a comma.
[[nodiscard]] std::string sums_header();
/// ",1284,3,...": their values in the same order.
void append_sums(std::string& out, const ledger::sums& s);
/// `"calls": 1284` and so on, a line each behind `line_start`, with commas in between.
void append_sums_members(std::string& out, const ledger::sums& s, std::string_view line_start);

}  // namespace tallyfs::views
