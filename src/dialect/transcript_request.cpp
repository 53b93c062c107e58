#include "dialect/json_members.hpp"

#include <tallyfs/dialect/transcript.hpp>

namespace tallyfs::dialect {

namespace {

namespace json = boost::json;

/// Adds to `out` what the parts of a request say.
class request_walk {
  public:
    explicit request_walk(transcript& out) : out_(out) {}

    void add(std::string_view role, speech kind, std::string_view name, std::string text) {
        if (!text.empty()) out_.push_back({std::string(role), kind, std::string(name), text});
    }
    void add_text(std::string_view role, const json::object& body, std::string_view name) {
        add(role, speech::text, "", std::string(text_member(body, name)));
    }

    /// A prompt or an input: a text, or a list of them; numbers are tokens.
    void add_prompt(const json::value* prompt) {
        if (prompt == nullptr) return;
        const auto* list = prompt->if_array();
        if (list == nullptr) return add("user", speech::text, "", as_text(prompt));
        for (const auto& one : *list) {
            if (const auto* item = one.if_object()) {
                add_message(*item);
            } else {
                add("user", one.is_string() ? speech::text : speech::other, "", as_text(&one));
            }
        }
    }

    void add_message(const json::object& message) {
        const auto type = text_member(message, "type");
        auto role = text_member(message, "role");
        if (type == "function_call") {
            return add("assistant", speech::tool_call, text_member(message, "name"),
                       as_text(member(message, "arguments")));
        }
        if (type == "function_call_output") {
            return add("tool", speech::tool_result, "", as_text(member(message, "output")));
        }
        if (type == "reasoning") {
            return add_content("assistant", speech::thinking, "", member(message, "summary"));
        }
        if (role.empty()) role = "user";
        for (const auto* name : {"thinking", "reasoning", "reasoning_content"}) {
            add(role, speech::thinking, "", std::string(text_member(message, name)));
        }
        const bool result = role == "tool";
        auto tool = text_member(message, "tool_name");
        if (tool.empty()) tool = text_member(message, "name");
        add_content(role, result ? speech::tool_result : speech::text, result ? tool : "",
                    member(message, "content"));
        add_images(role, message);
        const auto* calls = array_member(message, "tool_calls");
        if (calls == nullptr) return;
        for (const auto& one : *calls) {
            const auto* call = one.if_object();
            const auto* function = call != nullptr ? object_member(*call, "function") : nullptr;
            if (function == nullptr) continue;
            add(role, speech::tool_call, text_member(*function, "name"),
                as_text(member(*function, "arguments")));
        }
    }

    void add_images(std::string_view role, const json::object& message) {
        const auto* images = array_member(message, "images");
        if (images == nullptr || images->empty()) return;
        add(role, speech::other, "",
            "[" + std::to_string(images->size()) + (images->size() == 1 ? " image]" : " images]"));
    }

    void add_content(std::string_view role, speech kind, std::string_view name,
                     const json::value* content) {
        if (content == nullptr) return;
        const auto* parts = content->if_array();
        if (parts == nullptr) return add(role, kind, name, as_text(content));
        for (const auto& one : *parts) {
            if (const auto* part = one.if_object()) {
                add_part(role, kind, name, *part);
            } else {
                add(role, kind, name, as_text(&one));
            }
        }
    }

  private:
    void add_part(std::string_view role, speech kind, std::string_view name,
                  const json::object& part) {
        const auto type = text_member(part, "type");
        if (type == "thinking") {
            add(role, speech::thinking, "", std::string(text_member(part, "thinking")));
        } else if (type == "tool_use") {
            add(role, speech::tool_call, text_member(part, "name"), as_text(member(part, "input")));
        } else if (type == "tool_result") {
            add_content("tool", speech::tool_result, "", member(part, "content"));
        } else if (member(part, "text") != nullptr) {
            add(role, kind, name, std::string(text_member(part, "text")));
        } else {
            add(role, speech::other, "", "[" + std::string(type) + "]");
        }
    }

    transcript& out_;
};

}  // namespace

transcript read_request(operation op, const json::value& document) {
    transcript said;
    const auto* body = document.if_object();
    if (body == nullptr) return said;
    request_walk walk(said);
    walk.add_content("system", speech::text, "", member(*body, "system"));
    if (op == operation::responses) walk.add_text("system", *body, "instructions");
    walk.add_prompt(member(*body, "prompt"));
    walk.add_prompt(member(*body, "input"));
    walk.add_images("user", *body);
    walk.add_text("suffix", *body, "suffix");
    if (const auto* messages = array_member(*body, "messages")) {
        for (const auto& one : *messages) {
            if (const auto* message = one.if_object()) walk.add_message(*message);
        }
    }
    return said;
}

}  // namespace tallyfs::dialect
