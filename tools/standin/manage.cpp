#include "go_json.hpp"
#include "routes.hpp"
#include "world.hpp"

#include <vector>

namespace tallyfs::standin {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view json_type = "application/json; charset=utf-8";

struct progress_line {
    std::string text;
    milliseconds after;
};

std::string status(std::string_view text) {
    return "{\"status\":" + quote(text) + "}";
}

std::string transfer(std::string_view verb, const std::string& digest, std::int64_t total,
                     std::int64_t completed) {
    std::string out = "{\"status\":\"" + std::string(verb) + " " + digest.substr(0, 12) +
                      "\",\"digest\":\"sha256:" + digest + "\",\"total\":" + std::to_string(total);
    if (completed > 0) out += ",\"completed\":" + std::to_string(completed);
    return out + "}";
}

std::vector<progress_line> pulling(const std::string& name, std::int64_t bytes) {
    const auto digest = digest_of(name);
    std::vector<progress_line> lines{{status("pulling manifest"), milliseconds(0)}};
    for (std::int64_t part = 0; part <= 10; ++part) {
        lines.push_back({transfer("pulling", digest, bytes, bytes / 10 * part), milliseconds(600)});
    }
    lines.push_back({status("verifying sha256 digest"), milliseconds(500)});
    lines.push_back({status("writing manifest"), milliseconds(50)});
    lines.push_back({status("success"), milliseconds(0)});
    return lines;
}

std::vector<progress_line> pushing(const std::string& name, std::int64_t bytes) {
    const auto digest = digest_of(name);
    std::vector<progress_line> lines{{status("retrieving manifest"), milliseconds(0)}};
    for (std::int64_t part = 0; part <= 10; ++part) {
        lines.push_back({transfer("pushing", digest, bytes, bytes / 10 * part), milliseconds(600)});
    }
    lines.push_back({status("pushing manifest"), milliseconds(50)});
    lines.push_back({status("success"), milliseconds(0)});
    return lines;
}

task<bool> send_progress(exchange& x, const json::object& body,
                         const std::vector<progress_line>& lines) {
    if (!boolean_member(body, "stream").value_or(true)) {
        for (const auto& line : lines) {
            const bool going = co_await x.client.wait(x.shared, line.after);
            if (!going) co_return false;
        }
        co_await x.reply(200, json_type, lines.back().text);
        co_return x.ok();
    }
    x.begin_stream("application/x-ndjson");
    for (const auto& line : lines) {
        const bool going = co_await x.client.wait(x.shared, line.after);
        if (!going) co_return false;
        const auto bytes = line.text + "\n";
        const bool sent = co_await x.piece(bytes);
        if (!sent) co_return false;
    }
    co_await x.end_stream();
    co_return x.ok();
}

task<> pull(exchange& x, const json::object& body, const std::string& name) {
    const auto lines = pulling(name, 2'142'590'208);
    const bool going = co_await send_progress(x, body, lines);
    if (!going) co_return;
    if (x.shared.find(name) != nullptr) co_return;
    model fresh;
    fresh.name = world::full_name(name);
    x.shared.models.emplace(fresh.name, fresh);
}

task<> push(exchange& x, const json::object& body, const std::string& name) {
    const auto* what = x.shared.find(name);
    if (what == nullptr) {
        co_return co_await x.fail(404, "model '" + name + "' not found");
    }
    const auto lines = pushing(name, what->size_bytes);
    co_await send_progress(x, body, lines);
}

task<> create(exchange& x, const json::object& body, const std::string& name) {
    const auto from = text_member(body, "from");
    const bool has_files = member(body, "files") != nullptr;
    if (from.empty() && !has_files) {
        co_return co_await x.fail(400, "neither 'from' or 'files' was specified");
    }
    const auto* base = x.shared.find(from);
    model fresh;
    if (base != nullptr) fresh = *base;
    fresh.name = world::full_name(name);
    const std::vector<progress_line> lines{
        {status("using existing layer sha256:" + digest_of(from)), milliseconds(20)},
        {status("creating new layer sha256:" + digest_of(name)), milliseconds(20)},
        {status("writing manifest"), milliseconds(20)},
        {status("success"), milliseconds(0)}};
    const bool going = co_await send_progress(x, body, lines);
    if (going) {
        x.shared.models.insert_or_assign(fresh.name, fresh);
    }
}

task<> copy(exchange& x, const json::object& body) {
    const auto source = text_member(body, "source");
    const auto* what = x.shared.find(source);
    if (what == nullptr) {
        co_return co_await x.fail(404, "model \"" + source + "\" not found");
    }
    model fresh = *what;
    fresh.name = world::full_name(text_member(body, "destination"));
    x.shared.models.insert_or_assign(fresh.name, fresh);
    co_await x.reply(200, "", "");
}

task<> remove(exchange& x, const std::string& name) {
    const auto full = world::full_name(name);
    if (x.shared.models.count(full) == 0) {
        co_return co_await x.fail(404, "model '" + name + "' not found");
    }
    x.shared.retire(full);
    co_await x.reply(200, "", "");
}

// Read as it comes and dropped: many gigabytes in the memory of one buffer.
task<> blob(exchange& x) {
    const auto digest = x.path.substr(std::string_view("/api/blobs/").size());
    const auto known = x.shared.blobs.count(digest) > 0;
    if (x.method == "HEAD") {
        if (known) co_return co_await x.reply(200, "", "");
        co_return co_await x.fail(404, "blob \"" + digest + "\" not found");
    }
    x.shared.blobs[digest] = x.body_bytes;
    co_await x.reply(known ? 200 : 201, "", "");
}

}  // namespace

task<> serve_manage(exchange& x, route r) {
    if (r == route::blob) co_return co_await blob(x);
    if (r == route::account) co_return co_await x.fail(401, "unauthorized");
    if (x.body.empty()) co_return co_await x.reject(400, "missing request body");
    const auto read = parse(x.body);
    if (!read.error.empty()) co_return co_await x.reject(400, read.error);
    if (!read.value.is_object()) co_return co_await x.reject(400, "json: not an object");
    const auto& body = read.value.get_object();
    auto name = text_member(body, "model");
    if (name.empty()) name = text_member(body, "name");
    switch (r) {
        case route::pull:
            co_return co_await pull(x, body, name);
        case route::push:
            co_return co_await push(x, body, name);
        case route::create:
            co_return co_await create(x, body, name);
        case route::copy:
            co_return co_await copy(x, body);
        default:
            co_return co_await remove(x, name);
    }
}

}  // namespace tallyfs::standin
