// The fields of a call's line, once, in their order: writer and readers visit the same list.
// Format: docs/formats.md, "A call's line".
#pragma once

#include "record/field_types.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/record/call.hpp>

#include <string_view>

namespace tallyfs::record {

/// The longest duration that is read: beyond 2^53 microseconds (285 years) a double, which is what
/// other readers have, would not be exact.
inline constexpr std::int64_t milliseconds_max = 9'000'000'000'000;

/// Calls visit(name, field) for each field of `c` (a call or a const call), in the line's order.
template <class Call, class Visitor>
void visit_fields(Call& c, Visitor&& visit) {
    constexpr auto label = limits::label_bytes_max;
    constexpr auto model = limits::model_bytes_max;
    visit("time", c.time);
    visit("id", c.id);
    visit("node", bounded{c.node, label});
    visit("service", bounded{c.service, label});
    visit("task", bounded{c.task, label});
    visit("service_from", c.service_from);
    visit("principal", bounded{c.principal, label});
    visit("client", bounded{c.client, label});
    visit("process", bounded{c.process, label});
    visit("upstream", bounded{c.upstream, label});
    visit("dialect", bounded{c.dialect, label});
    visit("endpoint", bounded{c.endpoint, label});
    visit("model", bounded{c.model, model});
    visit("model_answered", bounded{c.model_answered, model});
    visit("stream", c.stream);
    visit("status", c.status);
    visit("outcome", c.outcome);
    visit("prompt_tokens", c.prompt_tokens);
    visit("output_tokens", c.output_tokens);
    visit("tokens_from", c.tokens_from);
    visit("duration_ms", c.duration_ms);
    visit("first_byte_ms", c.first_byte_ms);
    visit("first_token_ms", c.first_token_ms);
    visit("queue_ms", c.queue_ms);
    visit("load_ms", c.load_ms);
    visit("prompt_eval_ms", c.prompt_eval_ms);
    visit("eval_ms", c.eval_ms);
    visit("tokens_per_second", c.tokens_per_second);
    visit("cold_start", c.cold_start);
    visit("evicted_model", bounded{c.evicted_model, model});
    visit("context_limit", c.context_limit);
    visit("prompt_cut", c.prompt_cut);
    visit("request_bytes", c.request_bytes);
    visit("response_bytes", c.response_bytes);
    visit("prompt_hash", bounded{c.prompt_hash, label});
    visit("options", raw_json{c.options, limits::options_bytes_max});
    visit("error", bounded{c.error, limits::error_bytes_max});
}

[[nodiscard]] std::optional<tokens_from> parse_tokens_from(std::string_view text) noexcept;
[[nodiscard]] std::optional<service_source> parse_service_source(std::string_view text) noexcept;

/// Reads any JSON object with the fields, in any order: the slow path of parse_call().
[[nodiscard]] result<call> parse_any_order(std::string_view line);

}  // namespace tallyfs::record
