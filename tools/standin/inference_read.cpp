#include "inference.hpp"

#include <algorithm>
#include <array>

namespace tallyfs::standin {
namespace {

constexpr std::array<std::string_view, 7> go_names{
    "GenerateRequest",  "ChatRequest",     "ChatCompletionRequest", "CompletionRequest",
    "ResponsesRequest", "MessagesRequest", "TranscriptionRequest"};

void add_line(std::string& prompt, std::string_view text) {
    if (text.empty()) return;
    if (!prompt.empty()) prompt += '\n';
    prompt += text;
}

// Content is a string or a list of parts with a text, as in the OpenAI and Anthropic dialects.
void add_content(std::string& prompt, const json::value* content) {
    if (content == nullptr) return;
    if (content->is_string()) return add_line(prompt, content->get_string());
    if (!content->is_array()) return;
    for (const auto& part : content->get_array()) {
        if (!part.is_object()) continue;
        add_line(prompt, text_member(part.get_object(), "text"));
        add_content(prompt, member(part.get_object(), "content"));
    }
}

// Every message's text in order; returns the role of the last one.
std::string add_messages(std::string& prompt, const json::value* messages) {
    std::string role;
    if (messages == nullptr || !messages->is_array()) return role;
    for (const auto& message : messages->get_array()) {
        if (!message.is_object()) continue;
        role = text_member(message.get_object(), "role");
        add_content(prompt, member(message.get_object(), "content"));
    }
    return role;
}

std::string first_tool(const json::object& body) {
    const auto* tools = member(body, "tools");
    if (tools == nullptr || !tools->is_array() || tools->get_array().empty()) return {};
    const auto& tool = tools->get_array().front();
    if (!tool.is_object()) return {};
    if (const auto* function = member(tool.get_object(), "function")) {
        if (function->is_object()) return text_member(function->get_object(), "name");
    }
    return text_member(tool.get_object(), "name");
}

std::string wrong_type(const inference& r, std::string_view key, std::string_view wanted) {
    const auto* value = member(r.body, key);
    if (value == nullptr || go_type(*value) == wanted) return {};
    return "json: cannot unmarshal " + std::string(go_type(*value)) + " into Go struct field " +
           std::string(go_names[static_cast<std::size_t>(r.op)]) + "." + std::string(key) +
           " of type " + std::string(wanted);
}

void read_native(inference& r) {
    r.stream = boolean_member(r.body, "stream").value_or(true);
    r.truncates = boolean_member(r.body, "truncate").value_or(true);
    r.keep_alive = read_keep_alive(r.body);
    if (const auto* options = member(r.body, "options"); options && options->is_object()) {
        // Unlike the request's own keys, options are matched exactly: they are a Go map.
        const auto& named = options->get_object();
        if (const auto* limit = named.if_contains("num_predict"); limit && limit->is_int64()) {
            r.output_tokens_max = limit->get_int64();
        }
        if (const auto* length = named.if_contains("num_ctx"); length && length->is_int64()) {
            r.context_length = length->get_int64();
        }
    }
    if (r.op == operation::generate) {
        add_line(r.prompt, text_member(r.body, "system"));
        add_line(r.prompt, text_member(r.body, "prompt"));
        r.empty = text_member(r.body, "prompt").empty();
        return;
    }
    const auto* messages = member(r.body, "messages");
    const auto role = add_messages(r.prompt, messages);
    r.empty = messages == nullptr || !messages->is_array() || messages->get_array().empty();
    if (role != "tool") r.tool = first_tool(r.body);
}

refusal read_openai(inference& r) {
    r.stream = boolean_member(r.body, "stream").value_or(false);
    if (const auto* wanted = member(r.body, "stream_options"); wanted && wanted->is_object()) {
        r.include_usage = boolean_member(wanted->get_object(), "include_usage").value_or(false);
    }
    // max_completion_tokens is ignored by Ollama.
    r.output_tokens_max = integer_member(r.body, "max_tokens").value_or(0);
    if (r.op == operation::openai_completion) {
        r.prompt = text_member(r.body, "prompt");
        r.empty = r.prompt.empty();
        return {};
    }
    const auto* messages = member(r.body, "messages");
    if (messages == nullptr || !messages->is_array() || messages->get_array().empty()) {
        return {400, "[] is too short - 'messages'"};
    }
    const auto role = add_messages(r.prompt, messages);
    if (role != "tool") r.tool = first_tool(r.body);
    return {};
}

void read_responses(inference& r) {
    r.stream = boolean_member(r.body, "stream").value_or(false);
    r.output_tokens_max = integer_member(r.body, "max_output_tokens").value_or(0);
    add_line(r.prompt, text_member(r.body, "instructions"));
    const auto* input = member(r.body, "input");
    if (input != nullptr && input->is_string()) {
        add_line(r.prompt, input->get_string());
        r.tool = first_tool(r.body);
        return;
    }
    add_messages(r.prompt, input);
    const bool answers_a_call =
        input != nullptr && input->is_array() && !input->get_array().empty() &&
        input->get_array().back().is_object() &&
        text_member(input->get_array().back().get_object(), "type") == "function_call_output";
    if (!answers_a_call) r.tool = first_tool(r.body);
}

refusal read_messages(inference& r) {
    r.stream = boolean_member(r.body, "stream").value_or(false);
    r.output_tokens_max = integer_member(r.body, "max_tokens").value_or(0);
    if (r.model.empty()) return {400, "model is required"};
    if (r.output_tokens_max <= 0) return {400, "max_tokens is required and must be positive"};
    const auto* messages = member(r.body, "messages");
    if (messages == nullptr || !messages->is_array() || messages->get_array().empty()) {
        return {400, "messages is required"};
    }
    add_content(r.prompt, member(r.body, "system"));
    add_messages(r.prompt, messages);
    const auto& last = messages->get_array().back();
    const auto* content = last.is_object() ? member(last.get_object(), "content") : nullptr;
    const bool answers_a_call =
        content != nullptr && content->is_array() && !content->get_array().empty() &&
        content->get_array().front().is_object() &&
        text_member(content->get_array().front().get_object(), "type") == "tool_result";
    if (!answers_a_call) r.tool = first_tool(r.body);
    // A quarter of the characters, roles included: Ollama's own guess.
    std::size_t characters = r.prompt.size();
    for (const auto& message : messages->get_array()) {
        if (message.is_object()) characters += text_member(message.get_object(), "role").size();
    }
    r.estimated_tokens = std::max<std::int64_t>(1, static_cast<std::int64_t>(characters / 4));
    return {};
}

}  // namespace

std::optional<std::chrono::milliseconds> read_keep_alive(const json::object& body) {
    const auto* value = member(body, "keep_alive");
    if (value == nullptr) return std::nullopt;
    constexpr auto for_ever = std::chrono::milliseconds::max();
    if (value->is_number()) {
        const auto seconds = value->to_number<double>();
        if (seconds < 0) return for_ever;
        return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
    }
    if (!value->is_string()) return std::nullopt;
    const std::string text(value->get_string());
    const auto unit = text.find_first_not_of("-0123456789.");
    const double number = std::strtod(text.c_str(), nullptr);
    if (number < 0) return for_ever;
    double factor = 1000;
    const auto name = unit == std::string::npos ? std::string() : text.substr(unit);
    if (name == "ms") factor = 1;
    if (name == "m") factor = 60'000;
    if (name == "h") factor = 3'600'000;
    return std::chrono::milliseconds(static_cast<std::int64_t>(number * factor));
}

refusal read_inference(operation op, std::string_view text, inference& r) {
    const bool native = op == operation::generate || op == operation::chat;
    r.op = op;
    if (text.empty()) return {400, native ? "missing request body" : "EOF"};
    auto read = parse(text);
    if (!read.error.empty()) return {400, read.error};
    if (read.value.is_object()) {
        r.body = std::move(read.value.get_object());
    } else if (!read.value.is_null()) {
        const std::string package = native                      ? "api."
                                    : op == operation::messages ? "anthropic."
                                                                : "openai.";
        return {400, "json: cannot unmarshal " + std::string(go_type(read.value)) +
                         " into Go value of type " + package +
                         std::string(go_names[static_cast<std::size_t>(op)])};
    }
    for (const auto& [key, type] : {std::pair{"model", "string"},
                                    {"stream", "bool"},
                                    {"prompt", "string"},
                                    {"max_tokens", "number"}}) {
        auto error = wrong_type(r, key, type);
        if (error.ends_with("number")) error.replace(error.size() - 6, 6, "int");
        if (!error.empty()) return {400, error};
    }
    r.model = text_member(r.body, "model");
    const auto* think = member(r.body, "think");
    if (think != nullptr && think->is_bool()) r.thinks = think->get_bool();
    switch (op) {
        case operation::openai_chat:
        case operation::openai_completion:
            return read_openai(r);
        case operation::responses:
            read_responses(r);
            return {};
        case operation::messages:
            return read_messages(r);
        default:
            read_native(r);
            return {};
    }
}

namespace {

// The value of a form field, or nothing; files count as fields.
std::optional<std::string_view> form_field(std::string_view boundary, std::string_view text,
                                           std::string_view name) {
    const std::string wanted = "name=\"" + std::string(name) + "\"";
    const std::string end = "\r\n--" + std::string(boundary);
    for (auto at = text.find(wanted); at != std::string_view::npos;
         at = text.find(wanted, at + 1)) {
        const auto begin = text.find("\r\n\r\n", at);
        if (begin == std::string_view::npos) return std::nullopt;
        const auto stop = text.find(end, begin + 2);
        if (stop == std::string_view::npos) return std::nullopt;
        return stop < begin + 4 ? std::string_view() : text.substr(begin + 4, stop - begin - 4);
    }
    return std::nullopt;
}

}  // namespace

refusal read_transcription(std::string_view content_type, std::string_view text, inference& r) {
    r.op = operation::transcription;
    r.stream = false;
    const auto at = content_type.find("boundary=");
    if (!content_type.starts_with("multipart/form-data") || at == std::string_view::npos) {
        return {400,
                "failed to parse multipart form: request Content-Type isn't multipart/form-data"};
    }
    auto boundary = content_type.substr(at + 9);
    boundary = boundary.substr(0, boundary.find(';'));
    if (boundary.starts_with('"')) boundary = boundary.substr(1, boundary.rfind('"') - 1);
    r.model = form_field(boundary, text, "model").value_or("");
    if (r.model.empty()) return {400, "model is required"};
    const auto file = form_field(boundary, text, "file");
    if (!file) return {400, "file is required: http: no such file"};
    if (file->empty()) return {400, "audio file is empty"};
    r.prompt = "Transcribe " + std::to_string(file->size()) + " bytes";
    r.body["response_format"] = form_field(boundary, text, "response_format").value_or("json");
    return {};
}

}  // namespace tallyfs::standin
