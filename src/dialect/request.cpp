#include "dialect/escapes.hpp"
#include "dialect/multipart.hpp"
#include "dialect/request_sink.hpp"
#include "dialect/zstd_decoder.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/dialect/request.hpp>

#include <array>
#include <optional>
#include <utility>

namespace tallyfs::dialect {
namespace {

/// The form of /v1/audio/transcriptions. Any other field is not looked at.
class transcription_form final : public form_sink {
  public:
    transcription_form() : digest_(fields.size()) { model_.keep_first(); }

    void begin_part(std::string_view name, bool is_file) override {
        is_model_ = name == "model" && !is_file;
        field_ = fields.size();
        for (std::size_t i = 0; i < fields.size(); ++i)
            if (name == fields[i] && is_file == (i == file_field)) field_ = i;
        if (field_ < fields.size()) digest_.begin(field_);
    }
    void part_piece(std::string_view bytes) override {
        if (is_model_) model_.piece(bytes, false);
        if (field_ < fields.size()) digest_.piece(bytes);
        if (field_ == prompt_field) prompt_bytes_ += static_cast<std::int64_t>(bytes.size());
    }
    void end_part() override {
        if (is_model_) model_.piece({}, true);
        if (field_ == fields.size()) return;
        digest_.end_text('s');
        digest_.end();
    }
    [[nodiscard]] request_report report(const prompt_key& key) {
        request_report report;
        report.model = model_.value();
        report.ambiguous = model_.ambiguous();
        report.prompt_bytes = prompt_bytes_;
        report.prompt_hash = digest_.result(key, name_of(operation::transcription));
        return report;
    }

  private:
    static constexpr std::array<std::string_view, 3> fields{"file", "prompt", "language"};
    static constexpr std::size_t file_field = 0;
    static constexpr std::size_t prompt_field = 1;

    prompt_digest digest_;
    model_name model_;
    bool is_model_ = false;
    std::size_t field_ = fields.size();
    std::int64_t prompt_bytes_ = 0;
};

bool is_decoded(operation op, std::string_view content_encoding) {
    // Ollama compares exactly, and only on its /v1 routes; elsewhere the body is taken as it is.
    switch (op) {
        case operation::openai_chat:
        case operation::openai_completion:
        case operation::openai_embeddings:
        case operation::responses:
        case operation::messages:
            return content_encoding == "zstd";
        default:
            return false;
    }
}

}  // namespace

std::string_view name_of(operation op) noexcept {
    constexpr std::array<std::string_view, 11> names{"none",
                                                     "generate",
                                                     "chat",
                                                     "embed",
                                                     "embeddings",
                                                     "openai_chat",
                                                     "openai_completion",
                                                     "openai_embeddings",
                                                     "transcription",
                                                     "responses",
                                                     "messages"};
    return names[static_cast<std::size_t>(op)];
}

struct request_reader::implementation {
    implementation(std::string_view hash_key, std::size_t limit)
        : key(hash_key), decoded_bytes_max(limit), stream(sink) {}

    void begin(operation op, std::string_view content_type, std::string_view content_encoding) {
        sink.begin(op);
        stream.reset();
        escapes = {};
        decoder.reset();
        form_parser.reset();
        form.reset();
        if (is_decoded(op, content_encoding)) decoder.emplace(decoded_bytes_max);
        if (op == operation::transcription) form_parser.emplace(content_type, form.emplace());
    }

    void take(std::string_view bytes) {
        if (form_parser) {
            form_parser->feed(bytes);
            return;
        }
        escapes.feed(bytes, [this](std::string_view piece) { stream.feed(piece); });
    }

    prompt_key key;
    std::size_t decoded_bytes_max;
    request_sink sink;
    json_stream stream;
    escape_repair escapes;
    std::optional<transcription_form> form;
    std::optional<form_reader> form_parser;
    std::optional<zstd_decoder> decoder;
};

request_reader::request_reader(operation op, std::string_view content_type,
                               std::string_view content_encoding, std::string_view hash_key,
                               std::size_t decoded_bytes_max)
    : implementation_(std::make_unique<implementation>(hash_key, decoded_bytes_max)) {
    implementation_->begin(op, content_type, content_encoding);
}

request_reader::~request_reader() = default;
request_reader::request_reader(request_reader&&) noexcept = default;
request_reader& request_reader::operator=(request_reader&&) noexcept = default;

void request_reader::restart(operation op, std::string_view content_type,
                             std::string_view content_encoding) {
    implementation_->begin(op, content_type, content_encoding);
}

void request_reader::feed(std::string_view bytes) {
    auto& self = *implementation_;
    if (self.decoder)
        self.decoder->feed(bytes, [&self](std::string_view piece) { self.take(piece); });
    else
        self.take(bytes);
}

request_report request_reader::finish() {
    auto& self = *implementation_;
    self.escapes.finish([&self](std::string_view piece) { self.stream.feed(piece); });
    const bool is_form = self.form_parser.has_value();
    const bool decoded = !self.decoder || self.decoder->complete();
    auto report = is_form ? self.form->report(self.key) : self.sink.report(self.key);
    report.readable = (is_form ? self.form_parser->complete() : self.stream.complete()) && decoded;
    report.beyond_us = !report.readable && (is_form || !decoded || self.stream.over_limit());
    self.decoder.reset();  // its window is of several megabytes
    if (report.readable) return report;
    // Half of a request says nothing reliable about its prompt; its labels still help.
    report.lifecycle = report.unload = false;
    report.prompt_bytes = 0;
    report.prompt_hash.clear();
    return report;
}

}  // namespace tallyfs::dialect
