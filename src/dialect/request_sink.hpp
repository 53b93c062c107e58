// What an inference request's JSON says, gathered while it is parsed.
// Source: GenerateRequest and its siblings in Ollama's api/types.go, openai/ and anthropic/.
#pragma once

#include "dialect/json_stream.hpp"
#include "dialect/prompt_digest.hpp"

#include <tallyfs/dialect/request.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::dialect {

/// Where the model's name is kept: bounded, and compared with one that stood there before.
class model_name {
  public:
    void piece(std::string_view bytes, bool last);
    void clear();
    [[nodiscard]] const std::optional<std::string>& value() const { return value_; }
    [[nodiscard]] bool ambiguous() const { return ambiguous_; }
    /// The first one stays: how forms are read. Otherwise the last one wins.
    void keep_first() { keep_first_ = true; }

  private:
    std::optional<std::string> value_;
    std::string next_;
    bool clipped_ = false;  ///< something was cut off: equality is not known
    bool ambiguous_ = false;
    bool keep_first_ = false;
};

class request_sink final : public json_sink {
  public:
    request_sink();

    /// Forgets the last request.
    void begin(operation op);

    json_place member(json_place object, std::string_view key) override;
    json_place element(json_place array) override;
    void open(json_place place, bool is_object) override;
    void close(json_place place, bool is_object) override;
    void key(json_place object, std::string_view piece, bool last) override;
    void text(json_place place, std::string_view piece, bool last) override;
    void number(json_place place, const json_number& value) override;
    void boolean(json_place place, bool value) override;
    void null(json_place place) override;

    /// What was read so far; `readable` is the caller's to say. Once for each request.
    [[nodiscard]] request_report report(const prompt_key& key);

    static constexpr std::size_t field_count = 14;  ///< fields that make up the prompt
    static constexpr std::size_t option_count = 9;  ///< options that make Ollama load again

  private:
    struct content {
        std::int64_t text_bytes = 0;
        bool given = false;  ///< a text that is not empty, or a list with an element
    };

    [[nodiscard]] json_place root_member(std::string_view key) const;
    void scalar_mark(json_place place, char tag, std::string_view text);
    void begin_content(json_place place);
    void end_content(json_place place);
    void tool_type(std::string_view piece, bool last);
    void store_option(json_place place, std::string text);
    [[nodiscard]] std::string options_text() const;
    [[nodiscard]] bool has_content() const;

    operation op_ = operation::none;
    prompt_digest digest_;
    std::array<content, field_count> contents_{};
    std::size_t field_ = 0;  ///< the one that is open
    bool in_content_ = false;
    bool in_text_ = false;
    model_name model_;
    std::string tool_type_;  ///< a text that is still arriving
    bool web_search_ = false;
    std::optional<bool> stream_;
    std::optional<bool> include_usage_;
    std::string keep_alive_;  ///< a text that is still arriving
    bool keep_alive_zero_ = false;
    std::array<std::string, option_count> options_;  ///< JSON text; "" if not given
    std::optional<std::int64_t> context_length_;
};

/// "chat": what the digest of a prompt is bound to.
[[nodiscard]] std::string_view name_of(operation op) noexcept;

}  // namespace tallyfs::dialect
