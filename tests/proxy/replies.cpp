#include "proxy/replies.hpp"

namespace tallyfs::test {

namespace {

const std::string prompt = R"({"model":"m","prompt":"hi"})";
const std::string messages = R"({"model":"m","messages":[{"role":"user","content":"hi"}])";
const std::string done = "data: [DONE]\n\n";

std::string stream(std::string_view head, std::initializer_list<std::string_view> pieces) {
    std::string reply(head);
    for (const auto piece : pieces) reply += chunk(piece);
    return reply + "0\r\n\r\n";
}
std::string event(std::string_view json) {
    return "data: " + std::string(json) + "\n\n";
}
std::string named_event(std::string_view name, std::string_view more) {
    return "event: " + std::string(name) + "\ndata: {\"type\":\"" + std::string(name) + "\"" +
           std::string(more) + "}\n\n";
}

void add_native(std::vector<dialect_reply>& all) {
    const std::string line = R"({"model":"m","message":{"role":"assistant","content":"a"},)"
                             R"("done":false})"
                             "\n";
    const std::string last = R"({"model":"m","message":{"role":"assistant","content":""},)"
                             R"("done":true,"prompt_eval_count":3,"eval_count":1})"
                             "\n";
    const auto chat_stream = stream(ndjson_head, {line, last});
    const std::string single = R"({"model":"m","response":"a","done":true,"eval_count":1})";
    const auto generate = post("/api/generate", prompt);
    const auto chat = post("/api/chat", messages + "}");
    all.push_back({"generate", generate, stream(ndjson_head, {token_line, last_line}),
                   reply_end::last_event, std::string(last_line)});
    all.push_back({"chat", chat, chat_stream, reply_end::last_event, last});
    all.push_back({"chat, to a client of HTTP/1.0",
                   "POST /api/chat HTTP/1.0\r\nContent-Length: " +
                       std::to_string(messages.size() + 1) + "\r\n\r\n" + messages + "}",
                   chat_stream, reply_end::last_event, last, true});
    all.push_back({"generate, a single reply", generate, sized_reply(single)});
    all.push_back({"generate, a single reply in chunks", generate,
                   stream("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
                          "Transfer-Encoding: chunked\r\n\r\n",
                          {single})});
    all.push_back(
        {"generate, ended by the connection", generate,
         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + single,
         reply_end::connection, single, true});
    all.push_back({"embed", post("/api/embed", R"({"model":"m","input":"hi"})"),
                   sized_reply(R"({"model":"m","embeddings":[[0.25,-1.5e-3]],)"
                               R"("total_duration":7,"prompt_eval_count":2})")});
    all.push_back({"embeddings", post("/api/embeddings", prompt),
                   sized_reply(R"({"embedding":[0.25,-1.5e-3]})")});
    all.push_back({"an error", generate,
                   "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n"
                   "Content-Length: 31\r\n\r\n{\"error\":\"model 'm' not found\"}",
                   reply_end::whole_body, "", false, record::outcome::upstream_error});
    all.push_back(
        {"create", post("/api/create", prompt),
         stream(ndjson_head, {"{\"status\":\"reading\"}\n", "{\"status\":\"success\"}\n"})});
}

void add_openai(std::vector<dialect_reply>& all) {
    const auto delta = event(
        R"({"object":"chat.completion.chunk","model":"m","choices":[{"delta":{"content":"a"}}]})");
    const auto finish = event(R"({"model":"m","choices":[{"delta":{},"finish_reason":"stop"}]})");
    const auto usage =
        event(R"({"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}})");
    const auto chat_stream = stream(sse_head, {delta, finish + usage + done});
    all.push_back({"openai chat",
                   post("/v1/chat/completions",
                        messages + R"(,"stream":true,"stream_options":{"include_usage":true}})"),
                   chat_stream, reply_end::last_event, done});
    all.push_back({"openai chat, asked for its usage",
                   post("/v1/chat/completions", messages + R"(,"stream":true})"), chat_stream,
                   reply_end::last_event, done, true});
    all.push_back({"openai chat, a single reply", post("/v1/chat/completions", messages + "}"),
                   sized_reply(R"({"object":"chat.completion","model":"m","choices":[{"message":)"
                               R"({"content":"a"},"finish_reason":"stop"}],)"
                               R"("usage":{"prompt_tokens":3,"completion_tokens":1}})"
                               "\n")});
    all.push_back({"openai completion",
                   post("/v1/completions", R"({"model":"m","prompt":"hi",)"
                                           R"("stream":true})"),
                   stream(sse_head, {event(R"({"model":"m","choices":[{"text":"a"}]})"), done}),
                   reply_end::last_event, done});
    all.push_back({"openai embeddings", post("/v1/embeddings", R"({"model":"m","input":"hi"})"),
                   sized_reply(R"({"object":"list","data":[{"embedding":[0.25],"index":0}],)"
                               R"("model":"m","usage":{"prompt_tokens":2,"total_tokens":2}})"
                               "\n")});
    const std::string form =
        "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--x--\r\n";
    all.push_back({"openai transcription",
                   post("/v1/audio/transcriptions", form,
                        "Content-Type: multipart/form-data; boundary=x\r\n"),
                   sized_reply(R"({"text":"hello"})"
                               "\n")});
}

void add_named_events(std::vector<dialect_reply>& all) {
    const auto completed = named_event(
        "response.completed", R"(,"response":{"usage":{"input_tokens":3,"output_tokens":1}})");
    all.push_back(
        {"responses", post("/v1/responses", R"({"model":"m","input":"hi","stream":true})"),
         stream(sse_head,
                {named_event("response.output_text.delta", R"(,"delta":"a")"), completed}),
         reply_end::last_event, completed});
    const auto stop = named_event("message_stop", "");
    all.push_back(
        {"messages", post("/v1/messages", messages + R"(,"stream":true})"),
         stream(sse_head,
                {named_event("content_block_delta", R"(,"delta":{"type":"text_delta","text":"a"})"),
                 named_event("message_delta", R"(,"usage":{"output_tokens":1})"), stop}),
         reply_end::last_event, stop});
    all.push_back({"messages, a single reply", post("/v1/messages", messages + "}"),
                   sized_reply(R"({"type":"message","model":"m","content":[{"type":"text",)"
                               R"("text":"a"}],"usage":{"input_tokens":3,"output_tokens":1}})"
                               "\n")});
}

}  // namespace

std::vector<dialect_reply> dialect_replies() {
    std::vector<dialect_reply> all;
    add_native(all);
    add_openai(all);
    add_named_events(all);
    return all;
}

bool dialect_reply::is_all(const seen_reply& seen) const {
    if (end == reply_end::last_event) return seen.bytes.find(last) != std::string::npos;
    if (end == reply_end::whole_body) return seen.bytes == reply;
    return !seen.reset && seen.bytes.ends_with("\r\n\r\n" + last);
}

seen_reply read_reply_of(const dialect_reply& expected, raw_socket& client, std::string already) {
    seen_reply seen{std::move(already)};
    const auto own_error_is_whole = [&seen] {
        const auto head = seen.bytes.find("\r\n\r\n");
        const auto length = seen.bytes.find("Content-Length: ");
        return seen.own_error() && head != std::string::npos && length < head &&
               seen.bytes.size() >= head + 4 + std::stoul(seen.bytes.substr(length + 16));
    };
    const bool to_the_end = expected.end == reply_end::connection;
    while ((to_the_end || !expected.is_all(seen)) && !own_error_is_whole()) {
        const auto more = client.read_some();
        if (more.empty()) break;
        seen.bytes += more;
    }
    seen.reset = client.was_reset();
    return seen;
}

}  // namespace tallyfs::test
