// What one JSON document of a response says: a line, an event's data or a whole body.
// Source: the response types in Ollama's api/, openai/ and anthropic/ at v0.33.
#pragma once

#include "dialect/json_stream.hpp"

#include <tallyfs/dialect/response.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::dialect {

/// A text of which the first bytes are kept, and one more so that clip_utf8() sees where to cut.
/// Its buffer is used again and again.
class bounded_text {
  public:
    void clear() noexcept {
        text_.clear();
        given_ = false;
    }
    void append(std::string_view piece, std::size_t bytes_max) {
        given_ = true;
        if (text_.size() <= bytes_max) text_ += piece.substr(0, bytes_max + 1 - text_.size());
    }
    [[nodiscard]] bool given() const noexcept { return given_; }
    [[nodiscard]] std::string_view view() const noexcept { return text_; }

  private:
    std::string text_;
    bool given_ = false;
};

/// Reasons and names of events are short words.
inline constexpr std::size_t label_bytes_max = 64;

class response_sink final : public json_sink {
  public:
    /// The response that the next documents belong to.
    void begin_response(family dialect, operation op);

    json_place member(json_place object, std::string_view key) override;
    json_place element(json_place array) override;
    void open(json_place place, bool is_object) override;
    void close(json_place place, bool is_object) override;
    void text(json_place place, std::string_view piece, bool last) override;
    void number(json_place place, const json_number& value) override;
    void boolean(json_place place, bool value) override;
    void null(json_place place) override;

    /// Forgets the last document.
    void begin();
    /// Adds a whole document to the report. `event` is the name of a server-sent event, "" if it
    /// has none; `in_stream` is false for a body that is one document.
    void commit(response_report& report, std::string_view event, bool in_stream) const;

  private:
    enum count : unsigned char { prompt_count, output_count, count_size };
    enum duration : unsigned char {
        total_duration,
        load_duration,
        prompt_eval_duration,
        eval_duration,
        duration_size
    };

    [[nodiscard]] json_place root_member(std::string_view key) const;
    [[nodiscard]] json_place native_member(std::string_view key) const;
    [[nodiscard]] json_place compatible_member(std::string_view key) const;
    [[nodiscard]] bounded_text* text_at(json_place place);
    void commit_labels(response_report& report) const;
    void commit_native(response_report& report) const;
    void commit_usage(response_report& report, bool in_stream) const;
    void commit_events(response_report& report, std::string_view event, bool in_stream) const;
    [[nodiscard]] bool is_placeholder_usage(bool in_stream) const;

    family dialect_ = family::native;
    operation op_ = operation::none;
    bool in_text_ = false;
    bool is_done_ = false;
    bool has_content_ = false;  ///< text that is not empty, or a call of a tool
    bool has_choices_ = false;
    bool has_embeddings_ = false;
    std::int64_t content_bytes_ = 0;
    std::array<std::optional<std::int64_t>, count_size> counts_;
    std::array<std::int64_t, duration_size> durations_{};
    bounded_text model_;
    bounded_text remote_host_;
    bounded_text reason_;
    bounded_text status_;  ///< of a Responses object: what stands for a reason there
    bounded_text event_type_;
    bounded_text error_;
    bounded_text error_type_;
};

}  // namespace tallyfs::dialect
