#include "renderer.hpp"

namespace tallyfs::standin {
namespace {

class openai final : public renderer {
  public:
    using renderer::renderer;

    std::vector<std::string> next(std::size_t index) override {
        const auto& p = answer_.pieces[index];
        if (!chat()) return {event(text_choice(p.text, "null"), true)};
        std::string delta = first_ ? "\"role\":\"assistant\"," : "";
        first_ = false;
        if (p.kind == piece_kind::text) {
            delta += "\"content\":" + quote(p.text);
        } else if (p.kind == piece_kind::thinking) {
            delta += "\"content\":\"\",\"reasoning\":" + quote(p.text);
        } else {
            delta += "\"content\":\"\",\"tool_calls\":[" + tool_call(p.text) + "]";
        }
        return {event(delta_choice(delta, "null"), false)};
    }

    // The end is one write: the finish chunk, the usage if asked for, and [DONE].
    std::vector<std::string> finish() override {
        std::string out;
        if (chat()) {
            if (first_) {
                out +=
                    event(delta_choice("\"role\":\"assistant\",\"content\":\"\"", "null"), false);
            }
            out += event(delta_choice("", reason()), false);
        } else {
            out += event(text_choice("", reason()), true);
        }
        if (request_.include_usage) {
            out += "data: " + start(".chunk") + ",\"choices\":[]" + after_choices() +
                   ",\"usage\":" + usage() + "}\n\n";
        }
        return {out + "data: [DONE]\n\n"};
    }

    // Ollama reads its own error line as an answer of no model with no text; then the stream ends.
    std::vector<std::string> failure(std::string_view) override {
        failed_ = true;
        if (!chat()) return {event(text_choice("", "null"), true)};
        return {event(delta_choice("\"content\":\"\"", "null"), false)};
    }

    std::string single() override {
        if (!chat()) {
            return start("") + ",\"choices\":[" +
                   text_choice(answer_.text(piece_kind::text), reason()) +
                   "],\"usage\":" + usage() + "}\n";
        }
        std::string message =
            "\"role\":\"assistant\",\"content\":" + quote(answer_.text(piece_kind::text));
        const auto thinking = answer_.text(piece_kind::thinking);
        if (!thinking.empty()) message += ",\"reasoning\":" + quote(thinking);
        for (const auto& p : answer_.pieces) {
            if (p.kind == piece_kind::tool)
                message += ",\"tool_calls\":[" + tool_call(p.text) + "]";
        }
        return start("") + ",\"choices\":[{\"index\":0,\"message\":{" + message +
               "},\"finish_reason\":" + reason() + "}],\"usage\":" + usage() + "}\n";
    }

  private:
    bool chat() const { return request_.op == operation::openai_chat; }

    std::string start(std::string_view suffix) const {
        const auto id = std::to_string(answer_.number % 999);
        std::string out =
            "{\"id\":\"" + std::string(chat() ? "chatcmpl-" : "cmpl-") + id + "\",\"object\":\"";
        out += chat() ? "chat.completion" + std::string(suffix) : "text_completion";
        out += "\",\"created\":" + std::to_string(now_seconds());
        // Completion chunks have the model after the choices; whole replies have it before them.
        if (chat() || suffix.empty()) out += names();
        return out;
    }
    std::string names() const {
        return ",\"model\":" + quote(failed_ ? "" : answer_.answered_model) +
               ",\"system_fingerprint\":\"fp_ollama\"";
    }
    std::string after_choices() const { return chat() ? "" : names(); }

    std::string event(const std::string& choice, bool zeros) const {
        std::string out = "data: " + start(".chunk") + ",\"choices\":[" + choice + "]";
        out += after_choices();
        if (zeros && request_.include_usage) {
            out += ",\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}";
        }
        return out + "}\n\n";
    }
    static std::string delta_choice(const std::string& delta, const std::string& reason) {
        return "{\"index\":0,\"delta\":{" + delta + "},\"finish_reason\":" + reason + "}";
    }
    static std::string text_choice(const std::string& text, const std::string& reason) {
        return "{\"text\":" + quote(text) + ",\"index\":0,\"finish_reason\":" + reason + "}";
    }

    std::string tool_call(const std::string& name) const {
        return "{\"id\":\"" + tool_id(answer_) +
               "\",\"index\":0,\"type\":\"function\",\"function\":{\"name\":" + quote(name) +
               ",\"arguments\":" + quote(tool_arguments()) + "}}";
    }

    std::string reason() const {
        if (answer_.unfinished) return "null";
        if (!request_.tool.empty() && chat()) return "\"tool_calls\"";
        return answer_.done_reason.empty() ? "null" : "\"" + answer_.done_reason + "\"";
    }

    std::string usage() const {
        if (answer_.unfinished) {
            return "{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}";
        }
        return "{\"prompt_tokens\":" + std::to_string(answer_.prompt_tokens) +
               ",\"completion_tokens\":" + std::to_string(answer_.output_tokens) +
               ",\"total_tokens\":" +
               std::to_string(answer_.prompt_tokens + answer_.output_tokens) + "}";
    }

    bool first_ = true;
    bool failed_ = false;
};

class transcription final : public renderer {
  public:
    using renderer::renderer;
    std::string_view single_type() const override {
        return text_member(request_.body, "response_format") == "text" ? "text/plain"
                                                                       : "application/json";
    }
    std::vector<std::string> next(std::size_t) override { return {}; }
    std::vector<std::string> finish() override { return {}; }
    std::vector<std::string> failure(std::string_view) override { return {}; }
    std::string single() override {
        const auto text = answer_.text(piece_kind::text);
        if (text_member(request_.body, "response_format") == "text") return text;
        return "{\"text\":" + quote(text) + "}\n";
    }
};

}  // namespace

std::unique_ptr<renderer> openai_renderer(const inference& r, const generation& g) {
    return std::make_unique<openai>(r, g);
}

std::unique_ptr<renderer> renderer_for(const inference& r, const generation& g) {
    switch (r.op) {
        case operation::generate:
        case operation::chat:
            return native_renderer(r, g);
        case operation::responses:
            return responses_renderer(r, g);
        case operation::messages:
            return messages_renderer(r, g);
        case operation::transcription:
            return std::make_unique<transcription>(r, g);
        default:
            return openai_renderer(r, g);
    }
}

}  // namespace tallyfs::standin
