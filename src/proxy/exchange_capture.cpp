#include "proxy/exchange.hpp"

#include <tallyfs/base/text.hpp>

namespace tallyfs::proxy {

namespace {

bool is_plain(std::string_view coding) {
    return coding.empty() || equal_ignoring_case(coding, "identity");
}

}  // namespace

/// What is forwarded of an inference call may be kept. Its copies are bounded, and made only where
/// somebody asked for them: off costs one atomic load.
void exchange::begin_capture() {
    auto* captures = context_.captures;
    if (captures == nullptr || !captures->any()) return;
    const auto mode = identified_ ? captures->mode_of(line_.service) : captures->most();
    if (mode == policy::capture_mode::off) return;
    captured_ = captures->begin();
    captured_->mode = mode;
    captured_->op = route_.op;
    if (!is_plain(session_.head().find(http::field::content_encoding))) {
        captured_->request_gap = "the body was compressed";
    } else if (route_.op == dialect::operation::transcription) {
        captured_->request_gap = "the body is a recording";
    } else if (scratch_.body.size() > capture::request_bytes_max) {
        captured_->request_gap =
            "the body is longer than " + std::to_string(capture::request_bytes_max) + " bytes";
    } else if (!captured_->held.add(scratch_.body.size())) {
        drop_capture();
    } else {
        captured_->request = scratch_.body;
    }
}

void exchange::drop_capture() noexcept {
    captured_.reset();
    context_.captures->note_dropped();
}

void exchange::capture_head(const message_head& head) {
    captured_->response_type = head.find(http::field::content_type);
    if (!is_plain(head.find(http::field::content_encoding))) {
        captured_->response_gap = "the body was compressed";
    }
}

void exchange::capture_body(std::string_view piece) {
    if (captured_->mode != policy::capture_mode::full || !captured_->response_gap.empty()) return;
    auto& kept = captured_->response;
    const auto taken = piece.substr(0, capture::response_bytes_max - kept.size());
    captured_->response_cut = captured_->response_cut || taken.size() < piece.size();
    if (taken.empty()) return;
    if (!captured_->held.add(taken.size())) return drop_capture();
    kept += taken;
}

/// The line is written: hands the copies over. What was set while the call ran, or holds for the
/// service that it turned out to be, can make it less, not more.
void exchange::end_capture() {
    auto& captures = *context_.captures;
    captured_->mode = std::min(captured_->mode, captures.mode_of(line_.service));
    if (captured_->mode == policy::capture_mode::off) return captured_.reset();
    if (captured_->response_type.empty() && captured_->response.empty()) {
        captured_->response_gap = "there was none";
    }
    captured_->id = line_.id;
    captured_->service = line_.service;
    captured_->task = line_.task;
    captured_->model = line_.model;
    captured_->endpoint = line_.endpoint;
    captured_->status = line_.status;
    captured_->request_bytes = line_.request_bytes;
    captured_->response_bytes = line_.response_bytes;
    captures.offer(std::move(captured_));
}

}  // namespace tallyfs::proxy
