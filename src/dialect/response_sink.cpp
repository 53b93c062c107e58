#include "dialect/response_sink.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>

namespace tallyfs::dialect {
namespace {

enum response_place : json_place {
    place_model = place_root + 1,
    place_remote_host,
    place_done,
    place_reason,
    place_status,
    place_event_type,
    place_error,
    place_error_type,
    place_error_text,
    place_details,   // incomplete_details of a Responses object
    place_message,   // a message, a choice's message or delta, an Anthropic delta
    place_start,     // message_start: only its model is wanted, its usage is an estimate
    place_response,  // the object in an event of the Responses dialect
    place_choices,   // … and their elements
    place_choice,
    place_parts,  // a list of content parts or output items
    place_part,
    place_content,  // text that the model wrote, or the arguments of a call with all in them
    place_tool_calls,
    place_tool_call,
    place_embeddings,
    place_usage,
    place_prompt_tokens,
    place_output_tokens,
    place_total_duration,
    place_load_duration,
    place_prompt_eval_duration,
    place_eval_duration,
};

json_place message_member(std::string_view key) {
    if (key == "content" || key == "thinking" || key == "reasoning" || key == "reasoning_content" ||
        key == "refusal" || key == "text" || key == "partial_json")
        return place_content;
    if (key == "tool_calls") return place_tool_calls;
    return place_if(key == "stop_reason", place_reason);
}

json_place choice_member(std::string_view key) {
    if (key == "delta" || key == "message") return place_message;
    if (key == "text") return place_content;
    return place_if(key == "finish_reason", place_reason);
}

json_place part_member(std::string_view key) {
    if (key == "content" || key == "summary") return place_parts;
    if (key == "text" || key == "thinking" || key == "arguments" || key == "input" || key == "name")
        return place_content;
    return place_ignored;
}

json_place usage_member(std::string_view key) {
    if (key == "prompt_tokens" || key == "input_tokens") return place_prompt_tokens;
    if (key == "completion_tokens" || key == "output_tokens") return place_output_tokens;
    return place_ignored;
}

json_place error_member(std::string_view key) {
    if (key == "message") return place_error_text;
    return place_if(key == "type", place_error_type);
}

/// Members that a whole Responses object has, at the root or in an event.
json_place response_member(std::string_view key) {
    if (key == "model") return place_model;
    if (key == "usage") return place_usage;
    if (key == "error") return place_error;
    if (key == "status") return place_status;
    return place_if(key == "incomplete_details", place_details);
}

}  // namespace

json_place response_sink::native_member(std::string_view key) const {
    if (key == "message") return place_message;
    if (key == "response" || key == "thinking") return place_content;
    if (key == "done") return place_done;
    if (key == "done_reason") return place_reason;
    if (key == "prompt_eval_count") return place_prompt_tokens;
    if (key == "eval_count") return place_output_tokens;
    if (key == "total_duration") return place_total_duration;
    if (key == "load_duration") return place_load_duration;
    if (key == "prompt_eval_duration") return place_prompt_eval_duration;
    if (key == "eval_duration") return place_eval_duration;
    if (key == "tool_calls") return place_tool_calls;
    if (key == "remote_host") return place_remote_host;
    return place_if(key == "embeddings" || key == "embedding", place_embeddings);
}

json_place response_sink::compatible_member(std::string_view key) const {
    switch (dialect_) {
        case family::native:
            return native_member(key);
        case family::openai:
            if (key == "choices") return place_choices;
            if (key == "text") return place_content;  // a transcription
            return place_if(key == "data", place_embeddings);
        case family::responses:
            if (key == "type") return place_event_type;
            if (key == "delta") return place_content;
            if (key == "response") return place_response;
            if (key == "output") return place_parts;
            if (key == "message") return place_error_text;  // of an `error` event
            return response_member(key);
        case family::anthropic:
            if (key == "type") return place_event_type;
            if (key == "message") return place_start;
            if (key == "delta") return place_message;
            if (key == "content") return place_parts;
            if (key == "content_block") return place_part;
            return place_if(key == "stop_reason", place_reason);
    }
    return place_ignored;
}

json_place response_sink::root_member(std::string_view key) const {
    if (key == "model") return place_model;
    if (key == "error") return place_error;
    if (key == "usage" && dialect_ != family::native) return place_usage;
    return compatible_member(key);
}

json_place response_sink::member(json_place object, std::string_view key) {
    switch (object) {
        case place_root:
            return root_member(key);
        case place_message:
            return message_member(key);
        case place_choice:
            return choice_member(key);
        case place_part:
            return part_member(key);
        case place_usage:
            return usage_member(key);
        case place_error:
            return error_member(key);
        case place_response:
            return response_member(key);
        case place_start:
            return place_if(key == "model", place_model);
        case place_details:
            return place_if(key == "reason", place_reason);
        case place_tool_call:
            if (key == "function") return place_tool_call;
            return place_if(key == "name" || key == "arguments", place_content);
        case place_content:
            return place_content;
        default:
            return place_ignored;
    }
}

json_place response_sink::element(json_place array) {
    switch (array) {
        case place_choices:
            has_choices_ = true;
            return place_choice;
        case place_parts:
            return place_part;
        case place_tool_calls:
            has_content_ = true;
            return place_tool_call;
        case place_content:
            return place_content;
        default:
            return place_ignored;
    }
}

void response_sink::open(json_place place, bool) {
    if (place == place_embeddings) has_embeddings_ = true;
    if (place == place_error) error_.append({}, limits::error_bytes_max);
}

void response_sink::close(json_place, bool) {}

bounded_text* response_sink::text_at(json_place place) {
    switch (place) {
        case place_model:
            return &model_;
        case place_remote_host:
            return &remote_host_;
        case place_reason:
            return &reason_;
        case place_status:
            return &status_;
        case place_event_type:
            return &event_type_;
        case place_error:
        case place_error_text:
            return &error_;
        case place_error_type:
            return &error_type_;
        default:
            return nullptr;
    }
}

void response_sink::text(json_place place, std::string_view piece, bool last) {
    if (place == place_content) {
        content_bytes_ += static_cast<std::int64_t>(piece.size());
        return;
    }
    const bool first = !in_text_;
    in_text_ = !last;
    auto* const kept = text_at(place);
    if (kept == nullptr) return;
    if (first) kept->clear();
    const bool is_error = kept == &error_;
    kept->append(piece, is_error               ? limits::error_bytes_max
                        : place == place_model ? limits::model_bytes_max
                                               : label_bytes_max);
}

void response_sink::number(json_place place, const json_number& value) {
    if (!value.is_integer || value.integer < 0) return;
    switch (place) {
        case place_prompt_tokens:
            counts_[prompt_count] = value.integer;
            break;
        case place_output_tokens:
            counts_[output_count] = value.integer;
            break;
        case place_total_duration:
        case place_load_duration:
        case place_prompt_eval_duration:
        case place_eval_duration:
            durations_[static_cast<std::size_t>(place - place_total_duration)] = value.integer;
            break;
        default:
            break;
    }
}

void response_sink::boolean(json_place place, bool value) {
    if (place == place_done) is_done_ = value;
}

void response_sink::null(json_place) {}

}  // namespace tallyfs::dialect
