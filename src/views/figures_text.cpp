#include "views/figures_text.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>

namespace tallyfs::views {

namespace {

using ledger::sums;

/// Above this a double has no three exact decimals left, and its shortest form may differ.
constexpr std::int64_t exact_us_max = 1'000'000'000'000'000;

/// The figures, once for both formats: name with unit, and value.
template <class Visitor>
void visit_sums(const sums& s, Visitor&& visit) {
    visit("calls", s.calls);
    visit("errors", s.errors);
    visit("client_gone", s.client_gone);
    visit("prompt_tokens", s.prompt_tokens);
    visit("output_tokens", s.output_tokens);
    visit("calls_with_estimated_tokens", s.estimated_calls);
    visit("busy_ms", s.busy);
    visit("duration_ms", s.duration);
    visit("queue_ms", s.queue);
    visit("eval_ms", s.eval);
    visit("first_token_ms_sum", s.first_token);
    visit("first_token_calls", s.first_token_calls);
    visit("cold_starts", s.cold_starts);
    visit("cold_load_ms", s.cold_load);
    visit("prompts_cut", s.prompts_cut);
    visit("request_bytes", s.request_bytes);
    visit("response_bytes", s.response_bytes);
    constexpr std::array<std::string_view, record::service_sources> names{
        "calls_named_by_path",     "calls_named_by_header",  "calls_named_by_key",
        "calls_named_by_listener", "calls_named_by_process", "calls_named_by_user_agent",
        "calls_named_by_address"};
    for (std::size_t i = 0; i < names.size(); ++i) visit(names[i], s.by_source[i]);
}

void append_value(std::string& out, std::int64_t value) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}
void append_value(std::string& out, record::duration value) {
    append_milliseconds(out, value);
}

}  // namespace

void append_milliseconds(std::string& out, record::duration value) {
    std::int64_t microseconds = value.count();
    if (microseconds <= -exact_us_max || microseconds >= exact_us_max) {
        out += nlohmann::json(static_cast<double>(microseconds) / 1000).dump();
        return;
    }
    if (microseconds < 0) {
        out += '-';
        microseconds = -microseconds;
    }
    append_value(out, microseconds / 1000);
    const auto part = static_cast<int>(microseconds % 1000);
    const std::array<char, 4> decimals{'.', static_cast<char>('0' + part / 100),
                                       static_cast<char>('0' + part / 10 % 10),
                                       static_cast<char>('0' + part % 10)};
    // As JSON writers do: no zeros at the end, but at least one decimal.
    const std::size_t kept = part % 100 == 0 ? 2 : part % 10 == 0 ? 3 : 4;
    out.append(decimals.data(), kept);
}

void append_json_text(std::string& out, std::string_view text) {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void append_json_or_null(std::string& out, std::string_view text) {
    if (text.empty()) {
        out += "null";
    } else {
        append_json_text(out, text);
    }
}

std::string sums_header() {
    std::string text;
    visit_sums({}, [&](std::string_view name, const auto&) { text.append(",").append(name); });
    return text;
}

void append_sums(std::string& out, const sums& s) {
    visit_sums(s, [&](std::string_view, const auto& value) {
        out += ',';
        append_value(out, value);
    });
}

void append_sums_members(std::string& out, const sums& s, std::string_view line_start) {
    bool first = true;
    visit_sums(s, [&](std::string_view name, const auto& value) {
        if (!first) out += ',';
        first = false;
        out.append(line_start).append("\"").append(name).append("\": ");
        append_value(out, value);
    });
}

std::string label(std::string_view service, std::string_view task) {
    std::string text(service);
    if (!task.empty()) text.append("/").append(task);
    return text;
}

}  // namespace tallyfs::views
