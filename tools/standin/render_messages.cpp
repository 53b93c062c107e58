#include "renderer.hpp"

namespace tallyfs::standin {
namespace {

std::string event(std::string_view name, const std::string& data) {
    return "event: " + std::string(name) + "\ndata: " + data + "\n\n";
}

class messages final : public renderer {
  public:
    using renderer::renderer;

    std::string stream_headers() const override {
        return "Cache-Control: no-cache\r\nConnection: keep-alive\r\n";
    }

    std::vector<std::string> next(std::size_t index) override {
        const auto& p = answer_.pieces[index];
        std::vector<std::string> out = start();
        if (open_ && (p.kind != kind_ || p.kind == piece_kind::tool)) out.push_back(stop());
        if (!open_) out.push_back(begin(p));
        out.push_back(delta(p));
        if (p.kind == piece_kind::tool) out.push_back(stop());
        return out;
    }

    std::vector<std::string> finish() override {
        std::vector<std::string> out = start();
        if (open_) out.push_back(stop());
        out.push_back(
            event("message_delta", "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" +
                                       reason() + "\"},\"usage\":" + usage() + "}"));
        out.push_back(event("message_stop", "{\"type\":\"message_stop\"}"));
        return out;
    }

    // Ollama says nothing: the stream ends without message_stop.
    std::vector<std::string> failure(std::string_view) override { return {}; }

    std::string single() override {
        std::string content;
        const auto add = [&](const std::string& block) {
            content += (content.empty() ? "" : ",") + block;
        };
        const auto thinking = answer_.text(piece_kind::thinking);
        const auto text = answer_.text(piece_kind::text);
        if (!thinking.empty()) add("{\"type\":\"thinking\",\"thinking\":" + quote(thinking) + "}");
        if (!text.empty()) add("{\"type\":\"text\",\"text\":" + quote(text) + "}");
        for (const auto& p : answer_.pieces) {
            if (p.kind != piece_kind::tool) continue;
            add("{\"type\":\"tool_use\",\"id\":\"" + tool_id(answer_) +
                "\",\"name\":" + quote(p.text) + ",\"input\":" + tool_arguments() + "}");
        }
        return message("[" + content + "],\"stop_reason\":\"" + reason() + "\"", usage()) + "\n";
    }

  private:
    std::string message(const std::string& content, const std::string& usage) const {
        const auto number = std::to_string(answer_.number);
        return "{\"id\":\"msg_" + std::string(24 - std::min<std::size_t>(24, number.size()), '0') +
               number + "\",\"type\":\"message\",\"role\":\"assistant\",\"model\":" +
               quote(answer_.answered_model) + ",\"content\":" + content + ",\"usage\":" + usage +
               "}";
    }

    std::vector<std::string> start() {
        if (started_) return {};
        started_ = true;
        const auto guess = std::to_string(request_.estimated_tokens);
        return {event("message_start",
                      "{\"type\":\"message_start\",\"message\":" +
                          message("[]", "{\"input_tokens\":" + guess + ",\"output_tokens\":0}") +
                          "}")};
    }

    std::string begin(const piece& p) {
        open_ = true;
        kind_ = p.kind;
        std::string block = "{\"type\":\"text\",\"text\":\"\"}";
        if (p.kind == piece_kind::thinking) block = "{\"type\":\"thinking\",\"thinking\":\"\"}";
        if (p.kind == piece_kind::tool) {
            block = "{\"type\":\"tool_use\",\"id\":\"" + tool_id(answer_) +
                    "\",\"name\":" + quote(p.text) + ",\"input\":{}}";
        }
        return event("content_block_start",
                     "{\"type\":\"content_block_start\",\"index\":" + std::to_string(index_) +
                         ",\"content_block\":" + block + "}");
    }

    std::string delta(const piece& p) const {
        std::string inner = "{\"type\":\"text_delta\",\"text\":" + quote(p.text) + "}";
        if (p.kind == piece_kind::thinking) {
            inner = "{\"type\":\"thinking_delta\",\"thinking\":" + quote(p.text) + "}";
        }
        if (p.kind == piece_kind::tool) {
            inner =
                "{\"type\":\"input_json_delta\",\"partial_json\":" + quote(tool_arguments()) + "}";
        }
        return event("content_block_delta",
                     "{\"type\":\"content_block_delta\",\"index\":" + std::to_string(index_) +
                         ",\"delta\":" + inner + "}");
    }

    std::string stop() {
        open_ = false;
        return event("content_block_stop", "{\"type\":\"content_block_stop\",\"index\":" +
                                               std::to_string(index_++) + "}");
    }

    std::string reason() const {
        if (!request_.tool.empty()) return "tool_use";
        return answer_.done_reason == "length" ? "max_tokens" : "end_turn";
    }

    std::string usage() const {
        return "{\"input_tokens\":" + std::to_string(answer_.prompt_tokens) +
               ",\"output_tokens\":" + std::to_string(answer_.output_tokens) + "}";
    }

    bool started_ = false;
    bool open_ = false;
    piece_kind kind_ = piece_kind::text;
    int index_ = 0;
};

}  // namespace

std::unique_ptr<renderer> messages_renderer(const inference& r, const generation& g) {
    return std::make_unique<messages>(r, g);
}

}  // namespace tallyfs::standin
