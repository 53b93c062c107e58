// One request and its response: read, forwarded, relayed, recorded.
// Protocol: RFC 9112; what must hold is in docs/architecture.md, "Proxy" and "Durability".
#pragma once

#include <tallyfs/capture/captured_call.hpp>
#include <tallyfs/dialect/request.hpp>
#include <tallyfs/dialect/response.hpp>
#include <tallyfs/dialect/route.hpp>
#include <tallyfs/record/call.hpp>

#include <proxy/body_share.hpp>
#include <proxy/conclusion.hpp>
#include <proxy/head_rewrite.hpp>
#include <proxy/session.hpp>

#include <memory>
#include <optional>
#include <string>

namespace tallyfs::proxy {

/// Lives in the coroutine of its session and ends before it. Every path through run() records
/// the call exactly once, before the client can see its end.
class exchange {
  public:
    explicit exchange(session& s);
    ~exchange();
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    /// Once. false: the client's connection cannot carry another request.
    task<bool> run();
    /// After run(): the client had not sent its whole request when it was answered.
    [[nodiscard]] bool unread_body() const { return !session_.parser().is_done(); }

    /// The client has the beginning of a body that only the connection's end ends.
    [[nodiscard]] bool ends_with_connection() const {
        return ends_with_connection_ && head_sent_ && !body_ended_;
    }

    // Events from outside, while run() waits.
    void on_cut();
    void on_upstream_stall();
    void on_tick(steady_time now);

  private:
    // exchange.cpp: the course of a call, and answers of our own
    void begin();
    task<bool> serve();
    [[nodiscard]] std::optional<refusal> refuse_early() const;
    [[nodiscard]] bool host_is_ours() const;
    task<bool> refuse(refusal why, record::outcome outcome = record::outcome::refused);
    task<bool> fail_before_response();
    task<bool> fail_within_response(std::string why);
    [[nodiscard]] bool to_client_now(buffered_socket::buffers& data, error_code& error);
    task<bool> to_client_rest(buffered_socket::buffers data);
    task<bool> to_client(std::string_view data);
    [[nodiscard]] bool client_wants_more() const;

    // exchange_policy.cpp: whether the call may be made
    enum class judgement { allowed, refused, not_yet };
    [[nodiscard]] bool sends_data_out() const;
    [[nodiscard]] judgement judge_now();
    [[nodiscard]] static refusal caller_unknown();
    [[nodiscard]] policy::verdict verdict() const;
    void note_destination();
    task<bool> may_pass();
    [[nodiscard]] std::optional<std::string> known_origin();
    task<bool> find_origin();
    void note_answered_elsewhere();
    task<bool> ask_person(policy::verdict said);
    task<state::asked> open_request(const policy::verdict& said);
    task<bool> hold(const policy::verdict& said);
    [[nodiscard]] bool within_budgets();
    void give_budget_back() noexcept;

    /// A principal decides what a call may do, so it is worth more of a wait than a line's label.
    /// One look-up takes milliseconds, but there may be others before it.
    static constexpr std::chrono::seconds principal_wait_max{1};

    // exchange_request.cpp: the request's body, and its way to the upstream
    enum class body_state { complete, incomplete, refused };
    void begin_body();
    [[nodiscard]] body_state take_body();
    task<body_state> wait_for_rest();
    task<bool> refuse_body();
    [[nodiscard]] bool must_invite_body();
    task<bool> invite_body();
    void study_request();
    task<bool> forward();
    task<error_code> connect_upstream();
    [[nodiscard]] bool send_request_now(buffered_socket::buffers& rest);
    task<> send_request_rest(buffered_socket::buffers rest);

    // exchange_pump.cpp: a body that passes on while the response is awaited
    void start_pump(task<> work);
    task<> pump_rest(buffered_socket::buffers rest);
    task<> pump_from_client();
    task<bool> pump_piece(std::string_view piece, bool last);
    task<bool> wait_for_body();
    task<> finish_pump();

    // exchange_response.cpp: the response's way to the client
    enum class head_state { complete, silent, broken };
    task<head_state> read_response_head();
    task<bool> forward_interim();
    task<bool> relay();
    void begin_response();
    [[nodiscard]] bool parse_available();
    void on_body(std::string_view piece);
    void on_report();
    void end_body();
    void flush_filtered();
    [[nodiscard]] buffered_socket::buffers available();
    void forget_sent();
    [[nodiscard]] bool end_is_here() const;
    [[nodiscard]] record::outcome judge_response() const;
    void release_upstream();

    // exchange_record.cpp: the call's line
    void enter();
    void identify();
    [[nodiscard]] journal::phase waiting_phase(const state::upstream_status& known) const;
    void take_model_of_query();
    [[nodiscard]] bool must_wait_for_process();
    task<> wait_for_process(std::chrono::milliseconds at_most);
    task<> record(record::outcome outcome, std::string error = {});
    task<> record_cut();
    void record_now(record::outcome outcome, std::string error = {});
    void complete_line();
    void bound_group();

    // exchange_capture.cpp: what is kept of the call besides its line
    void begin_capture();
    void drop_capture() noexcept;
    void capture_head(const message_head& head);
    void capture_body(std::string_view piece);
    void end_capture();

    enum class body_mode { raw, plain, own_chunks };

    session& session_;
    proxy_context& context_;
    session::buffers& scratch_;

    // What was asked.
    wall_time started_wall_{};
    steady_time started_{};
    request_target target_;
    dialect::base_path path_;
    dialect::route route_;
    bool inference_ = false;
    bool wants_line_ = false;
    std::optional<dialect::request_reader> request_reader_;
    dialect::request_report request_;
    std::optional<refusal> body_refusal_;
    std::optional<refusal> policy_refusal_;
    record::outcome refused_as_ = record::outcome::refused;
    std::optional<policy::budget_ticket> ticket_;
    std::uint64_t cancellations_seen_ = 0;
    std::string cancelled_by_;
    std::string remote_host_;  // of the model; "" if it runs on the upstream
    bool read_at_end_ = false;
    bool body_in_memory_ = false;  // and so the request can be sent again
    body_share body_share_{context_.body_bytes, context_.body_bytes_max};
    bool injected_ = false;
    std::optional<dialect::usage_event_filter> filter_;
    std::string filtered_;  // what the filter let through and was not framed yet

    // The upstream's side.
    upstream_pointer to_;
    std::unique_ptr<upstream_connection> upstream_;
    bool upstream_stalled_ = false;
    bool bad_body_ = false;  // the client's chunks could not be read
    error_code upstream_error_;
    bool pump_running_ = false;
    bool pump_stop_ = false;
    waiting_place<bool> pump_ended_;
    std::optional<response_parser> response_parser_;
    std::optional<dialect::response_reader> response_reader_;
    body_mode mode_ = body_mode::raw;
    response_framing framing_;
    std::size_t parsed_ = 0;  // bytes of the upstream's input that were parsed …
    std::size_t sent_ = 0;    // … and of these and later ones, forwarded
    bool head_sent_ = false;
    bool body_ended_ = false;
    bool ends_with_connection_ = false;

    // What is recorded.
    std::unique_ptr<capture::captured_call> captured_;  // null: nothing is kept
    record::call line_;
    journal::open_calls::place place_;
    bool identified_ = false;
    bool recorded_ = false;
    bool changes_models_ = false;  // counted among those that do
    bool counted_running_ = false;
    bool counted_decoding_ = false;
    bool asked_for_look_ = false;
    bool others_running_ = false;
    std::shared_ptr<const state::upstream_status> before_;
};

}  // namespace tallyfs::proxy
