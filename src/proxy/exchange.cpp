#include "proxy/exchange.hpp"

#include <proxy/own_reply.hpp>
#include <proxy/watcher.hpp>

namespace tallyfs::proxy {

exchange::exchange(session& s) : session_(s), context_(s.context()), scratch_(s.scratch()) {}

exchange::~exchange() {
    if (counted_running_) --context_.running;
    if (counted_decoding_) --context_.decoding;
    if (changes_models_) ++context_.model_changes_ended;
    give_budget_back();  // of a call that was not recorded
    session_.owner().spares().response.give_back(response_reader_);
}

void exchange::begin() {
    started_ = context_.clock.steady();
    started_wall_ = context_.clock.wall();
    const auto& head = session_.head();
    target_ = reduce_target(head);
    path_ = dialect::split_base_path(target_.target);
    if (target_.target == "*") path_.target = "*";  // asks the server itself, no path of it
    route_ = dialect::classify(head.method(), path_.target);
    inference_ = route_.op != dialect::operation::none;
    const bool poll = route_.kind == dialect::route_class::poll;
    wants_line_ = !poll || context_.options.record_polls;
    ++context_.counters.requests;
    if (poll) ++context_.counters.polls;
    line_.id = uuid::make(started_wall_);
    line_.node = context_.options.node;
    line_.client = session_.client_text();
    to_ = session_.owner().upstream();
    line_.upstream = to_->text;
    describe_request(line_, route_, nullptr);
    changes_models_ = route_.kind == dialect::route_class::admin;
    if (changes_models_) ++context_.model_changes_begun;
    context_.watch->touch(started_);
}

task<bool> exchange::run() {
    begin();
    bool keep = false;
    std::exception_ptr failed;
    try {
        keep = co_await serve();
    } catch (const std::exception&) {
        failed = std::current_exception();
    }
    if (pump_running_) co_await finish_pump();
    session_.client().when_idle(nullptr);
    if (ends_with_connection()) session_.client().abort();
    session_.reading().at = session_.writing().at = steady_time::max();
    session_.owner().pool().discard(std::move(upstream_));
    if (failed) {
        co_await record(record::outcome::interrupted, "the proxy failed");
        std::rethrow_exception(failed);
    }
    co_return keep && !unread_body();
}

task<bool> exchange::serve() {
    if (auto refused = refuse_early()) co_return co_await refuse(std::move(*refused));
    if (inference_) {
        begin_body();
        auto body = take_body();
        if (body == body_state::incomplete) body = co_await wait_for_rest();
        if (body == body_state::refused) co_return co_await refuse_body();
        study_request();
        if (request_.ambiguous) {
            co_return co_await refuse({400, "\"model\" is given more than once"});
        }
        // It could go out of the house without having been judged.
        if (context_.permissions != nullptr && request_.beyond_us) {
            co_return co_await refuse({400,
                                       "a number, a form or a coding in this request is not "
                                       "understood here, so nobody can tell where it would go: "
                                       "send it without that"});
        }
    }
    enter();
    if (context_.permissions != nullptr && (inference_ || sends_data_out())) {
        auto judged = judge_now();
        if (judged == judgement::not_yet) {
            const bool passes = co_await may_pass();
            judged = passes ? judgement::allowed : judgement::refused;
        }
        if (session_.cut_by() != cut_reason::none) {
            co_await record_cut();
            co_return false;
        }
        if (judged == judgement::refused) {
            co_return co_await refuse(std::move(*policy_refusal_), refused_as_);
        }
    }
    if (inference_ && context_.budgets != nullptr && context_.budgets->any()) {
        if (must_wait_for_process()) co_await wait_for_process(principal_wait_max);
        if (must_wait_for_process()) co_return co_await refuse(caller_unknown());
        if (!within_budgets()) co_return co_await refuse(std::move(*policy_refusal_));
    }
    co_return co_await forward();
}

std::optional<refusal> exchange::refuse_early() const {
    if (session_.over_limit()) return refusal{503, "too many connections"};
    if (auto refused = check_request(session_.head())) return refused;
    if (session_.listener().loopback && !host_is_ours()) return refusal{403, "", true};
    if (context_.settings.refuse_when_unrecorded && context_.calls.status().failing) {
        return refusal{503,
                       "calls cannot be recorded at the moment, and are refused until they can"};
    }
    return std::nullopt;
}

bool exchange::host_is_ours() const {
    auto& known = session_.allowed_host();
    if (!known.empty() && known == target_.host) return true;
    if (!tallyfs::http::host_allowed(target_.host, context_.own)) return false;
    known = target_.host;
    return true;
}

task<bool> exchange::refuse(refusal why, record::outcome outcome) {
    line_.status = why.status;
    co_await record(outcome, why.message);
    const bool keep =
        client_wants_more() && !unread_body() && !session_.over_limit() && !why.closes;
    dialect::error_reply reply;
    if (!why.message.empty()) reply = dialect::make_error(route_.dialect, why.status, why.message);
    auto& out = scratch_.response_out;
    out.clear();
    write_own_reply(out, why.status, reply,
                    {.keep_alive = keep,
                     .http_1_1 = session_.head().http_1_1(),
                     .retry_after = why.retry_after,
                     .head_request = session_.head().verb() == http::verb::head});
    co_return co_await to_client(out) && keep;
}

bool exchange::client_wants_more() const {
    return session_.parser().keep_alive() && !session_.draining();
}

/// The upstream said nothing that could be forwarded.
task<bool> exchange::fail_before_response() {
    if (session_.cut_by() != cut_reason::none) {
        co_await record_cut();
        co_return false;
    }
    if (bad_body_) co_return co_await refuse({400, "malformed request body"});
    context_.watch->refresh();
    const auto& where = to_->text;
    if (upstream_stalled_) {
        co_return co_await refuse({504, "Ollama at " + where + " does not answer"},
                                  record::outcome::timeout);
    }
    const auto why = upstream_error_ ? upstream_error_.message() : "no answer was received";
    co_return co_await refuse({502, "Ollama at " + where + " cannot be reached: " + why},
                              record::outcome::upstream_error);
}

/// The client has a part of the response: it is told by a connection that ends too early.
task<bool> exchange::fail_within_response(std::string why) {
    if (!head_sent_ && session_.cut_by() == cut_reason::none) {
        upstream_error_.clear();
        scratch_.response_out.clear();
        line_.response_bytes = 0;
        co_return co_await refuse({502, "Ollama at " + to_->text + ": " + why},
                                  record::outcome::upstream_error);
    }
    if (session_.cut_by() != cut_reason::none) {
        co_await record_cut();
        co_return false;
    }
    context_.watch->refresh();
    const bool told = response_reader_ && response_reader_->report().error;
    co_await record(told ? record::outcome::upstream_error : record::outcome::truncated,
                    std::move(why));
    co_return false;
}

/// What the client's socket takes at once: nearly always everything, without a wait. true: all.
bool exchange::to_client_now(buffered_socket::buffers& data, error_code& error) {
    return session_.client().write_now(data, error);
}

/// false: the client is gone, or takes nothing.
task<bool> exchange::to_client_rest(buffered_socket::buffers data) {
    session_.writing() = {session_.after(context_.options.client_stall_max),
                          deadline::action::cut_client};
    const auto error = co_await session_.client().write(data);
    session_.writing().at = steady_time::max();
    co_return !error;
}

task<bool> exchange::to_client(std::string_view data) {
    return to_client_rest({buffered_socket::as_buffer(data)});
}

void exchange::on_cut() {
    pump_stop_ = true;
    if (upstream_) upstream_->close();
}

void exchange::on_upstream_stall() {
    upstream_stalled_ = true;
    if (upstream_) upstream_->close();
}

}  // namespace tallyfs::proxy
