#include "inference.hpp"
#include "world.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <sstream>

namespace tallyfs::standin {
namespace {

// Replies kept for repeated requests: benchmarks ask the same again and again.
constexpr std::size_t cache_entries_max = 1024;

std::vector<std::string> read_input(const json::object& body, embed_form form) {
    std::vector<std::string> inputs;
    const auto* value = member(body, form == embed_form::embeddings ? "prompt" : "input");
    if (value == nullptr) return inputs;
    if (value->is_string()) {
        const std::string text(value->get_string());
        if (form != embed_form::embeddings || !text.empty()) inputs.push_back(text);
    }
    if (value->is_array()) {
        for (const auto& element : value->get_array()) {
            if (element.is_string()) inputs.emplace_back(element.get_string());
        }
    }
    return inputs;
}

// Unit length, different for different texts, no component so small that it needs an exponent.
std::vector<float> vector_of(std::string_view text, std::int64_t length) {
    std::uint64_t state = 88172645463325252ull;
    for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    std::vector<float> out(static_cast<std::size_t>(length));
    double sum = 0;
    for (auto& value : out) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        value = static_cast<float>(static_cast<double>(state % 2000) / 1000.0 - 0.9995);
        sum += static_cast<double>(value) * static_cast<double>(value);
    }
    const auto norm = static_cast<float>(std::sqrt(sum));
    for (auto& value : out) value /= norm;
    return out;
}

template <class Number>
std::string json_array(const std::vector<float>& values) {
    std::string out = "[";
    std::array<char, 64> digits{};
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out += ',';
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                       static_cast<Number>(values[i]), std::chars_format::fixed);
        out.append(digits.data(), end.ptr);
    }
    return out + "]";
}

std::string base64(const std::vector<float>& values) {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    for (const float value : values) {
        const auto bits = std::bit_cast<std::uint32_t>(value);
        for (unsigned shift = 0; shift < 32; shift += 8) {
            bytes += static_cast<char>((bits >> shift) & 0xff);
        }
    }
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group <<= 8;
            if (i + k < bytes.size()) group |= static_cast<unsigned char>(bytes[i + k]);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            const bool padding = i + k > bytes.size();
            out += padding ? '=' : letters[(group >> (18 - 6 * k)) & 63];
        }
    }
    return out;
}

struct embed_result {
    std::vector<std::string> inputs;
    std::int64_t tokens = 0;
    std::chrono::nanoseconds total{0}, load{0};
};

std::string render(const json::object& body, const std::string& name, const model& what,
                   embed_form form, const embed_result& r) {
    std::string vectors;
    std::size_t index = 0;
    for (const auto& text : r.inputs) {
        if (!vectors.empty()) vectors += ',';
        const auto values = vector_of(text, what.embedding_length);
        if (form == embed_form::openai) {
            const bool packed = text_member(body, "encoding_format") == "base64";
            vectors += "{\"object\":\"embedding\",\"embedding\":";
            vectors += packed ? "\"" + base64(values) + "\"" : json_array<float>(values);
            vectors += ",\"index\":" + std::to_string(index++) + "}";
        } else if (form == embed_form::embed) {
            vectors += json_array<float>(values);
        } else {
            vectors += json_array<double>(values);
        }
    }
    const auto tokens = std::to_string(r.tokens);
    if (form == embed_form::embeddings) {
        return "{\"embedding\":" + (vectors.empty() ? "[]" : vectors) + "}";
    }
    if (form == embed_form::openai) {
        return "{\"object\":\"list\",\"data\":[" + vectors + "],\"model\":" + quote(name) +
               ",\"usage\":{\"prompt_tokens\":" + tokens + ",\"total_tokens\":" + tokens + "}}\n";
    }
    std::string out = "{\"model\":" + quote(name) + ",\"embeddings\":[" + vectors + "]";
    if (!r.inputs.empty()) {
        out += ",\"total_duration\":" + std::to_string(r.total.count()) +
               ",\"load_duration\":" + std::to_string(r.load.count());
        if (r.tokens > 0) out += ",\"prompt_eval_count\":" + tokens;
    }
    return out + "}";
}

std::string_view type_of(embed_form form) {
    return form == embed_form::openai ? "application/json" : "application/json; charset=utf-8";
}

task<> compute(exchange& x, const json::object& body, const std::string& name, const model& what,
               embed_form form, embed_result r, std::chrono::nanoseconds load) {
    const auto work = std::chrono::nanoseconds(static_cast<std::int64_t>(
        static_cast<double>(r.tokens) / what.prompt_tokens_per_second * 1e9));
    const bool stayed = co_await x.client.wait(x.shared, work);
    if (!stayed) {
        ++x.shared.count.aborted;
        co_return;
    }
    r.load = load;
    r.total = load + work;
    if (x.shared.settings.time_scale > 0) r.total = std::chrono::steady_clock::now() - x.begun;
    const auto content = render(body, name, what, form, r);
    if (x.shared.settings.time_scale <= 0 && x.shared.embed_cache.size() < cache_entries_max) {
        x.shared.embed_cache.emplace(x.path + "\n" + x.body, content);
    }
    co_await x.reply(200, type_of(form), content);
    ++(x.ok() ? x.shared.count.completed : x.shared.count.aborted);
}

std::int64_t tokens_of(const std::vector<std::string>& inputs, std::int64_t context_length) {
    std::int64_t tokens = 0;
    for (const auto& text : inputs) tokens += std::min(count_tokens(text), context_length);
    return tokens;
}

}  // namespace

task<> serve_embed(exchange& x, embed_form form) {
    auto& shared = x.shared;
    if (const auto known = shared.embed_cache.find(x.path + "\n" + x.body);
        known != shared.embed_cache.end() && !x.wanted.status) {
        ++shared.count.generations;
        co_await x.reply(200, type_of(form), known->second);
        ++(x.ok() ? shared.count.completed : shared.count.aborted);
        co_return;
    }
    if (x.body.empty()) {
        co_return co_await x.reject(400,
                                    form == embed_form::openai ? "EOF" : "missing request body");
    }
    auto read = parse(x.body);
    if (!read.error.empty()) co_return co_await x.reject(400, read.error);
    if (!read.value.is_object()) co_return co_await x.reject(400, "json: not an object");
    const json::object body = std::move(read.value.get_object());
    const auto name = text_member(body, "model");
    if (x.wanted.status) co_return co_await x.fail(*x.wanted.status, "asked for by X-Standin");
    if (name.empty() && form == embed_form::embeddings) {
        co_return co_await x.fail(400, "model is required");
    }
    const auto* what = shared.find(name);
    if (what == nullptr) {
        // Made before it is awaited: GCC 12 destroys a temporary of a conditional twice there.
        std::string message = "model '' not found";
        if (!name.empty()) message = "model \"" + name + "\" not found, try pulling it first";
        co_return co_await x.fail(404, message);
    }
    auto context_length = what->context_length;
    const auto* options = member(body, "options");
    if (form != embed_form::openai && options != nullptr && options->is_object()) {
        context_length = integer_member(options->get_object(), "num_ctx").value_or(context_length);
    }
    context_length = std::min(context_length, what->context_length_max);
    loaded_model* held = nullptr;
    bool cold = false;
    const auto got = co_await shared.runners.acquire(x.client, *what, context_length, held, cold);
    if (got == acquired::gone) ++shared.count.aborted;
    if (got == acquired::busy) {
        co_await x.fail(503, "server busy, please try again.  maximum pending requests exceeded");
    }
    if (got != acquired::ready) co_return;
    embed_result r;
    r.inputs = read_input(body, form);
    r.tokens = tokens_of(r.inputs, context_length);
    std::chrono::nanoseconds load = std::chrono::microseconds(750);
    if (cold) load += what->load_time;
    if (shared.settings.time_scale > 0) load = std::chrono::steady_clock::now() - x.begun;
    ++shared.count.generations;
    const bool going = co_await shared.runners.begin_work(x.client, *held);
    if (going) {
        co_await compute(x, body, name, *what, form, r, load);
        shared.runners.end_work(*held);
    }
    shared.runners.release(*held, read_keep_alive(body));
}

}  // namespace tallyfs::standin
