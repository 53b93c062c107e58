#include "dialect/event_splitter.hpp"
#include "dialect/response_sink.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/dialect/response.hpp>

namespace tallyfs::dialect {
namespace {

/// How a body is divided into documents.
enum class framing : unsigned char { plain, document, lines, events };

family family_of(operation op) {
    switch (op) {
        case operation::openai_chat:
        case operation::openai_completion:
        case operation::openai_embeddings:
        case operation::transcription:
            return family::openai;
        case operation::responses:
            return family::responses;
        case operation::messages:
            return family::anthropic;
        default:
            return family::native;
    }
}

// The type tells, not the request: one that asked for a stream can be answered with one object.
framing framing_of(operation op, int status, std::string_view content_type) {
    const auto type = content_type.substr(0, content_type.find(';'));
    const auto begins_with = [type](std::string_view name) {
        return equal_ignoring_case(type.substr(0, name.size()), name);
    };
    if (begins_with("text/event-stream")) return framing::events;
    if (begins_with("application/x-ndjson")) return framing::lines;
    // A reply that is not read is only looked at for the text of an error.
    if (op == operation::none && status < 400) return framing::plain;
    if (begins_with("application/json")) return framing::document;
    if (!type.empty()) return framing::plain;
    return op == operation::generate || op == operation::chat ? framing::lines : framing::document;
}

bool gives_numbers(operation op) {
    return op == operation::embed || op == operation::embeddings ||
           op == operation::openai_embeddings;
}

/// The front of `text` in which nothing but numbers and what separates them stands. A brace
/// without a quotation mark behind it can only belong to an empty object.
std::string_view numbers_only(std::string_view text) {
    for (const char other : {']', '[', '"'}) text = text.substr(0, text.find(other));
    return text;
}

std::string_view without_space_around(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

}  // namespace

struct response_reader::implementation {
    implementation() : stream(sink), splitter(*this) {}

    void begin(operation op, int status, std::string_view content_type) {
        how = framing_of(op, status, content_type);
        is_other = op == operation::none;
        is_error = status >= 400;
        is_text = is_plain_text(op);
        is_numeric = gives_numbers(op);
        report = {};
        sink.begin_response(family_of(op), op);
        splitter.reset();
        body.clear();
        begin_document();
    }

    bool is_plain_text(operation op) const {
        return op == operation::transcription && how == framing::plain && !is_error;
    }

    void feed(std::string_view bytes) {
        if (is_error && report.error == std::nullopt) body.append(bytes, limits::error_bytes_max);
        switch (how) {
            case framing::plain:
                if (is_text) report.content_bytes += static_cast<std::int64_t>(bytes.size());
                break;
            case framing::document:
                feed_document(bytes);
                break;
            case framing::lines:
                feed_lines(bytes);
                break;
            case framing::events:
                splitter.feed(bytes);
                break;
        }
    }

    void feed_document(std::string_view bytes) {
        if (stream.complete()) return;
        feed_json(bytes);
        if (stream.complete()) sink.commit(report, {}, false);
    }

    void feed_lines(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto end = std::min(bytes.find('\n'), bytes.size());
            feed_json(bytes.substr(0, end));
            bytes.remove_prefix(end);
            if (bytes.empty()) return;
            bytes.remove_prefix(1);
            end_line();
        }
    }

    void end_line() {
        if (stream.complete()) sink.commit(report, {}, true);
        begin_document();
    }

    void begin_document() {
        stream.reset();
        sink.begin();
        mark.clear();
        in_data = false;
    }

    /// Numbers make up most of an embedding and are left out, whole elements at a time: from a
    /// comma to a later one, with nothing but numbers between.
    void feed_json(std::string_view bytes) {
        constexpr std::size_t probe_bytes = 128;  // shows whether numbers follow
        while (is_numeric && bytes.size() > probe_bytes) {
            stream.feed(bytes.substr(0, probe_bytes));
            bytes.remove_prefix(probe_bytes);
            if (!stream.in_ignored_numbers()) continue;
            const auto run = numbers_only(bytes);
            const auto first = run.find(',');
            if (first == run.npos) continue;
            stream.feed(run.substr(0, first));
            bytes.remove_prefix(run.rfind(','));
        }
        stream.feed(bytes);
    }

    void on_data(std::string_view piece) {
        if (!in_data) piece.remove_prefix(std::min(piece.find_first_not_of(" \t"), piece.size()));
        if (piece.empty()) return;
        // `[DONE]` is the only data that is no JSON object.
        if (!in_data) is_mark = piece.front() == '[';
        in_data = true;
        constexpr std::size_t mark_bytes_max = 16;
        if (is_mark)
            mark += piece.substr(0, mark_bytes_max - std::min(mark_bytes_max, mark.size()));
        else
            feed_json(piece);
    }

    void on_event(std::string_view name) {
        if (stream.complete()) sink.commit(report, name, true);
        if (without_space_around(mark) == "[DONE]") report.terminal = true;
        begin_document();
    }

    void keep_body(std::string_view bytes) { body.append(bytes, limits::error_bytes_max); }

    void finish() {
        if (how == framing::lines) end_line();
        if (how == framing::events) splitter.finish();
        if (how == framing::plain || is_other || is_error) report.terminal = true;
        const auto text = without_space_around(body.view());
        if (is_error && !report.error && !text.empty())
            report.error = std::string(clip_utf8(text, limits::error_bytes_max));
    }

    framing how = framing::plain;
    bool is_other = false;  ///< no inference: nothing marks the end but the end
    bool is_error = false;
    bool is_text = false;     ///< the body is the text of a transcription
    bool is_numeric = false;  ///< the body is mostly the numbers of embeddings
    response_report report;
    response_sink sink;
    json_stream stream;
    event_splitter<implementation> splitter;
    bounded_text body;  ///< the start of an error's body, in case it is no JSON
    std::string mark;   ///< data that is no JSON
    bool in_data = false;
    bool is_mark = false;
};

response_reader::response_reader(operation op, int status, std::string_view content_type)
    : implementation_(std::make_unique<implementation>()) {
    implementation_->begin(op, status, content_type);
}

response_reader::~response_reader() = default;
response_reader::response_reader(response_reader&&) noexcept = default;
response_reader& response_reader::operator=(response_reader&&) noexcept = default;

void response_reader::restart(operation op, int status, std::string_view content_type) {
    implementation_->begin(op, status, content_type);
}

void response_reader::feed(std::string_view bytes) {
    implementation_->feed(bytes);
}

void response_reader::finish() {
    implementation_->finish();
}

const response_report& response_reader::report() const noexcept {
    return implementation_->report;
}

bool response_reader::is_stream() const noexcept {
    return implementation_->how == framing::lines || implementation_->how == framing::events;
}

}  // namespace tallyfs::dialect
