#include "proxy/exchange.hpp"

#include <tallyfs/base/text.hpp>

#include <boost/beast/http/error.hpp>
#include <proxy/watcher.hpp>

#include <algorithm>

namespace tallyfs::proxy {

namespace {
// A declared length is believed this far before its bytes are there.
constexpr std::size_t reserve_max = std::size_t{1} << 20;
// A body of this size is copied behind its head: that costs less than a second buffer in send(2).
constexpr std::size_t joined_body_max = 4096;
}  // namespace

void exchange::begin_body() {
    body_in_memory_ = true;
    scratch_.body.clear();
    const auto& head = session_.head();
    const auto type = head.find(http::field::content_type);
    const auto coding = head.find(http::field::content_encoding);
    // A few bytes that unfold into megabytes are not unfolded for a client that may send no more.
    read_at_end_ = !coding.empty();
    request_reader_ = session_.owner().spares().request.take();
    if (request_reader_) {
        request_reader_->restart(route_.op, type, coding);
    } else {
        request_reader_.emplace(route_.op, type, coding, context_.options.prompt_hash_key);
    }
    if (const auto announced = session_.parser().content_length()) {
        scratch_.body.reserve(std::min<std::size_t>(*announced, reserve_max));
    }
}

/// Reads what has arrived of an inference request's body.
exchange::body_state exchange::take_body() {
    auto& parser = session_.parser();
    auto& client = session_.client();
    const auto limit = context_.options.inference_body_bytes_max;
    bool too_large = parser.content_length().value_or(0) > limit;
    while (!parser.is_done() && !too_large) {
        const auto input = client.pending();
        if (input.empty()) return body_state::incomplete;
        error_code error;
        const auto count = parser.put(asio::buffer(input.data(), input.size()), error);
        const auto piece = parser.take_piece();
        client.consume(count);
        if (error == http::error::need_more) return body_state::incomplete;
        if (error) {
            body_refusal_.emplace(400, "malformed request body: " + error.message());
            return body_state::refused;
        }
        too_large = scratch_.body.size() + piece.size() > limit;
        if (too_large) break;
        if (!body_share_.add(piece.size())) {
            body_refusal_.emplace(503,
                                  "the bodies of all requests take as much memory as they may: "
                                  "try again later");
            return body_state::refused;
        }
        scratch_.body.append(piece);
        if (!read_at_end_) request_reader_->feed(piece);
        line_.request_bytes = static_cast<std::int64_t>(scratch_.body.size());
    }
    if (!too_large) return body_state::complete;
    body_refusal_.emplace(
        413, "the request body is larger than " + std::to_string(limit >> 20) + " MiB");
    return body_state::refused;
}

task<exchange::body_state> exchange::wait_for_rest() {
    enter();
    if (must_invite_body()) {
        const bool alive = co_await invite_body();
        if (!alive) co_return body_state::refused;
    }
    auto state = body_state::incomplete;
    while (state == body_state::incomplete) {
        session_.reading() = {session_.after(context_.options.client_stall_max),
                              deadline::action::interrupt_read};
        const auto filled = co_await session_.client().fill();
        session_.reading().at = steady_time::max();
        if (filled == fill_result::interrupted) {
            body_refusal_.emplace(408, "the request body did not arrive");
        } else if (filled != fill_result::more) {
            body_refusal_.emplace(400, "malformed request body");
        }
        state = body_refusal_ ? body_state::refused : take_body();
    }
    co_return state;
}

/// false: the connection cannot go on.
task<bool> exchange::refuse_body() {
    if (session_.client().ended()) {
        if (session_.cut_by() == cut_reason::none) session_.cut(cut_reason::client_gone);
        co_await record_cut();
        co_return false;
    }
    const bool late = body_refusal_->status == 408;
    co_return co_await refuse(std::move(*body_refusal_),
                              late ? record::outcome::timeout : record::outcome::refused);
}

/// The client waits to be asked for its body.
bool exchange::must_invite_body() {
    return expects_continue(session_.head()) && !session_.parser().is_done() &&
           session_.client().pending().empty();
}

task<bool> exchange::invite_body() {
    const bool alive = co_await to_client("HTTP/1.1 100 Continue\r\n\r\n");
    if (!alive) session_.cut(cut_reason::client_gone);
    co_return alive;
}

void exchange::study_request() {
    if (read_at_end_) request_reader_->feed(scratch_.body);
    request_ = request_reader_->finish();
    if (route_.op == dialect::operation::transcription) take_model_of_query();
    session_.owner().spares().request.give_back(request_reader_);
    describe_request(line_, route_, &request_);
    const auto coding = session_.head().find(http::field::content_encoding);
    const bool plain = coding.empty() || equal_ignoring_case(coding, "identity");
    if (context_.settings.usage_injection && plain &&
        route_.op == dialect::operation::openai_chat) {
        if (auto changed = dialect::ask_for_usage(scratch_.body, request_)) {
            scratch_.body = std::move(*changed);
            injected_ = true;
        }
    }
}

/// Ollama takes it before that of the form.
void exchange::take_model_of_query() {
    auto asked = dialect::query_value(path_.target, "model");
    if (!asked) return;
    if (request_.model && *request_.model != *asked) request_.ambiguous = true;
    request_.model = std::move(asked);
}

task<bool> exchange::forward() {
    if (inference_) begin_capture();
    const auto& parser = session_.parser();
    const bool replayable = body_in_memory_ || parser.is_done();
    // A body that passes through can be sent only once: it gets a connection that cannot be stale.
    bool fresh = !replayable;
    for (;;) {
        if (!fresh) upstream_ = session_.owner().pool().take(to_);
        if (!upstream_) upstream_error_ = co_await connect_upstream();
        if (session_.cut_by() != cut_reason::none || upstream_error_ || upstream_stalled_) {
            co_return co_await fail_before_response();
        }
        buffered_socket::buffers rest;
        if (send_request_now(rest)) {
            session_.watch_client();
        } else {
            co_await send_request_rest(rest);
        }
        const auto head = co_await read_response_head();
        if (head == head_state::complete) co_return co_await relay();
        const bool stale = head == head_state::silent && upstream_->reused && replayable &&
                           session_.cut_by() == cut_reason::none && !upstream_stalled_;
        if (head == head_state::broken) {
            co_return co_await fail_within_response("the response is malformed");
        }
        if (!stale) co_return co_await fail_before_response();
        ++context_.counters.upstream_retries;
        if (pump_running_) co_await finish_pump();
        pump_stop_ = false;
        upstream_error_.clear();
        session_.owner().pool().discard(std::move(upstream_));
        fresh = true;
    }
}

task<error_code> exchange::connect_upstream() {
    auto& pool = session_.owner().pool();
    upstream_ = pool.make(to_);
    if (body_in_memory_ || session_.parser().is_done()) session_.watch_client();
    session_.writing() = {session_.after(context_.options.upstream_connect_max),
                          deadline::action::cut_upstream};
    const auto error = co_await pool.connect(*upstream_);
    session_.writing().at = steady_time::max();
    co_return error;
}

/// true: the whole request is on its way. Otherwise `rest` remains, or a body that is not here.
bool exchange::send_request_now(buffered_socket::buffers& rest) {
    const auto& parser = session_.parser();
    body_framing framing;
    if (body_in_memory_) {
        const bool had_body = parser.chunked() || parser.content_length();
        if (had_body) framing.bytes = scratch_.body.size();
    } else {
        framing.chunked = parser.chunked();
        if (parser.content_length()) framing.bytes = *parser.content_length();
    }
    auto& out = scratch_.request_out;
    out.clear();
    // Ollama would send it on to where a remote model runs (docs/ollama.md, "Cloud models").
    const bool has_our_key = context_.rules.is_key(session_.head().find(api_key_field));
    write_request_head(out, session_.head(), path_.target, to_->text, framing,
                       has_our_key ? api_key_field : std::string_view());
    const bool joined = body_in_memory_ && scratch_.body.size() <= joined_body_max;
    if (joined) out.append(scratch_.body);
    rest = {buffered_socket::as_buffer(out)};
    if (body_in_memory_ && !joined) rest[1] = buffered_socket::as_buffer(scratch_.body);
    error_code error;
    const bool sent = upstream_->io.write_now(rest, error);
    // A failed write is no verdict: the upstream may have answered before it closed.
    return parser.is_done() && (sent || error);
}

/// Returns when the rest is being sent beside the wait for the response.
task<> exchange::send_request_rest(buffered_socket::buffers rest) {
    if (session_.parser().is_done()) {
        start_pump(pump_rest(rest));
        session_.watch_client();
        co_return;
    }
    const auto error = co_await upstream_->io.write(rest);
    if (error) co_return;
    if (must_invite_body()) {
        const bool alive = co_await invite_body();
        if (!alive) co_return;
    }
    start_pump(pump_from_client());
}

}  // namespace tallyfs::proxy
