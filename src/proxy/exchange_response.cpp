#include "proxy/exchange.hpp"

#include <tallyfs/base/text.hpp>

#include <boost/beast/http/error.hpp>
#include <proxy/watcher.hpp>

#include <array>
#include <charconv>

namespace tallyfs::proxy {

namespace {
// 103 comes once or twice; a server that sends more is broken.
constexpr int interim_max = 16;
// Memory that a request needed is given back before a long response.
constexpr std::size_t keep_body_max = 64 * 1024;

bool is_event_stream(std::string_view content_type) {
    return equal_ignoring_case(content_type.substr(0, 17), "text/event-stream");
}
}  // namespace

task<exchange::head_state> exchange::read_response_head() {
    auto& io = upstream_->io;
    const auto& head = scratch_.response_head;
    const bool no_body = session_.head().verb() == http::verb::head;
    parsed_ = 0;
    response_parser_.emplace(scratch_.response_head);
    response_parser_->skip(no_body);
    for (int interim = 0; interim < interim_max;) {
        if (const auto input = io.pending().substr(parsed_); !input.empty()) {
            if (!line_.first_byte_ms) {
                line_.first_byte_ms = std::chrono::duration_cast<record::duration>(
                    context_.clock.steady() - started_);
                if (place_) place_.progress().first_byte_us = line_.first_byte_ms->count();
            }
            error_code error;
            parsed_ += response_parser_->put(asio::buffer(input.data(), input.size()), error);
            if (error && error != http::error::need_more) co_return head_state::broken;
            if (!error) {
                const auto bytes = io.pending().substr(0, parsed_);
                if (!is_sound_response(head) || has_folded_line(bytes)) break;
                if (head.status() >= 200) co_return head_state::complete;
                if (head.status() == 101) break;
                const bool alive = co_await forward_interim();
                if (!alive) break;
                ++interim;
                response_parser_.emplace(scratch_.response_head);
                response_parser_->skip(no_body);
                continue;
            }
        }
        const auto filled = co_await io.fill();
        if (filled == fill_result::full) co_return head_state::broken;
        if (filled != fill_result::more) {
            upstream_error_ = io.end_reason() == asio::error::eof
                                  ? error_code(asio::error::connection_reset)
                                  : io.end_reason();
            co_return line_.first_byte_ms ? head_state::broken : head_state::silent;
        }
    }
    co_return head_state::broken;
}

/// 100 answers an Expect that we never forward; an HTTP/1.0 client knows no interim responses.
task<bool> exchange::forward_interim() {
    auto& io = upstream_->io;
    const bool wanted = scratch_.response_head.status() != 100 && session_.head().http_1_1();
    bool alive = true;
    if (wanted) {
        auto& out = scratch_.response_out;
        out.clear();
        write_response_head(out, scratch_.response_head, {});
        alive = co_await to_client(out);
    }
    io.consume(parsed_);
    parsed_ = 0;
    co_return alive;
}

void exchange::begin_response() {
    const auto& head = scratch_.response_head;
    auto& parser = *response_parser_;
    const bool http_1_1 = session_.head().http_1_1();
    const bool has_body = !parser.is_done();
    const auto coding = head.find(http::field::content_encoding);
    const bool readable = coding.empty() || equal_ignoring_case(coding, "identity");
    const bool filtered = injected_ && readable && has_body && head.status() == 200 &&
                          is_event_stream(head.find(http::field::content_type));
    ends_with_connection_ =
        has_body && (parser.need_eof() || (!http_1_1 && (parser.chunked() || filtered)));
    framing_ = {.client_http_1_1 = http_1_1,
                .keep_alive = client_wants_more() && !ends_with_connection_ && !pump_running_,
                .rechunked = filtered && http_1_1,
                .de_chunked = has_body && !http_1_1 && (parser.chunked() || filtered)};
    if (filtered) filter_.emplace();
    mode_ = framing_.rechunked    ? body_mode::own_chunks
            : framing_.de_chunked ? body_mode::plain
                                  : body_mode::raw;
    line_.status = head.status();
    if (captured_) capture_head(head);
    if (readable && has_body && (inference_ || head.status() >= 400)) {
        // Error bodies have the native form on every route that is no inference.
        const auto op = inference_ ? route_.op : dialect::operation::generate;
        const auto type = head.find(http::field::content_type);
        response_reader_ = session_.owner().spares().response.take();
        if (response_reader_) {
            response_reader_->restart(op, head.status(), type);
        } else {
            response_reader_.emplace(op, head.status(), type);
        }
    }
    auto& out = scratch_.response_out;
    out.clear();
    sent_ = 0;
    if (mode_ != body_mode::raw || !forward_as_is(head, framing_)) {
        write_response_head(out, head, framing_);
        sent_ = parsed_;
    }
    if (scratch_.body.capacity() > keep_body_max && !pump_running_) {
        std::string().swap(scratch_.body);
        body_share_.give_back();
    }
}

/// Each piece goes to the client before the next is read: a slow reader slows its own stream and
/// needs no memory. The piece with the end in it waits for the line.
task<bool> exchange::relay() {
    begin_response();
    auto& io = upstream_->io;
    for (;;) {
        if (!parse_available())
            co_return co_await fail_within_response("the response is malformed");
        if (response_parser_->is_done() && !body_ended_) end_body();
        if (filter_) flush_filtered();
        if (end_is_here() && !recorded_) {
            if (must_wait_for_process())
                co_await wait_for_process(context_.options.process_wait_max);
            if (session_.cut_by() == cut_reason::none) record_now(judge_response());
        }
        auto data = available();
        error_code error;
        bool alive = session_.cut_by() == cut_reason::none;
        if (alive && !to_client_now(data, error)) {
            alive = !error;
            if (alive) alive = co_await to_client_rest(data);
        }
        if (!alive) {
            if (session_.cut_by() == cut_reason::none) session_.cut(cut_reason::client_gone);
            co_await record_cut();
            co_return false;
        }
        forget_sent();
        if (body_ended_) break;
        const auto filled = co_await io.fill();
        if (filled == fill_result::more) continue;
        if (filled == fill_result::full) {
            co_return co_await fail_within_response("the response is malformed");
        }
        error = io.end_reason();
        if (error == asio::error::eof) response_parser_->put_eof(error);
        if (error) {
            co_return co_await fail_within_response(
                "the connection to Ollama ended in the middle of the response");
        }
    }
    release_upstream();
    co_return framing_.keep_alive;
}

/// false: the framing is broken.
bool exchange::parse_available() {
    auto& parser = *response_parser_;
    while (!parser.is_done()) {
        const auto input = upstream_->io.pending().substr(parsed_);
        if (input.empty()) break;
        error_code error;
        parsed_ += parser.put(asio::buffer(input.data(), input.size()), error);
        if (const auto piece = parser.take_piece(); !piece.empty()) on_body(piece);
        if (error == http::error::need_more) break;
        if (error) return false;
    }
    if (response_reader_) on_report();
    if (place_) {
        place_.progress().response_bytes.store(line_.response_bytes, std::memory_order_relaxed);
    }
    return true;
}

void exchange::on_body(std::string_view piece) {
    if (response_reader_) response_reader_->feed(piece);
    if (captured_) capture_body(piece);
    if (filter_) {
        filter_->feed(piece, filtered_);
        return;
    }
    line_.response_bytes += static_cast<std::int64_t>(piece.size());
    if (mode_ == body_mode::plain) scratch_.response_out.append(piece);
}

void exchange::end_body() {
    body_ended_ = true;
    if (response_reader_) {
        response_reader_->finish();
        on_report();
    }
    if (filter_) filter_->finish(filtered_);
}

/// What the filter let through becomes one chunk, or bytes of a body that the connection's end
/// ends.
void exchange::flush_filtered() {
    auto& out = scratch_.response_out;
    line_.response_bytes += static_cast<std::int64_t>(filtered_.size());
    if (mode_ == body_mode::own_chunks && !filtered_.empty()) {
        std::array<char, 16> size{};
        const auto end =
            std::to_chars(size.data(), size.data() + size.size(), filtered_.size(), 16).ptr;
        out.append(size.data(), end).append("\r\n").append(filtered_).append("\r\n");
    } else {
        out.append(filtered_);
    }
    filtered_.clear();
    if (mode_ == body_mode::own_chunks && body_ended_) out.append("0\r\n\r\n");
}

/// First tokens and counts, as soon as they are known.
void exchange::on_report() {
    const auto& report = response_reader_->report();
    if (report.content_events == 0) return;
    if (!line_.first_token_ms) {
        line_.first_token_ms =
            std::chrono::duration_cast<record::duration>(context_.clock.steady() - started_);
        counted_decoding_ = true;
        ++context_.decoding;
        if (place_) {
            place_.progress().first_token_us = line_.first_token_ms->count();
            place_.progress().now = journal::phase::decoding;
        }
        if (asked_for_look_) context_.watch->refresh();
    }
    if (place_) {
        place_.progress().output_tokens.store(report.content_events, std::memory_order_relaxed);
    }
}

/// What may go to the client now: the head, if it was not sent, and what the body mode yields.
buffered_socket::buffers exchange::available() {
    auto& io = upstream_->io;
    std::string_view raw;
    if (mode_ == body_mode::raw) {
        // A chunk header that is not complete yet is forwarded before it is parsed.
        const auto until = body_ended_ ? parsed_ : io.pending().size();
        raw = io.pending().substr(sent_, until - sent_);
        sent_ = until;
    }
    const auto own = buffered_socket::as_buffer(scratch_.response_out);
    if (own.size() == 0) return {buffered_socket::as_buffer(raw)};
    return {own, buffered_socket::as_buffer(raw)};
}

void exchange::forget_sent() {
    head_sent_ = true;
    scratch_.response_out.clear();
    upstream_->io.consume(parsed_);
    sent_ -= mode_ == body_mode::raw ? parsed_ : sent_;
    parsed_ = 0;
}

/// The last event of a stream, or the last byte, is among what was parsed.
bool exchange::end_is_here() const {
    return body_ended_ || (response_reader_ && response_reader_->is_stream() &&
                           response_reader_->report().terminal);
}

record::outcome exchange::judge_response() const {
    const auto* report = response_reader_ ? &response_reader_->report() : nullptr;
    // A transcription can be plain text, which has no last event.
    const bool checked =
        inference_ && report != nullptr && route_.op != dialect::operation::transcription;
    return judge_end({.status = scratch_.response_head.status(),
                      .head_request = session_.head().verb() == http::verb::head,
                      .terminal_expected = checked,
                      .report = report});
}

/// The connection can carry another request if it ended cleanly and nothing is left on it.
void exchange::release_upstream() {
    auto& io = upstream_->io;
    if (!response_parser_->keep_alive() || pump_running_ || !io.pending().empty() || io.ended()) {
        return;
    }
    session_.owner().pool().give_back(std::move(upstream_));
}

}  // namespace tallyfs::proxy
