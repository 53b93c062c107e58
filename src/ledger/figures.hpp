// The figures of `sums`, once, in the order of their columns.
// Format: docs/formats.md, "Ledger".
#pragma once

#include "ledger/sqlite.hpp"

#include <tallyfs/ledger/ledger.hpp>

#include <string>

namespace tallyfs::ledger {

/// Calls visit(column, field) for each figure of `s` (sums or const sums).
template <class Sums, class Visitor>
void visit_figures(Sums& s, Visitor&& visit) {
    visit("calls", s.calls);
    visit("errors", s.errors);
    visit("client_gone", s.client_gone);
    visit("prompt_tokens", s.prompt_tokens);
    visit("output_tokens", s.output_tokens);
    visit("estimated_calls", s.estimated_calls);
    visit("busy_us", s.busy);
    visit("duration_us", s.duration);
    visit("first_token_us", s.first_token);
    visit("first_token_calls", s.first_token_calls);
    visit("eval_us", s.eval);
    visit("eval_tokens", s.eval_tokens);
    visit("cold_starts", s.cold_starts);
    visit("cold_load_us", s.cold_load);
    visit("queue_us", s.queue);
    visit("prompts_cut", s.prompts_cut);
    visit("request_bytes", s.request_bytes);
    visit("response_bytes", s.response_bytes);
    constexpr std::array<const char*, record::service_sources> columns{
        "by_path",    "by_header",     "by_key",    "by_listener",
        "by_process", "by_user_agent", "by_address"};
    for (std::size_t i = 0; i < columns.size(); ++i) visit(columns[i], s.by_source[i]);
}

/// "calls,errors,…"
[[nodiscard]] std::string figure_columns();
/// "?,?,…": a parameter for each figure.
[[nodiscard]] std::string figure_parameters();
/// "calls INTEGER NOT NULL,errors INTEGER NOT NULL,…"
[[nodiscard]] std::string figure_definitions();
/// "calls=calls+excluded.calls,…"
[[nodiscard]] std::string figure_additions();

/// Binds the figures to the parameters that come next.
void bind_figures(statement& to, const sums& figures);
/// Reads the figures from columns `first_column` and following.
[[nodiscard]] sums read_figures(const statement& from, int first_column);

/// What one call adds.
void add_call(sums& to, const record::call& c);
/// How long a cold start was waited for: load_ms, or the first byte where that is unknown.
[[nodiscard]] record::duration cold_wait(const record::call& c);

}  // namespace tallyfs::ledger
