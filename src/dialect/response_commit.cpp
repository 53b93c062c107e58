#include "dialect/response_sink.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>

namespace tallyfs::dialect {
namespace {

void assign(std::optional<std::string>& to, std::string_view from) {
    // Every chunk names the model again: most of the time nothing changes.
    if (!to || *to != from) to = std::string(from);
}

bool is_last_event(family dialect, std::string_view event) {
    if (dialect == family::anthropic) return event == "message_stop" || event == "error";
    return event == "response.completed" || event == "response.incomplete" ||
           event == "response.failed" || event == "error";
}

}  // namespace

void response_sink::begin_response(family dialect, operation op) {
    dialect_ = dialect;
    op_ = op;
    begin();
}

void response_sink::begin() {
    in_text_ = is_done_ = has_content_ = has_choices_ = has_embeddings_ = false;
    content_bytes_ = 0;
    counts_ = {};
    durations_ = {};
    model_.clear();
    remote_host_.clear();
    reason_.clear();
    status_.clear();
    event_type_.clear();
    error_.clear();
    error_type_.clear();
}

void response_sink::commit(response_report& report, std::string_view event, bool in_stream) const {
    commit_labels(report);
    if (dialect_ == family::native) {
        commit_native(report);
    } else {
        commit_usage(report, in_stream);
        commit_events(report, event, in_stream);
    }
    report.content_bytes += content_bytes_;
    if (in_stream && (has_content_ || content_bytes_ > 0)) ++report.content_events;
    if (!in_stream) report.terminal = true;
}

void response_sink::commit_labels(response_report& report) const {
    // A chunk that Ollama makes up when its runner dies has an empty model.
    if (!model_.view().empty())
        assign(report.model, clip_utf8(model_.view(), limits::model_bytes_max));
    if (!remote_host_.view().empty())
        assign(report.remote_host, clip_utf8(remote_host_.view(), label_bytes_max));
    if (reason_.given()) assign(report.done_reason, clip_utf8(reason_.view(), label_bytes_max));
    if (!error_.given()) return;
    // An error without a text is still one: its type is the next best thing to show.
    const auto shown = error_.view().empty() ? error_type_.view() : error_.view();
    assign(report.error, clip_utf8(shown, limits::error_bytes_max));
}

void response_sink::commit_native(response_report& report) const {
    using std::chrono::nanoseconds;
    if (error_.given()) {
        report.terminal = true;
        return;
    }
    // Zero is left out on the wire, so a missing figure of a last chunk is a zero.
    if (is_done_ || (has_embeddings_ && op_ == operation::embed)) {
        report.prompt_tokens = counts_[prompt_count].value_or(0);
        report.output_tokens = counts_[output_count].value_or(0);
        report.total = nanoseconds(durations_[total_duration]);
        report.load = nanoseconds(durations_[load_duration]);
    }
    if (!is_done_) return;
    report.prompt_eval = nanoseconds(durations_[prompt_eval_duration]);
    report.eval = nanoseconds(durations_[eval_duration]);
    report.terminal = true;
}

bool response_sink::is_placeholder_usage(bool in_stream) const {
    if (counts_[prompt_count].value_or(0) != 0 || counts_[output_count].value_or(0) != 0)
        return false;
    // Chunks of /v1/completions carry zeros until the last one, which has no choices. A single
    // reply with zeros and no reason was given up by Ollama before it knew the figures.
    return in_stream ? has_choices_ : has_choices_ && !reason_.given();
}

void response_sink::commit_usage(response_report& report, bool in_stream) const {
    if (dialect_ == family::openai && is_placeholder_usage(in_stream)) return;
    if (counts_[prompt_count]) report.prompt_tokens = counts_[prompt_count];
    if (counts_[output_count]) report.output_tokens = counts_[output_count];
    // Embeddings have no output: their usage leaves it out.
    if (op_ == operation::openai_embeddings && counts_[prompt_count]) report.output_tokens = 0;
}

void response_sink::commit_events(response_report& report, std::string_view event,
                                  bool in_stream) const {
    if (dialect_ == family::openai) return;
    const auto name = event.empty() ? event_type_.view() : event;
    const bool is_last = !in_stream || is_last_event(dialect_, name);
    if (is_last && in_stream) report.terminal = true;
    if (is_last && !reason_.given() && status_.given())
        assign(report.done_reason, clip_utf8(status_.view(), label_bytes_max));
}

}  // namespace tallyfs::dialect
