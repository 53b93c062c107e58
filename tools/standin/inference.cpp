#include "inference.hpp"

#include "renderer.hpp"
#include "world.hpp"

#include <array>
#include <ctime>
#include <zstd.h>

namespace tallyfs::standin {
namespace {

using nanoseconds = std::chrono::nanoseconds;

// What a real Ollama needs between a request and its runner when the model is there already.
constexpr nanoseconds handler_time = std::chrono::microseconds(750);

constexpr std::string_view runner_died =
    "an error was encountered while running the model: unexpected EOF";

// What is read of a compressed body at most: Ollama's own limit for /v1/responses is 20 MB.
constexpr std::size_t decoded_bytes_max = 64u << 20;

nanoseconds work_time(double tokens, double tokens_per_second) {
    return nanoseconds(static_cast<std::int64_t>(tokens / tokens_per_second * 1e9));
}

// zstd as Ollama takes it on /v1/responses; false if the bytes are something else.
bool decode(std::string& body) {
    std::string out;
    ZSTD_DStream* stream = ZSTD_createDStream();
    ZSTD_inBuffer in{body.data(), body.size(), 0};
    std::array<char, 65536> buffer{};
    std::size_t left = 1;
    while (left != 0 && out.size() < decoded_bytes_max) {
        ZSTD_outBuffer room{buffer.data(), buffer.size(), 0};
        left = ZSTD_decompressStream(stream, &room, &in);
        if (ZSTD_isError(left) != 0 || (room.pos == 0 && in.pos == in.size)) break;
        out.append(buffer.data(), room.pos);
    }
    ZSTD_freeDStream(stream);
    if (left != 0) return false;
    body = std::move(out);
    return true;
}

void make_pieces(const inference& r, const exchange& x, const answer_plan& plan, generation& g) {
    g.prompt_tokens = plan.prompt_tokens;
    g.output_tokens = x.wanted.tokens.value_or(plan.output_tokens);
    g.done_reason = x.wanted.tokens ? "length" : plan.done_reason;
    const auto words = x.wanted.tokens.value_or(plan.words);
    if (!r.tool.empty() && g.what->calls_tools) {
        g.pieces.push_back({piece_kind::tool, r.tool});
        g.output_tokens = 5;
        g.done_reason = "stop";
        return;
    }
    const bool thinks = g.what->thinks && r.thinks;
    g.pieces.reserve(static_cast<std::size_t>(words));
    for (std::int64_t i = 0; i < words; ++i) {
        const bool thought = thinks && i < 2;
        g.pieces.push_back({thought ? piece_kind::thinking : piece_kind::text,
                            std::string(answer_word(r.prompt, i))});
    }
}

// Sends the answer piece by piece; false if it ended before its end.
task<bool> stream(exchange& x, generation& g, renderer& form) {
    const auto token_time =
        work_time(static_cast<double>(g.output_tokens) /
                      static_cast<double>(std::max<std::size_t>(1, g.pieces.size())),
                  g.what->output_tokens_per_second);
    const auto eval_began = std::chrono::steady_clock::now();
    x.begin_stream(form.stream_type());
    for (std::size_t i = 0; i <= g.pieces.size(); ++i) {
        const auto done = static_cast<std::int64_t>(i);
        if (x.wanted.error_after == done) {
            for (const auto& bytes : form.failure(runner_died)) {
                const bool sent = co_await x.piece_as_is(bytes);
                if (!sent) co_return false;
            }
            co_await x.end_stream();
            co_return x.ok();
        }
        if (x.wanted.cut_after == done) {
            co_await x.end_stream();
            co_return x.ok();
        }
        if (i == g.pieces.size()) break;
        const bool going = co_await x.client.wait(x.shared, token_time);
        if (!going) co_return false;
        for (const auto& bytes : form.next(i)) {
            const bool sent = co_await x.piece(bytes);
            if (!sent) co_return false;
        }
    }
    if (x.shared.settings.time_scale > 0) {
        const auto now = std::chrono::steady_clock::now();
        g.eval = now - eval_began;
        g.total = now - x.begun;
    }
    for (const auto& bytes : form.finish()) {
        const bool sent = co_await x.piece(bytes);
        if (!sent) co_return false;
    }
    co_await x.end_stream();
    co_return x.ok();
}

task<bool> whole(exchange& x, generation& g, renderer& form) {
    const bool going = co_await x.client.wait(x.shared, g.eval);
    if (!going) co_return false;
    if (x.wanted.error_after) {
        co_await x.fail(500, runner_died);
        co_return x.ok();
    }
    if (x.wanted.cut_after) {
        g.unfinished = true;
        g.pieces.resize(std::min(g.pieces.size(), static_cast<std::size_t>(*x.wanted.cut_after)));
    }
    if (x.shared.settings.time_scale > 0) {
        g.eval = x.shared.scaled(g.eval);
        g.total = std::chrono::steady_clock::now() - x.begun;
    }
    co_await x.reply(200, form.single_type(), form.single());
    co_return x.ok();
}

task<bool> generate(exchange& x, const inference& r, generation& g, nanoseconds load) {
    const auto form = renderer_for(r, g);
    g.load = load;
    g.prompt_eval =
        work_time(static_cast<double>(g.prompt_tokens), g.what->prompt_tokens_per_second);
    g.eval = work_time(static_cast<double>(g.output_tokens), g.what->output_tokens_per_second);
    g.total = g.load + g.prompt_eval + g.eval + handler_time;
    const bool going = co_await x.client.wait(x.shared, g.prompt_eval);
    if (!going) co_return false;
    if (x.shared.settings.time_scale > 0) g.prompt_eval = x.shared.scaled(g.prompt_eval);
    if (r.stream) {
        x.response_headers += form->stream_headers();
        x.client.watch();
        co_return co_await stream(x, g, *form);
    }
    co_return co_await whole(x, g, *form);
}

// An empty prompt loads; with keep_alive 0 it unloads. Both answer with one object.
task<> answer_empty(exchange& x, inference& r, generation& g, std::string_view reason) {
    g.done_reason = reason;
    const auto form = renderer_for(r, g);
    if (r.op == operation::openai_completion && r.stream) {
        std::string all;
        for (const auto& bytes : form->finish()) all += bytes;
        co_await x.reply(200, "text/event-stream", all);
        co_return;
    }
    co_await x.reply(200, form->single_type(), form->single());
}

std::string over_length(std::int64_t tokens, std::int64_t limit) {
    return "{\"error\":{\"code\":400,\"message\":\"request (" + std::to_string(tokens) +
           " tokens) exceeds the available context size (" + std::to_string(limit) +
           " tokens), try increasing it\",\"type\":\"exceed_context_size_error\","
           "\"n_prompt_tokens\":" +
           std::to_string(tokens) + ",\"n_ctx\":" + std::to_string(limit) + "}}";
}

task<> serve_local(exchange& x, inference& r, generation& g) {
    const auto context_length =
        std::min(r.context_length.value_or(g.what->context_length), g.what->context_length_max);
    loaded_model* held = nullptr;
    bool cold = false;
    auto& runners = x.shared.runners;
    const auto got = co_await runners.acquire(x.client, *g.what, context_length, held, cold);
    if (got == acquired::busy) {
        co_return co_await x.fail(
            503, "server busy, please try again.  maximum pending requests exceeded");
    }
    if (got == acquired::gone) {
        ++x.shared.count.aborted;
        co_return;
    }
    auto load = handler_time + (cold ? nanoseconds(g.what->load_time) : nanoseconds(0));
    if (x.shared.settings.time_scale > 0) load = std::chrono::steady_clock::now() - x.begun;
    const auto tokens = count_tokens(r.prompt);
    bool complete = true;
    if (r.empty) {
        co_await answer_empty(x, r, g, "load");
    } else if (!r.truncates && tokens >= context_length) {
        co_await x.fail(400, over_length(tokens, context_length));
    } else {
        ++x.shared.count.generations;
        make_pieces(r, x, plan_answer(r.prompt, r.output_tokens_max, context_length), g);
        complete = co_await runners.begin_work(x.client, *held);
        if (complete) {
            complete = co_await generate(x, r, g, load);
            runners.end_work(*held);
        }
        ++(complete ? x.shared.count.completed : x.shared.count.aborted);
    }
    runners.release(*held, r.keep_alive);
}

// A name of the cloud's is passed on as it is, and answered with the cloud's own name.
bool is_cloud_name(std::string name) {
    while (name.ends_with(' ')) name.pop_back();
    name = world::full_name(name);
    return name.ends_with(":cloud") || name.ends_with("-cloud");
}

task<> serve_remote(exchange& x, inference& r, generation& g) {
    if (is_cloud_name(r.model)) g.answered_model = g.what->remote_model;
    ++x.shared.count.generations;
    make_pieces(r, x, plan_answer(r.prompt, r.output_tokens_max, g.what->context_length), g);
    const bool complete = co_await generate(x, r, g, nanoseconds(0));
    ++(complete ? x.shared.count.completed : x.shared.count.aborted);
}

}  // namespace

std::string generation::text(piece_kind kind) const {
    std::string out;
    for (const auto& p : pieces) {
        if (p.kind == kind) out += p.text;
    }
    return out;
}

std::string now_rfc3339() {
    std::timespec now{};
    std::timespec_get(&now, TIME_UTC);
    std::tm parts{};
    ::gmtime_r(&now.tv_sec, &parts);
    std::array<char, 32> buffer{};
    std::string out(buffer.data(),
                    std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S", &parts));
    std::string fraction = std::to_string(now.tv_nsec);
    fraction.insert(0, 9 - fraction.size(), '0');
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    return out + (fraction.empty() ? "" : "." + fraction) + "Z";
}

std::int64_t now_seconds() {
    return std::time(nullptr);
}

std::string tool_arguments() {
    return "{\"city\":\"Paris\"}";
}

std::string tool_id(const generation& answer) {
    const auto number = std::to_string(answer.number % 100'000'000);
    return "call_" + std::string(8 - number.size(), '0') + number;
}

task<> serve_inference(exchange& x, operation op) {
    static std::uint64_t number = 0;
    inference r;
    if (x.content_encoding == "zstd" && x.path.starts_with("/v1/") && !decode(x.body)) {
        x.errors = dialect::native;
        co_return co_await x.reject(400, "invalid input: magic number mismatch");
    }
    const auto refused = op == operation::transcription
                             ? read_transcription(x.content_type, x.body, r)
                             : read_inference(op, x.body, r);
    if (refused.status != 0) co_return co_await x.reject(refused.status, refused.message);
    if (x.wanted.status) co_return co_await x.fail(*x.wanted.status, "asked for by X-Standin");
    const bool extra_headers = op == operation::responses || op == operation::messages;
    if (r.stream && extra_headers) {
        x.streamed_errors = true;
        x.response_headers += "Cache-Control: no-cache\r\nConnection: keep-alive\r\n";
    }
    const bool named = op == operation::generate || op == operation::openai_completion;
    if (r.model.empty() && !named) co_return co_await x.fail(400, "model is required");
    generation g;
    g.what = x.shared.find(r.model);
    g.number = ++number;
    g.answered_model = r.model;
    if (g.what == nullptr) {
        co_return co_await x.fail(404, "model '" + r.model + "' not found");
    }
    if (x.streamed_errors) x.response_headers.clear();
    const bool local = g.what->remote_host.empty();
    if (local && r.empty && r.keep_alive && r.keep_alive->count() == 0) {
        x.shared.runners.expire(g.what->name);
        co_return co_await answer_empty(x, r, g, "unload");
    }
    if (local) {
        co_await serve_local(x, r, g);
    } else {
        co_await serve_remote(x, r, g);
    }
}

}  // namespace tallyfs::standin
