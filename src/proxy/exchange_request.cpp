#include "proxy/exchange.hpp"

#include <tallyfs/base/text.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/beast/http/error.hpp>
#include <proxy/watcher.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace tallyfs::proxy {

namespace {
// A declared length is believed this far before its bytes are there.
constexpr std::size_t reserve_max = std::size_t{1} << 20;
}  // namespace

/// Reads the whole body of an inference request. `answered`: the client got its answer or is
/// gone, and `keep` says whether its connection goes on.
task<exchange::body_result> exchange::receive_body(bool& keep) {
    body_in_memory_ = true;
    scratch_.body.clear();
    const auto& head = session_.head();
    request_reader_.emplace(route_.op, head.find(http::field::content_type),
                            head.find(http::field::content_encoding),
                            context_.options.prompt_hash_key);
    auto refused = co_await read_body();
    line_.request_bytes = static_cast<std::int64_t>(scratch_.body.size());
    session_.reading().at = steady_time::max();
    if (!refused) co_return body_result::complete;
    if (session_.client().ended()) {
        if (session_.cut_by() == cut_reason::none) session_.cut(cut_reason::client_gone);
        co_await record_cut();
        keep = false;
    } else {
        const bool late = refused->status == 408;
        keep = co_await refuse(std::move(*refused),
                               late ? record::outcome::timeout : record::outcome::refused);
    }
    co_return body_result::answered;
}

task<std::optional<refusal>> exchange::read_body() {
    auto& parser = session_.parser();
    auto& client = session_.client();
    const auto limit = context_.options.inference_body_bytes_max;
    const refusal too_large{
        413, "the request body is larger than " + std::to_string(limit >> 20) + " MiB"};
    if (const auto announced = parser.content_length()) {
        if (*announced > limit) co_return too_large;
        scratch_.body.reserve(std::min<std::size_t>(*announced, reserve_max));
    }
    if (auto error = co_await invite_body()) co_return refusal{400, error.message()};
    while (!parser.is_done()) {
        error_code error = http::error::need_more;
        if (const auto input = client.pending(); !input.empty()) {
            const auto count = parser.put(asio::buffer(input.data(), input.size()), error);
            const auto piece = parser.take_piece();
            if (scratch_.body.size() + piece.size() > limit) co_return too_large;
            scratch_.body.append(piece);
            request_reader_->feed(piece);
            client.consume(count);
        }
        if (!error) continue;
        if (error != http::error::need_more) {
            co_return refusal{400, "malformed request body: " + error.message()};
        }
        enter();
        session_.reading() = {session_.after(context_.options.client_stall_max),
                              deadline::action::interrupt_read};
        const auto filled = co_await client.fill();
        if (filled == fill_result::interrupted) {
            co_return refusal{408, "the request body did not arrive"};
        }
        if (filled != fill_result::more) co_return refusal{400, "malformed request body"};
    }
    co_return std::nullopt;
}

/// Asks for the body where the client waits to be asked.
task<error_code> exchange::invite_body() {
    const bool waits = expects_continue(session_.head()) && !session_.parser().is_done() &&
                       session_.client().pending().empty();
    if (!waits) co_return error_code{};
    if (co_await to_client("HTTP/1.1 100 Continue\r\n\r\n")) co_return error_code{};
    session_.cut(cut_reason::client_gone);
    co_return asio::error::broken_pipe;
}

void exchange::study_request() {
    request_ = request_reader_->finish();
    request_reader_.reset();
    describe_request(line_, route_, &request_);
    const auto coding = session_.head().find(http::field::content_encoding);
    const bool plain = coding.empty() || equal_ignoring_case(coding, "identity");
    if (context_.options.usage_injection && plain && route_.op == dialect::operation::openai_chat) {
        if (auto changed = dialect::ask_for_usage(scratch_.body, request_)) {
            scratch_.body = std::move(*changed);
            injected_ = true;
        }
    }
}

task<bool> exchange::forward() {
    const auto& parser = session_.parser();
    const bool replayable = body_in_memory_ || parser.is_done();
    // A body that passes through can be sent only once: it gets a connection that cannot be stale.
    bool fresh = !replayable;
    for (;;) {
        upstream_error_ = co_await open_upstream(fresh);
        if (session_.cut_by() != cut_reason::none || upstream_error_ || upstream_stalled_) {
            co_return co_await fail_before_response();
        }
        co_await send_request();
        const auto head = co_await read_response_head();
        if (head == head_state::complete) co_return co_await relay();
        const bool stale = head == head_state::silent && upstream_->reused && replayable &&
                           session_.cut_by() == cut_reason::none && !upstream_stalled_;
        if (head == head_state::broken) {
            co_return co_await fail_within_response("the response is malformed");
        }
        if (!stale) co_return co_await fail_before_response();
        ++context_.counters.upstream_retries;
        co_await finish_pump();
        pump_stop_ = false;
        session_.owner().pool().discard(std::move(upstream_));
        fresh = true;
    }
}

task<error_code> exchange::open_upstream(bool fresh) {
    auto& pool = session_.owner().pool();
    if (!fresh) upstream_ = pool.take();
    if (upstream_) co_return error_code{};
    upstream_ = pool.make();
    if (body_in_memory_ || session_.parser().is_done()) session_.watch_client();
    session_.writing() = {session_.after(context_.options.upstream_connect_max),
                          deadline::action::cut_upstream};
    const auto error = co_await pool.connect(*upstream_);
    session_.writing().at = steady_time::max();
    co_return error;
}

/// Returns when the request is sent, or is being sent beside the wait for the response.
task<> exchange::send_request() {
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
    write_request_head(out, session_.head(), path_.target, context_.upstream_text, framing);
    buffered_socket::buffers data{buffered_socket::as_buffer(out)};
    if (body_in_memory_) data[1] = buffered_socket::as_buffer(scratch_.body);
    error_code error;
    const bool sent = upstream_->io.write_now(data, error);
    // A failed write is no verdict: the upstream may have answered before it closed.
    if (error) co_return;
    if (!parser.is_done()) {
        if (!sent && co_await upstream_->io.write(data)) co_return;
        if (co_await invite_body()) co_return;
        start_pump(pump_from_client());
        co_return;
    }
    if (!sent) start_pump(pump_rest(data));
    session_.watch_client();
}

void exchange::start_pump(task<> work) {
    pump_running_ = true;
    asio::co_spawn(session_.owner().io(), std::move(work), [this](const std::exception_ptr&) {
        pump_running_ = false;
        pump_ended_.notify();
    });
}

task<> exchange::pump_rest(buffered_socket::buffers rest) {
    session_.reading() = {session_.after(context_.options.client_stall_max),
                          deadline::action::cut_upstream};
    (void)co_await upstream_->io.write(rest);  // the response, or its absence, tells
    session_.reading().at = steady_time::max();
}

/// Passes the request's body on as it arrives, in the framing that it had.
task<> exchange::pump_from_client() {
    auto& parser = session_.parser();
    auto& client = session_.client();
    while (!parser.is_done() && !pump_stop_) {
        error_code error = http::error::need_more;
        if (const auto input = client.pending(); !input.empty()) {
            const auto count = parser.put(asio::buffer(input.data(), input.size()), error);
            const auto piece = parser.take_piece();
            if (!error && !co_await pump_piece(piece, parser.is_done())) co_return;
            client.consume(count);
        }
        if (!error) continue;
        if (error != http::error::need_more) {
            bad_body_ = true;
            upstream_->io.close();
            co_return;
        }
        if (!co_await wait_for_body()) co_return;
    }
    if (!pump_stop_) session_.watch_client();
}

/// false: the client is gone or silent, or the pump is to stop.
task<bool> exchange::wait_for_body() {
    session_.reading() = {session_.after(context_.options.client_stall_max),
                          deadline::action::interrupt_read};
    const auto filled = co_await session_.client().fill();
    session_.reading().at = steady_time::max();
    if (filled == fill_result::more) co_return true;
    if (pump_stop_) co_return false;
    if (filled == fill_result::full) {
        bad_body_ = true;
        upstream_->io.close();
    } else {
        session_.cut(filled == fill_result::ended ? cut_reason::client_gone
                                                  : cut_reason::client_stalled);
    }
    co_return false;
}

task<bool> exchange::pump_piece(std::string_view piece, bool last) {
    line_.request_bytes += static_cast<std::int64_t>(piece.size());
    const bool chunked = session_.parser().chunked();
    std::array<char, 20> size_line{};
    buffered_socket::buffers data{};
    if (!piece.empty()) {
        data[1] = buffered_socket::as_buffer(piece);
        if (chunked) {
            auto* end =
                std::to_chars(size_line.data(), size_line.data() + 16, piece.size(), 16).ptr;
            *end++ = '\r';
            *end++ = '\n';
            data[0] = {size_line.data(), static_cast<std::size_t>(end - size_line.data())};
            data[2] = buffered_socket::as_buffer("\r\n");
        }
    } else if (chunked && last) {
        data[0] = buffered_socket::as_buffer("0\r\n\r\n");
    } else {
        co_return true;
    }
    session_.reading() = {session_.after(context_.options.client_stall_max),
                          deadline::action::cut_upstream};
    const auto error = co_await upstream_->io.write(data);
    session_.reading().at = steady_time::max();
    co_return !error;
}

/// Stops what still sends the request; its upstream connection is then of no use any more.
task<> exchange::finish_pump() {
    if (!pump_running_) co_return;
    pump_stop_ = true;
    if (upstream_) upstream_->io.close();
    session_.client().interrupt();
    while (pump_running_) co_await pump_ended_.wait();
}

}  // namespace tallyfs::proxy
