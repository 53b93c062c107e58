#include "dialect/request_sink.hpp"

#include "dialect/folding.hpp"
#include "dialect/go_duration.hpp"
#include "dialect/request_fields.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::dialect {
namespace {

constexpr std::size_t option_bytes_max = 24;      // a number or a boolean, as written
constexpr std::size_t keep_alive_bytes_max = 32;  // a duration such as "1h30m"

std::int64_t whole_number(const json_number& value) {
    if (value.is_integer) return value.integer;
    // Beyond 2^53 a context length is nonsense, and the conversion undefined somewhere above.
    constexpr double limit = 9007199254740992.0;
    return static_cast<std::int64_t>(std::clamp(value.real, -limit, limit));
}

}  // namespace

void model_name::piece(std::string_view bytes, bool last) {
    // One byte more than the limit shows that something has to be cut off.
    next_ += bytes.substr(0, limits::model_bytes_max + 1 - next_.size());
    if (!last) return;
    if (next_.size() > limits::model_bytes_max) clipped_ = true;
    next_.resize(clip_utf8(next_, limits::model_bytes_max).size());
    if (value_ && (clipped_ || *value_ != next_)) ambiguous_ = true;
    if (!value_ || !keep_first_) value_ = next_;
    next_.clear();
}

void model_name::clear() {
    value_.reset();
    next_.clear();
    clipped_ = ambiguous_ = false;
}

request_sink::request_sink() : digest_(field_count) {
    static_assert(field_count == content_fields.size());
    static_assert(option_count == option_names.size());
}

void request_sink::begin(operation op) {
    op_ = op;
    digest_.clear();
    contents_ = {};
    in_content_ = in_text_ = keep_alive_zero_ = web_search_ = false;
    model_.clear();
    tool_type_.clear();
    stream_.reset();
    include_usage_.reset();
    keep_alive_.clear();
    for (auto& option : options_) option.clear();
    context_length_.reset();
}

json_place request_sink::root_member(std::string_view key) const {
    const auto serves = [this, key](const request_field& field) {
        return (field.operations & bit(op_)) != 0 && key_matches(key, field.name);
    };
    for (std::size_t i = 0; i < content_fields.size(); ++i)
        if (serves(content_fields[i])) return static_cast<json_place>(place_content + i);
    const auto found = std::ranges::find_if(setting_fields, serves);
    return found == setting_fields.end() ? place_ignored : found->place;
}

json_place request_sink::member(json_place object, std::string_view key) {
    if (in_content_ && object == place_arguments) return place_arguments;
    if (in_content_) {
        const bool tool = op_ == operation::messages && content_fields[field_].name == "tools";
        if (tool && key_matches(key, "type")) return place_tool_type;
        return content_member(key);
    }
    switch (object) {
        case place_root:
            return root_member(key);
        case place_stream_options:
            return place_if(key_matches(key, "include_usage"), place_include_usage);
        case place_options: {
            // A map in Go, not a struct: its keys are compared with case.
            const auto found = std::ranges::find(option_names, key);
            const auto index = static_cast<std::size_t>(found - option_names.begin());
            return place_if(index < runner_option_count,
                            static_cast<json_place>(place_option + index));
        }
        default:
            return place_ignored;
    }
}

json_place request_sink::element(json_place array) {
    if (!in_content_) return place_ignored;
    if (!is_content(array)) return array;
    contents_[field_].given = true;
    return content_fields[field_].elements;
}

void request_sink::begin_content(json_place place) {
    field_ = static_cast<std::size_t>(place - place_content);
    in_content_ = true;
    contents_[field_] = {};
    digest_.begin(field_);
}

void request_sink::end_content(json_place place) {
    if (!is_content(place)) return;
    digest_.end();
    in_content_ = false;
}

void request_sink::open(json_place place, bool is_object) {
    if (is_content(place)) begin_content(place);
    if (in_content_) digest_.mark(is_object ? '{' : '[');
}

void request_sink::close(json_place place, bool is_object) {
    if (!in_content_) return;
    digest_.mark(is_object ? '}' : ']');
    end_content(place);
}

void request_sink::key(json_place, std::string_view piece, bool last) {
    if (!in_content_) return;
    digest_.piece(piece);
    if (last) digest_.end_text('k');
}

void request_sink::text(json_place place, std::string_view piece, bool last) {
    if (is_content(place) && !in_text_) begin_content(place);
    in_text_ = !last;
    if (in_content_) {
        digest_.piece(piece);
        auto& field = contents_[field_];
        if (place == place_tool_type) tool_type(piece, last);
        const bool read = is_content(place) || place == place_text || place == place_arguments;
        if (read && content_fields[field_].is_text)
            field.text_bytes += static_cast<std::int64_t>(piece.size());
        if (is_content(place) && !piece.empty()) field.given = true;
        if (last) digest_.end_text('s');
        if (last) end_content(place);
    } else if (place == place_model) {
        model_.piece(piece, last);
    } else if (place == place_keep_alive) {
        keep_alive_ += piece.substr(0, keep_alive_bytes_max + 1 - keep_alive_.size());
        if (!last) return;
        keep_alive_zero_ = is_zero_duration(keep_alive_);
        std::string quoted;
        if (keep_alive_.size() <= keep_alive_bytes_max) append_json_string(quoted, keep_alive_);
        options_[keep_alive_index] = std::move(quoted);
        keep_alive_.clear();
    }
}

/// "web_search_20250305": Ollama searches the web by itself for the Anthropic route.
void request_sink::tool_type(std::string_view piece, bool last) {
    constexpr std::string_view searches = "web_search";
    tool_type_ += piece.substr(0, searches.size() - tool_type_.size());
    if (!last) return;
    if (tool_type_ == searches) web_search_ = true;
    tool_type_.clear();
}

void request_sink::scalar_mark(json_place place, char tag, std::string_view text) {
    if (is_content(place)) begin_content(place);
    digest_.piece(text);
    digest_.end_text(tag);
    end_content(place);
}

void request_sink::store_option(json_place place, std::string text) {
    if (text.size() > option_bytes_max) text.clear();
    options_[static_cast<std::size_t>(place - place_option)] = std::move(text);
}

void request_sink::number(json_place place, const json_number& value) {
    if (in_content_ || is_content(place)) {
        scalar_mark(place, 'n', value.text);
    } else if (place == place_keep_alive) {
        keep_alive_zero_ = value.real >= 0 && value.real * 1e9 < 1;
        if (value.text.size() <= option_bytes_max)
            options_[keep_alive_index] = std::string(value.text);
    } else if (is_option(place)) {
        if (place == place_option) context_length_ = whole_number(value);
        store_option(place, std::string(value.text));
    }
}

void request_sink::boolean(json_place place, bool value) {
    if (in_content_ || is_content(place)) {
        scalar_mark(place, 'b', value ? "1" : "0");
    } else if (place == place_stream) {
        stream_ = value;
    } else if (place == place_include_usage) {
        include_usage_ = value;
    } else if (is_option(place)) {
        store_option(place, value ? "true" : "false");
    }
}

void request_sink::null(json_place place) {
    if (in_content_) {
        digest_.mark('0');
    } else if (is_content(place)) {
        // Go leaves a string alone that is given as null, and empties everything else.
        const auto field = static_cast<std::size_t>(place - place_content);
        if (content_fields[field].null_is_nothing) return;
        contents_[field] = {};
        digest_.forget(field);
    } else if (place == place_stream) {
        // A plain bool keeps its value; where the default matters Ollama has a pointer.
        const auto is_pointer = bit(op_) & (bit(operation::generate) | bit(operation::chat) |
                                            bit(operation::responses));
        if (is_pointer != 0) stream_.reset();
    } else if (place == place_stream_options) {
        include_usage_.reset();
    } else if (place == place_keep_alive) {
        keep_alive_zero_ = false;
        options_[keep_alive_index].clear();
    } else if (place == place_options) {
        for (std::size_t i = 0; i < runner_option_count; ++i) options_[i].clear();
        context_length_.reset();
    } else if (is_option(place)) {
        if (place == place_option) context_length_.reset();
        store_option(place, {});
    }
}

std::string request_sink::options_text() const {
    std::string out;
    for (std::size_t i = 0; i < option_count; ++i) {
        if (options_[i].empty()) continue;
        out += out.empty() ? '{' : ',';
        out.append("\"").append(option_names[i]).append("\":").append(options_[i]);
    }
    if (!out.empty()) out += '}';
    return out;
}

bool request_sink::has_content() const {
    for (std::size_t i = 0; i < field_count; ++i)
        if (content_fields[i].drives && contents_[i].given &&
            (content_fields[i].operations & bit(op_)) != 0)
            return true;
    return false;
}

request_report request_sink::report(const prompt_key& key) {
    request_report report;
    const bool native_stream = op_ == operation::generate || op_ == operation::chat;
    report.ambiguous = model_.ambiguous();
    report.model = model_.value();
    report.stream = stream_.value_or(native_stream);
    report.include_usage = include_usage_;
    report.web_search = web_search_;
    constexpr auto can_be_empty = bit(operation::generate) | bit(operation::chat) |
                                  bit(operation::embed) | bit(operation::embeddings) |
                                  bit(operation::openai_completion);
    report.lifecycle = (bit(op_) & can_be_empty) != 0 && !has_content();
    report.unload = report.lifecycle && native_stream && keep_alive_zero_;
    for (const auto& field : contents_) report.prompt_bytes += field.text_bytes;
    report.context_length = context_length_;
    report.options = options_text();
    report.prompt_hash = digest_.result(key, name_of(op_));
    return report;
}

}  // namespace tallyfs::dialect
