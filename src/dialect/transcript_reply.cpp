#include "dialect/event_splitter.hpp"
#include "dialect/json_members.hpp"

#include <tallyfs/dialect/transcript.hpp>

namespace tallyfs::dialect {

namespace {

namespace json = boost::json;

void set_if_told(std::string& to, std::string_view text) {
    if (!text.empty()) to = text;
}

/// The data of one event after the other.
class event_collector {
  public:
    explicit event_collector(joined_reply& out) : out_(out) {}
    void on_data(std::string_view piece) { data_ += piece; }
    void on_event(std::string_view) {
        add(data_);
        data_.clear();
    }
    void add(std::string_view data) {
        const auto begin = data.find_first_not_of(" \t\r\n");
        if (begin == data.npos || data.substr(begin).starts_with("[DONE]")) return;
        const auto document = parse_document(data);
        if (!document) {
            ++out_.unreadable;
            return;
        }
        ++out_.events;
        out_.reply.add(*document);
    }

  private:
    joined_reply& out_;
    std::string data_;
};

}  // namespace

utterance& reply_joiner::at(const place& where) {
    const auto [entry, is_new] = places_.try_emplace(where, said_.size());
    if (is_new) said_.push_back({"assistant", std::get<speech>(where), "", ""});
    return said_[entry->second];
}

void reply_joiner::append(const place& where, std::string_view text) {
    if (!text.empty()) at(where).text += text;
}

void reply_joiner::add(const json::value& document) {
    const auto* event = document.if_object();
    if (event == nullptr) return;
    set_if_told(model_, text_member(*event, "model"));
    note_error(*event);
    switch (op_) {
        case operation::openai_chat:
        case operation::openai_completion:
            return add_openai(*event);
        case operation::responses:
            return add_responses(*event);
        case operation::messages:
            return add_messages(*event);
        case operation::transcription:
            return append({0, 0, speech::text}, text_member(*event, "text"));
        default:
            return add_native(*event);
    }
}

void reply_joiner::note_error(const json::object& event) {
    if (const auto* error = object_member(event, "error")) {
        set_if_told(error_, text_member(*error, "message"));
    } else {
        set_if_told(error_, text_member(event, "error"));
    }
}

void reply_joiner::add_native(const json::object& event) {
    append({0, 0, speech::thinking}, text_member(event, "thinking"));
    append({0, 0, speech::text}, text_member(event, "response"));
    if (const auto* message = object_member(event, "message")) {
        append({0, 0, speech::thinking}, text_member(*message, "thinking"));
        append({0, 0, speech::text}, text_member(*message, "content"));
        add_tool_calls(0, *message);
    }
    set_if_told(finish_, text_member(event, "done_reason"));
}

/// In a native stream every call of a tool is whole; in OpenAI's they come in pieces, by index.
void reply_joiner::add_tool_calls(std::int64_t choice, const json::object& message) {
    const auto* calls = array_member(message, "tool_calls");
    if (calls == nullptr) return;
    const bool in_pieces = op_ == operation::openai_chat;
    std::int64_t position = 0;
    for (const auto& one : *calls) {
        const auto* call = one.if_object();
        const auto* function = call != nullptr ? object_member(*call, "function") : nullptr;
        const auto next = position++;
        if (function == nullptr) continue;
        const auto* index = member(*call, "index");
        const auto number = !in_pieces                              ? native_calls_++
                            : index != nullptr && index->is_int64() ? index->get_int64()
                                                                    : next;
        auto& said = at({choice, number, speech::tool_call});
        set_if_told(said.name, text_member(*function, "name"));
        said.text += as_text(member(*function, "arguments"));
    }
}

void reply_joiner::add_openai(const json::object& event) {
    const auto* choices = array_member(event, "choices");
    if (choices == nullptr) return;
    for (const auto& one : *choices) {
        const auto* choice = one.if_object();
        if (choice == nullptr) continue;
        const auto index = number_member(*choice, "index");
        append({index, 0, speech::text}, text_member(*choice, "text"));
        for (const auto* form : {"delta", "message"}) {
            const auto* message = object_member(*choice, form);
            if (message == nullptr) continue;
            append({index, 0, speech::thinking}, text_member(*message, "reasoning"));
            append({index, 0, speech::thinking}, text_member(*message, "reasoning_content"));
            append({index, 0, speech::text}, text_member(*message, "content"));
            append({index, 0, speech::text}, text_member(*message, "refusal"));
            add_tool_calls(index, *message);
        }
        set_if_told(finish_, text_member(*choice, "finish_reason"));
    }
}

/// The pieces are joined; what comes whole behind them is taken only where no piece came.
void reply_joiner::add_responses(const json::object& event) {
    const auto type = text_member(event, "type");
    const auto index = number_member(event, "output_index");
    const auto part = number_member(event, "content_index");
    const auto delta = text_member(event, "delta");
    if (type == "response.output_text.delta" || type == "response.refusal.delta") {
        append({index, part, speech::text}, delta);
    } else if (type == "response.reasoning_summary_text.delta" ||
               type == "response.reasoning_text.delta") {
        append({index, 0, speech::thinking}, delta);
    } else if (type == "response.function_call_arguments.delta") {
        append({index, 0, speech::tool_call}, delta);
    } else if (type == "response.output_item.added" || type == "response.output_item.done") {
        if (const auto* item = object_member(event, "item")) add_output_item(index, *item);
    }
    const auto* whole = object_member(event, "response");
    if (whole == nullptr && type.empty()) whole = &event;
    if (whole == nullptr) return;
    set_if_told(model_, text_member(*whole, "model"));
    set_if_told(finish_, text_member(*whole, "status"));
    note_error(*whole);
    const auto* output = array_member(*whole, "output");
    for (std::size_t i = 0; output != nullptr && i < output->size(); ++i) {
        if (const auto* item = (*output)[i].if_object()) {
            add_output_item(static_cast<std::int64_t>(i), *item);
        }
    }
}

void reply_joiner::add_output_item(std::int64_t index, const json::object& item) {
    const auto type = text_member(item, "type");
    const auto fill = [&](const place& where, std::string_view text) {
        if (!text.empty() && at(where).text.empty()) at(where).text = text;
    };
    if (type == "function_call") {
        auto& call = at({index, 0, speech::tool_call});
        set_if_told(call.name, text_member(item, "name"));
        if (call.text.empty()) call.text = as_text(member(item, "arguments"));
        return;
    }
    const bool thinks = type == "reasoning";
    const auto* parts = array_member(item, thinks ? "summary" : "content");
    if (parts == nullptr) return;
    std::string thought;
    for (std::size_t i = 0; i < parts->size(); ++i) {
        const auto* part = (*parts)[i].if_object();
        if (part == nullptr) continue;
        if (thinks) {
            thought += text_member(*part, "text");
        } else {
            fill({index, static_cast<std::int64_t>(i), speech::text}, text_member(*part, "text"));
        }
    }
    fill({index, 0, speech::thinking}, thought);
}

void reply_joiner::add_messages(const json::object& event) {
    const auto index = number_member(event, "index");
    if (const auto* message = object_member(event, "message")) {
        set_if_told(model_, text_member(*message, "model"));
    }
    if (const auto* block = object_member(event, "content_block")) add_block(index, *block);
    if (const auto* delta = object_member(event, "delta")) {
        append({index, 0, speech::text}, text_member(*delta, "text"));
        append({index, 0, speech::thinking}, text_member(*delta, "thinking"));
        append({index, 0, speech::tool_call}, text_member(*delta, "partial_json"));
        set_if_told(finish_, text_member(*delta, "stop_reason"));
    }
    if (const auto* blocks = array_member(event, "content")) {
        for (std::size_t i = 0; i < blocks->size(); ++i) {
            const auto* block = (*blocks)[i].if_object();
            if (block != nullptr) add_block(static_cast<std::int64_t>(i), *block);
        }
    }
    set_if_told(finish_, text_member(event, "stop_reason"));
}

void reply_joiner::add_block(std::int64_t index, const json::object& block) {
    append({index, 0, speech::text}, text_member(block, "text"));
    append({index, 0, speech::thinking}, text_member(block, "thinking"));
    if (text_member(block, "type") != "tool_use") return;
    auto& call = at({index, 0, speech::tool_call});
    set_if_told(call.name, text_member(block, "name"));
    const auto* input = object_member(block, "input");  // empty where pieces follow
    if (input != nullptr && !input->empty()) call.text = json::serialize(*input);
}

joined_reply join_stream(operation op, bool events, std::string_view bytes) {
    joined_reply joined{reply_joiner(op), 0, 0};
    event_collector collector(joined);
    if (events) {
        event_splitter<event_collector> splitter(collector);
        splitter.feed(bytes);
        splitter.finish();
        return joined;
    }
    while (!bytes.empty()) {
        const auto end = std::min(bytes.find('\n'), bytes.size());
        collector.add(bytes.substr(0, end));
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    return joined;
}

}  // namespace tallyfs::dialect
