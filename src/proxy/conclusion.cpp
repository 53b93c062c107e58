#include "proxy/conclusion.hpp"

#include <cmath>

namespace tallyfs::proxy {

namespace {

// A token of English text is about four bytes long (OpenAI, "What are tokens").
constexpr std::int64_t bytes_per_token = 4;
// Text that fills the context exactly is rare; text of this length with that count is rarer.
constexpr std::int64_t bytes_per_token_min = 3;
// No tokenizer in use makes fewer tokens of text than one in six bytes on average.
constexpr std::int64_t bytes_per_token_max = 6;
// What total_duration has beyond its parts is 1 to 3 ms of work; more is a wait for the runner,
// which Ollama 0.33 reports nowhere else.
constexpr std::chrono::milliseconds unexplained_min{50};

std::optional<record::duration> rounded(std::optional<std::chrono::nanoseconds> value) {
    if (!value) return std::nullopt;
    return std::chrono::duration_cast<record::duration>(*value);
}

/// Counts of a stream that reported none: an event of text is about a token.
void estimate_tokens(record::call& line, const call_evidence& evidence) {
    if (evidence.response == nullptr || evidence.response->content_events == 0) return;
    line.tokens_from = record::tokens_from::estimated;
    line.prompt_tokens = (evidence.request.prompt_bytes + bytes_per_token - 1) / bytes_per_token;
    line.output_tokens =
        evidence.request.stream
            ? evidence.response->content_events
            : (evidence.response->content_bytes + bytes_per_token - 1) / bytes_per_token;
}

void describe_tokens(record::call& line, const call_evidence& evidence) {
    const auto* response = evidence.response;
    const bool failed = line.status.value_or(0) >= 400;
    if (response == nullptr || failed) return;
    // An interim count that came with a message's start is no report of the result.
    const bool complete = response->terminal || line.outcome == record::outcome::ok;
    if (complete && (response->prompt_tokens || response->output_tokens)) {
        line.tokens_from = record::tokens_from::reported;
        line.prompt_tokens = response->prompt_tokens;
        line.output_tokens = response->output_tokens;
        return;
    }
    estimate_tokens(line, evidence);
}

void describe_durations(record::call& line, const dialect::response_report& response) {
    line.load_ms = rounded(response.load);
    line.prompt_eval_ms = rounded(response.prompt_eval);
    line.eval_ms = rounded(response.eval);
    if (line.output_tokens && response.eval && response.eval->count() > 0) {
        const auto seconds = std::chrono::duration<double>(*response.eval).count();
        const auto rate = static_cast<double>(*line.output_tokens) / seconds;
        line.tokens_per_second = std::round(rate * 10) / 10;
    }
}

/// The time that nobody worked for the call: of a call that found its model loaded the load, which
/// was then a wait, and in any case what the parts of the total leave unexplained.
std::optional<record::duration> queued(std::optional<bool> cold_start,
                                       const dialect::response_report& response) {
    std::chrono::nanoseconds unexplained{0};
    // Embeddings report no evaluation: there the remainder is the work itself.
    if (response.total && (response.prompt_eval || response.eval)) {
        const std::chrono::nanoseconds none{0};
        unexplained = *response.total - response.load.value_or(none) -
                      response.prompt_eval.value_or(none) - response.eval.value_or(none);
    }
    if (unexplained < unexplained_min) unexplained = std::chrono::nanoseconds(0);
    if (cold_start == false && response.load) return rounded(*response.load + unexplained);
    if (unexplained.count() > 0) return rounded(unexplained);
    return std::nullopt;
}

std::optional<std::int64_t> context_limit(const residency_facts& facts) {
    if (facts.context_asked) return facts.context_asked;
    for (const auto* status : {facts.after, facts.before}) {
        if (status == nullptr) continue;
        const auto* entry = find_loaded(*status, facts.model);
        if (entry != nullptr && entry->context_length) return entry->context_length;
    }
    return std::nullopt;
}

}  // namespace

void describe_request(record::call& line, const dialect::route& route,
                      const dialect::request_report* request) {
    line.dialect = dialect::to_string(route.dialect);
    line.endpoint = route.endpoint;
    if (request == nullptr || !request->readable) return;
    if (request->lifecycle) line.endpoint = request->unload ? "unload" : "load";
    line.model = request->model;
    line.stream = request->stream;
    if (!request->prompt_hash.empty()) line.prompt_hash = request->prompt_hash;
    if (!request->options.empty()) line.options = request->options;
}

void describe_result(record::call& line, const call_evidence& evidence) {
    describe_tokens(line, evidence);
    if (evidence.response != nullptr) {
        line.model_answered = evidence.response->model;
        describe_durations(line, *evidence.response);
        if (evidence.response->error) line.error = evidence.response->error;
    }
    if (!line.model) return;
    const bool answered = evidence.response != nullptr && line.status.value_or(500) < 400;
    if (answered && !evidence.request.unload) {
        const auto judged = judge_residency(evidence.residency);
        line.cold_start = judged.cold_start;
        line.evicted_model = judged.evicted;
        line.queue_ms = queued(judged.cold_start, *evidence.response);
    }
    if (evidence.request.lifecycle) return;
    line.context_limit = context_limit(evidence.residency);
    if (line.tokens_from == record::tokens_from::reported) {
        line.prompt_cut =
            judge_prompt_cut(line.prompt_tokens, line.context_limit, evidence.request.prompt_bytes);
    }
}

record::outcome judge_end(const response_end& end) noexcept {
    const bool answered_question = end.head_request && end.status == 404;
    if (end.status >= 400 && !answered_question) return record::outcome::upstream_error;
    if (end.report != nullptr) {
        if (end.report->error) return record::outcome::upstream_error;
        if (end.terminal_expected && !end.report->terminal) return record::outcome::truncated;
    }
    return record::outcome::ok;
}

std::optional<bool> judge_prompt_cut(std::optional<std::int64_t> prompt_tokens,
                                     std::optional<std::int64_t> context_limit,
                                     std::int64_t prompt_bytes) noexcept {
    if (!prompt_tokens || !context_limit || *context_limit <= 0) return std::nullopt;
    if (*prompt_tokens >= *context_limit) {
        return prompt_bytes / bytes_per_token_min > *context_limit;
    }
    return prompt_bytes / bytes_per_token > *context_limit &&
           prompt_bytes / bytes_per_token_max > *prompt_tokens;
}

}  // namespace tallyfs::proxy
