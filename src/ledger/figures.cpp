#include "ledger/figures.hpp"

#include "ledger/arithmetic.hpp"

namespace tallyfs::ledger {

namespace {

template <class Value>
void add(Value& to, Value value) {
    to = add_saturated(to, value);
}

template <class Make>
std::string list_figures(Make&& make) {
    std::string list;
    const sums none;
    visit_figures(none, [&](const char* column, const auto&) {
        if (!list.empty()) list += ',';
        list += make(std::string(column));
    });
    return list;
}

}  // namespace

sums& sums::operator+=(const sums& other) {
    add(calls, other.calls);
    add(errors, other.errors);
    add(client_gone, other.client_gone);
    add(prompt_tokens, other.prompt_tokens);
    add(output_tokens, other.output_tokens);
    add(estimated_calls, other.estimated_calls);
    add(busy, other.busy);
    add(duration, other.duration);
    add(first_token, other.first_token);
    add(first_token_calls, other.first_token_calls);
    add(eval, other.eval);
    add(eval_tokens, other.eval_tokens);
    add(cold_starts, other.cold_starts);
    add(cold_load, other.cold_load);
    add(queue, other.queue);
    add(prompts_cut, other.prompts_cut);
    add(request_bytes, other.request_bytes);
    add(response_bytes, other.response_bytes);
    for (std::size_t i = 0; i < by_source.size(); ++i) add(by_source[i], other.by_source[i]);
    return *this;
}

std::string figure_columns() {
    return list_figures([](const std::string& column) { return column; });
}
std::string figure_parameters() {
    return list_figures([](const std::string&) { return "?"; });
}
std::string figure_definitions() {
    return list_figures([](const std::string& column) { return column + " INTEGER NOT NULL"; });
}
std::string figure_additions() {
    return list_figures(
        [](const std::string& column) { return column + "=" + column + "+excluded." + column; });
}

void bind_figures(statement& to, const sums& figures) {
    visit_figures(figures, [&](const char*, const auto& value) { to.bind_next(value); });
}

sums read_figures(const statement& from, int first_column) {
    sums figures;
    int column = first_column;
    visit_figures(figures, [&](const char*, auto& value) {
        value = std::decay_t<decltype(value)>(from.integer(column++));
    });
    return figures;
}

record::duration cold_wait(const record::call& c) {
    return c.load_ms.value_or(c.first_byte_ms.value_or(record::duration{}));
}

void add_call(sums& to, const record::call& c) {
    using record::outcome;
    add<std::int64_t>(to.calls, 1);
    add<std::int64_t>(to.by_source[static_cast<std::size_t>(c.service_from)], 1);
    if (c.outcome == outcome::client_gone) {
        add<std::int64_t>(to.client_gone, 1);
    } else if (c.outcome != outcome::ok) {
        add<std::int64_t>(to.errors, 1);
    }
    add(to.prompt_tokens, c.prompt_tokens.value_or(0));
    add(to.output_tokens, c.output_tokens.value_or(0));
    if (c.tokens_from == record::tokens_from::estimated) add<std::int64_t>(to.estimated_calls, 1);
    add(to.busy, record::busy(c));
    add(to.duration, c.duration_ms);
    if (c.first_token_ms) {
        add(to.first_token, *c.first_token_ms);
        add<std::int64_t>(to.first_token_calls, 1);
    }
    if (c.eval_ms) {
        add(to.eval, *c.eval_ms);
        add(to.eval_tokens, c.output_tokens.value_or(0));
    }
    if (c.cold_start.value_or(false)) {
        add<std::int64_t>(to.cold_starts, 1);
        add(to.cold_load, cold_wait(c));
    }
    add(to.queue, c.queue_ms.value_or(record::duration{}));
    if (c.prompt_cut.value_or(false)) add<std::int64_t>(to.prompts_cut, 1);
    add(to.request_bytes, c.request_bytes);
    add(to.response_bytes, c.response_bytes);
}

}  // namespace tallyfs::ledger
