#include "renderer.hpp"

namespace tallyfs::standin {
namespace {

class native final : public renderer {
  public:
    using renderer::renderer;

    std::string_view stream_type() const override { return "application/x-ndjson"; }
    std::string_view single_type() const override { return "application/json; charset=utf-8"; }

    std::vector<std::string> next(std::size_t index) override {
        const auto& p = answer_.pieces[index];
        return {line(p.kind == piece_kind::text ? p.text : "",
                     p.kind == piece_kind::thinking ? p.text : "",
                     p.kind == piece_kind::tool ? p.text : "", false) +
                "}\n"};
    }

    std::vector<std::string> finish() override { return {line("", "", "", true) + end() + "}\n"}; }

    std::vector<std::string> failure(std::string_view message) override {
        return {error_body(dialect::native, 500, message) + "\n"};
    }

    std::string single() override {
        std::string tool;
        for (const auto& p : answer_.pieces) {
            if (p.kind == piece_kind::tool) tool = p.text;
        }
        return line(answer_.text(piece_kind::text), answer_.text(piece_kind::thinking), tool,
                    !answer_.unfinished) +
               (answer_.unfinished ? "" : end()) + "}";
    }

  private:
    std::string line(const std::string& text, const std::string& thinking, const std::string& tool,
                     bool done) const {
        std::string out = "{\"model\":" + quote(answer_.answered_model);
        const bool passed_on = answer_.answered_model != request_.model;
        if (!answer_.what->remote_host.empty() && !passed_on) {
            out += ",\"remote_model\":" + quote(answer_.what->remote_model) +
                   ",\"remote_host\":" + quote(answer_.what->remote_host);
        }
        out += ",\"created_at\":\"" + now_rfc3339() + "\"";
        if (request_.op == operation::generate) {
            out += ",\"response\":" + quote(text);
            if (!thinking.empty()) out += ",\"thinking\":" + quote(thinking);
        } else {
            out += ",\"message\":{\"role\":\"assistant\",\"content\":" + quote(text);
            if (!thinking.empty()) out += ",\"thinking\":" + quote(thinking);
            if (!tool.empty()) {
                out += ",\"tool_calls\":[{\"id\":\"" + tool_id(answer_) +
                       "\",\"function\":{\"index\":0,\"name\":" + quote(tool) +
                       ",\"arguments\":" + tool_arguments() + "}}]";
            }
            out += '}';
        }
        return out + (done ? ",\"done\":true" : ",\"done\":false");
    }

    std::string end() const {
        std::string out;
        if (!answer_.done_reason.empty()) out += ",\"done_reason\":\"" + answer_.done_reason + "\"";
        if (request_.op == operation::generate && answer_.output_tokens > 0 &&
            !boolean_member(request_.body, "raw").value_or(false)) {
            out += ",\"context\":[" + context() + "]";
        }
        // All six are left out when zero.
        const auto number = [&](std::string_view name, std::int64_t value) {
            if (value != 0) out += ",\"" + std::string(name) + "\":" + std::to_string(value);
        };
        number("total_duration", answer_.total.count());
        number("load_duration", answer_.load.count());
        number("prompt_eval_count", answer_.prompt_tokens);
        number("prompt_eval_duration", answer_.prompt_eval.count());
        number("eval_count", answer_.output_tokens);
        number("eval_duration", answer_.eval.count());
        return out;
    }

    // Token numbers of the prompt and the answer; which ones does not matter.
    std::string context() const {
        std::string out;
        for (std::int64_t i = 0; i < answer_.prompt_tokens + answer_.output_tokens; ++i) {
            if (i > 0) out += ',';
            out += std::to_string(259 + i % 143);
        }
        return out;
    }
};

}  // namespace

std::unique_ptr<renderer> native_renderer(const inference& r, const generation& g) {
    return std::make_unique<native>(r, g);
}

}  // namespace tallyfs::standin
