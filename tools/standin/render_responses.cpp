#include "renderer.hpp"

namespace tallyfs::standin {
namespace {

constexpr std::string_view no_annotations = "\"annotations\":[],\"logprobs\":[]";

class responses final : public renderer {
  public:
    responses(const inference& r, const generation& g)
        : renderer(r, g), number_(std::to_string(100000 + g.number % 900000)) {}

    std::string stream_headers() const override {
        return "Cache-Control: no-cache\r\nConnection: keep-alive\r\n";
    }

    std::vector<std::string> next(std::size_t index) override {
        const auto& p = answer_.pieces[index];
        auto out = start();
        if (p.kind == piece_kind::tool) {
            close_item(out);
            call(p.text, out);
            return out;
        }
        if (!open_ || kind_ != p.kind) {
            close_item(out);
            open_item(p.kind, out);
        }
        text_ += p.text;
        if (p.kind == piece_kind::thinking) {
            out.push_back(event(
                "response.reasoning_summary_text.delta",
                "\"delta\":" + quote(p.text) + ",\"item_id\":\"" + item_id() + "\"," + place(),
                "\"summary_index\":0"));
        } else {
            out.push_back(event("response.output_text.delta",
                                "\"content_index\":0,\"delta\":" + quote(p.text) +
                                    ",\"item_id\":\"" + item_id() + "\",\"logprobs\":[]," + place(),
                                ""));
        }
        return out;
    }

    std::vector<std::string> finish() override {
        auto out = start();
        close_item(out);
        out.push_back(event("response.completed",
                            "\"response\":" + state("completed", "[" + items_ + "]", usage()), ""));
        return out;
    }

    // Ollama says nothing: the stream ends without response.completed.
    std::vector<std::string> failure(std::string_view) override { return {}; }

    std::string single() override {
        const auto& b = request_.body;
        std::string output;
        const auto add = [&](const std::string& item) {
            output += (output.empty() ? "" : ",") + item;
        };
        const auto thinking = answer_.text(piece_kind::thinking);
        if (!thinking.empty()) {
            add("{\"id\":\"rs_" + number_ +
                "\",\"type\":\"reasoning\",\"summary\":[{\"type\":"
                "\"summary_text\",\"text\":" +
                quote(thinking) + "}],\"encrypted_content\":" + quote(thinking) + "}");
        }
        const auto text = answer_.text(piece_kind::text);
        if (!text.empty()) {
            add("{\"id\":\"msg_" + number_ +
                "\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\","
                "\"content\":[{\"type\":\"output_text\",\"text\":" +
                quote(text) + "," + std::string(no_annotations) + "}]}");
        }
        for (const auto& p : answer_.pieces) {
            if (p.kind != piece_kind::tool) continue;
            add("{\"id\":\"fc_" + number_ +
                "_0\",\"type\":\"function_call\",\"status\":"
                "\"completed\",\"call_id\":\"" +
                tool_id(answer_) + "\",\"name\":" + quote(p.text) +
                ",\"arguments\":" + quote(tool_arguments()) + "}");
        }
        const auto seconds = std::to_string(now_seconds());
        return "{\"id\":\"resp_" + number_ +
               "\",\"object\":\"response\",\"created_at\":" + seconds +
               ",\"completed_at\":" + seconds +
               ",\"status\":\"completed\",\"incomplete_details\":null,\"model\":" +
               quote(answer_.answered_model) + ",\"previous_response_id\":null,\"instructions\":" +
               echoed(b, "instructions", "null") + ",\"output\":[" + output +
               "],\"error\":null,\"tools\":" + echoed(b, "tools", "[]") +
               ",\"tool_choice\":\"auto\",\"truncation\":\"disabled\",\"parallel_tool_calls\":true,"
               "\"text\":{\"format\":{\"type\":\"text\"}},\"top_p\":1,\"presence_penalty\":0,"
               "\"frequency_penalty\":0,\"top_logprobs\":0,\"temperature\":1,\"reasoning\":null,"
               "\"usage\":" +
               usage_in_order() +
               ",\"max_output_tokens\":" + echoed(b, "max_output_tokens", "null") +
               ",\"max_tool_calls\":null,\"store\":false,\"background\":false,"
               "\"service_tier\":\"default\",\"metadata\":{},\"safety_identifier\":null,"
               "\"prompt_cache_key\":null}\n";
    }

  private:
    static std::string echoed(const json::object& body, std::string_view key,
                              const std::string& absent) {
        const auto* value = member(body, key);
        return value == nullptr ? absent : write_sorted(*value);
    }

    // Keys are sorted in events, because Ollama builds them from maps; sequence_number and type
    // are the last two but for summary_index.
    std::string event(const std::string& name, const std::string& members,
                      const std::string& between) {
        std::string out = "event: " + name + "\ndata: {" + members;
        out += ",\"sequence_number\":" + std::to_string(sequence_++);
        if (!between.empty()) out += "," + between;
        return out + ",\"type\":\"" + name + "\"}\n\n";
    }

    std::string place() const { return "\"output_index\":" + std::to_string(output_index_); }
    std::string item_id() const {
        return (kind_ == piece_kind::thinking ? "rs_" : "msg_") + number_;
    }

    std::string state(const std::string& status, const std::string& output,
                      const std::string& usage) const {
        const auto& b = request_.body;
        const auto seconds = std::to_string(now_seconds());
        return "{\"background\":false,\"completed_at\":" +
               (status == "completed" ? seconds : "null") + ",\"created_at\":" + seconds +
               ",\"error\":null,\"frequency_penalty\":0,\"id\":\"resp_" + number_ +
               "\",\"incomplete_details\":null,\"instructions\":" +
               echoed(b, "instructions", "null") +
               ",\"max_output_tokens\":" + echoed(b, "max_output_tokens", "null") +
               ",\"max_tool_calls\":null,\"metadata\":{},\"model\":" +
               quote(answer_.answered_model) + ",\"object\":\"response\",\"output\":" + output +
               ",\"parallel_tool_calls\":true,\"presence_penalty\":0,\"previous_response_id\":null,"
               "\"prompt_cache_key\":null,\"reasoning\":null,\"safety_identifier\":null,"
               "\"service_tier\":\"default\",\"status\":\"" +
               status +
               "\",\"store\":false,\"temperature\":1,\"text\":{\"format\":{\"type\":\"text\"}},"
               "\"tool_choice\":\"auto\",\"tools\":" +
               echoed(b, "tools", "[]") +
               ",\"top_logprobs\":0,\"top_p\":1,\"truncation\":\"disabled\",\"usage\":" + usage +
               "}";
    }

    std::vector<std::string> start() {
        if (sequence_ > 0) return {};
        return {event("response.created", "\"response\":" + state("in_progress", "[]", "null"), ""),
                event("response.in_progress", "\"response\":" + state("in_progress", "[]", "null"),
                      "")};
    }

    void open_item(piece_kind kind, std::vector<std::string>& out) {
        open_ = true;
        kind_ = kind;
        text_.clear();
        if (kind == piece_kind::thinking) {
            out.push_back(event("response.output_item.added",
                                "\"item\":{\"id\":\"" + item_id() +
                                    "\",\"summary\":[],\"type\":\"reasoning\"}," + place(),
                                ""));
            return;
        }
        out.push_back(event("response.output_item.added",
                            "\"item\":{\"content\":[],\"id\":\"" + item_id() +
                                "\",\"role\":\"assistant\",\"status\":\"in_progress\",\"type\":"
                                "\"message\"}," +
                                place(),
                            ""));
        out.push_back(event("response.content_part.added",
                            "\"content_index\":0,\"item_id\":\"" + item_id() + "\"," + place() +
                                ",\"part\":{\"annotations\":[],\"logprobs\":[],\"text\":\"\","
                                "\"type\":\"output_text\"}",
                            ""));
    }

    void close_item(std::vector<std::string>& out) {
        if (!open_) return;
        open_ = false;
        const auto id = "\"item_id\":\"" + item_id() + "\"";
        const auto text = quote(text_);
        std::string item;
        if (kind_ == piece_kind::thinking) {
            out.push_back(event("response.reasoning_summary_text.done", id + "," + place(),
                                "\"summary_index\":0,\"text\":" + text));
            item = "{\"encrypted_content\":" + text + ",\"id\":\"" + item_id() +
                   "\",\"summary\":[{\"text\":" + text +
                   ",\"type\":\"summary_text\"}],\"type\":\"reasoning\"}";
        } else {
            const auto part = "{" + std::string(no_annotations) + ",\"text\":" + text +
                              ",\"type\":\"output_text\"}";
            out.push_back(event("response.output_text.done",
                                "\"content_index\":0," + id + ",\"logprobs\":[]," + place(),
                                "\"text\":" + text));
            out.push_back(event("response.content_part.done",
                                "\"content_index\":0," + id + "," + place() + ",\"part\":" + part,
                                ""));
            item = "{\"content\":[" + part + "],\"id\":\"" + item_id() +
                   "\",\"role\":\"assistant\",\"status\":\"completed\",\"type\":\"message\"}";
        }
        finish_item(item, out);
    }

    void finish_item(const std::string& item, std::vector<std::string>& out) {
        out.push_back(event("response.output_item.done", "\"item\":" + item + "," + place(), ""));
        items_ += (items_.empty() ? "" : ",") + item;
        ++output_index_;
    }

    void call(const std::string& name, std::vector<std::string>& out) {
        const auto id = "fc_" + number_ + "_" + std::to_string(output_index_);
        const auto item = [&](const std::string& arguments, const std::string& status) {
            return "{\"arguments\":" + arguments + ",\"call_id\":\"" + tool_id(answer_) +
                   "\",\"id\":\"" + id + "\",\"name\":" + quote(name) + ",\"status\":\"" + status +
                   "\",\"type\":\"function_call\"}";
        };
        const auto arguments = quote(tool_arguments());
        out.push_back(event("response.output_item.added",
                            "\"item\":" + item("\"\"", "in_progress") + "," + place(), ""));
        out.push_back(event("response.function_call_arguments.delta",
                            "\"delta\":" + arguments + ",\"item_id\":\"" + id + "\"," + place(),
                            ""));
        out.push_back(event("response.function_call_arguments.done",
                            "\"arguments\":" + arguments + ",\"item_id\":\"" + id + "\"," + place(),
                            ""));
        finish_item(item(arguments, "completed"), out);
    }

    std::string usage() const {
        return "{\"input_tokens\":" + std::to_string(answer_.prompt_tokens) +
               ",\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":" +
               std::to_string(answer_.output_tokens) +
               ",\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":" +
               std::to_string(answer_.prompt_tokens + answer_.output_tokens) + "}";
    }
    std::string usage_in_order() const {
        return "{\"input_tokens\":" + std::to_string(answer_.prompt_tokens) +
               ",\"output_tokens\":" + std::to_string(answer_.output_tokens) +
               ",\"total_tokens\":" +
               std::to_string(answer_.prompt_tokens + answer_.output_tokens) +
               ",\"input_tokens_details\":{\"cached_tokens\":0},"
               "\"output_tokens_details\":{\"reasoning_tokens\":0}}";
    }

    std::string number_;
    std::string items_;
    std::string text_;
    int sequence_ = 0;
    int output_index_ = 0;
    bool open_ = false;
    piece_kind kind_ = piece_kind::text;
};

}  // namespace

std::unique_ptr<renderer> responses_renderer(const inference& r, const generation& g) {
    return std::make_unique<responses>(r, g);
}

}  // namespace tallyfs::standin
