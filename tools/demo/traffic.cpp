#include "traffic.hpp"

#include <array>

namespace tallyfs::demo {
namespace {

constexpr std::array<std::string_view, 40> words{
    "invoice",  "delivery", "please",   "confirm", "the",     "order",    "of",      "last",
    "week",     "and",      "send",     "us",      "a",       "new",      "offer",   "for",
    "twenty",   "licences", "before",   "friday",  "because", "customer", "asked",   "about",
    "payment",  "terms",    "again",    "with",    "regards", "from",     "support", "team",
    "shipping", "delayed",  "warranty", "meeting", "moved",   "to",       "monday",  "morning"};

std::string message(std::string_view role, const std::string& text) {
    return "{\"role\":\"" + std::string(role) + "\",\"content\":\"" + text + "\"}";
}

// Labels by base path, as official clients keep one; see README.md.
std::string path(std::string_view service, std::string_view route) {
    return "/as/" + std::string(service) + std::string(route);
}

}  // namespace

// Not std::uniform_int_distribution: its results differ between standard libraries.
std::size_t traffic::below(std::size_t limit) {
    return static_cast<std::size_t>(random_() % limit);
}

std::string traffic::sentence(std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) out += ' ';
        out += words[below(words.size())];
    }
    return out;
}

call traffic::email_triage() {
    // Two in five mails are looked at again, with exactly the same prompt.
    const auto mail = below(5) < 2 ? "reminder number " + std::to_string(below(4)) + " " +
                                         std::string("your order is ready for collection")
                                   : sentence(60 + below(120));
    return {
        path("n8n/email-triage", "/api/chat"),
        "{\"model\":\"qwen2.5:14b\",\"stream\":false,\"options\":{\"num_predict\":" +
            std::to_string(12 + below(20)) + "},\"messages\":[" +
            message("system", "You sort mail into urgent, normal and spam. Answer in one line.") +
            "," + message("user", mail) + "]}",
        "User-Agent: n8n/1.68\r\n"};
}

call traffic::contracts() {
    // One contract in eight is longer than the model's context.
    const bool long_one = once_in(8);
    const auto text = sentence(long_one ? 5200 : 300 + below(900));
    return {path("n8n/contracts", "/api/generate"),
            "{\"model\":\"qwen3:14b\",\"stream\":false,\"options\":{\"num_ctx\":4096,"
            "\"num_predict\":" +
                std::to_string(20 + below(30)) + "},\"prompt\":\"List the parties and the dates. " +
                text + "\"}",
            "User-Agent: n8n/1.68\r\n"};
}

call traffic::agent() {
    const auto turn = ++agent_turn_;
    if (once_in(5)) {
        return {path("agent-brain", "/v1/messages"),
                "{\"model\":\"qwen3:14b\",\"max_tokens\":" + std::to_string(30 + below(40)) +
                    ",\"stream\":true,\"system\":\"Plan the next step.\",\"messages\":[" +
                    message("user", sentence(40 + below(80))) + "]}",
                "User-Agent: anthropic-sdk-python/0.40\r\n"};
    }
    const std::string tools =
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look_up\",\"parameters\":{"
        "\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}}}],";
    return {path("agent-brain", "/v1/chat/completions"),
            std::string("{\"model\":\"qwen3:14b\",\"stream\":") +
                (turn % 3 == 0 ? "false" : "true") + ",\"max_tokens\":" +
                std::to_string(25 + below(50)) + "," + (turn % 4 == 0 ? tools : "") +
                "\"messages\":[" + message("system", "You are the planner of an agent.") + "," +
                message("user", sentence(50 + below(200))) + "]}",
            "User-Agent: OpenAI/Python 1.54.0\r\n"};
}

call traffic::chat_page() {
    call wanted{path("open-webui", "/api/chat"),
                "{\"model\":\"qwen3:14b\",\"messages\":[" +
                    message("user", "Write to me about " + sentence(10 + below(20))) +
                    "],\"options\":{\"num_predict\":" + std::to_string(40 + below(60)) + "}}",
                "User-Agent: open-webui/0.5\r\n"};
    // People close the page.
    if (once_in(4)) wanted.leave_after_bytes = 1200;
    return wanted;
}

call traffic::search_index() {
    std::string inputs;
    for (std::size_t i = 0; i < 1 + below(3); ++i) {
        inputs += (i > 0 ? ",\"" : "\"") + sentence(40 + below(60)) + "\"";
    }
    return {path("search-index", "/v1/embeddings"),
            "{\"model\":\"nomic-embed-text\",\"input\":[" + inputs + "]}",
            "User-Agent: langchain/0.3\r\n"};
}

call traffic::coder() {
    return {
        path("editor/completion", "/v1/completions"),
        "{\"model\":\"llama3.2\",\"stream\":true,\"max_tokens\":" + std::to_string(10 + below(20)) +
            ",\"prompt\":\"" + sentence(30 + below(40)) + "\"}",
        "User-Agent: continue/1.0\r\n"};
}

call traffic::odd_one() {
    switch (below(5)) {
        case 0:
            return {path("agent-brain", "/api/chat"),
                    "{\"model\":\"gpt-oss:120b-cloud\",\"stream\":false,\"messages\":[" +
                        message("user", sentence(30)) + "]}",
                    "User-Agent: OpenAI/Python 1.54.0\r\n"};
        case 1:
            return {
                path("n8n/contracts", "/api/chat"),
                "{\"model\":\"qwen3:32b\",\"messages\":[" + message("user", sentence(20)) + "]}",
                "User-Agent: n8n/1.68\r\n"};
        case 2:
            return {path("n8n/email-triage", "/v1/chat/completions"),
                    "{\"model\":\"qwen2.5:14b\",\"messages\":[", "User-Agent: n8n/1.68\r\n"};
        case 3:
            // No label at all: the caller is found by its process or its address.
            return {
                "/v1/responses",
                "{\"model\":\"llama3.2\",\"stream\":true,\"max_output_tokens\":24,\"input\":\"" +
                    sentence(25) + "\"}",
                ""};
        default:
            return {"/api/generate",
                    "{\"model\":\"llama3.2\",\"stream\":false,\"prompt\":\"" + sentence(15) + "\"}",
                    "X-Service: nightly-report\r\nX-Task: summary\r\n"};
    }
}

call traffic::next() {
    ++number_;
    // Work comes in stretches, so that the two large models take turns in memory.
    const bool mail_time = (number_ / 24) % 2 == 0;
    const auto lot = below(100);
    if (lot < 30) return search_index();
    if (lot < 38) return coder();
    if (lot < 43) return odd_one();
    if (mail_time) return lot < 97 ? email_triage() : agent();
    if (lot < 60) return contracts();
    if (lot < 90) return agent();
    return chat_page();
}

}  // namespace tallyfs::demo
