#include "upstream.hpp"

#include "message.hpp"

#include <algorithm>
#include <stdexcept>
#include <unistd.h>

namespace tallyfs::bench {

class upstream_peer final : public peer {
  public:
    upstream_peer(event_loop& loop, int connected, upstream& owner)
        : peer(loop, connected), owner_(owner) {}

  private:
    void received(std::string_view bytes) override {
        while (!bytes.empty() && reader_.take(bytes, [](std::string_view) {})) {
            owner_.requested(*this, reader_.start_line());
        }
    }
    void ended() override { owner_.left(*this); }

    upstream& owner_;
    message_reader reader_;
};

upstream::upstream(event_loop& loop) : loop_(loop), listener_(listen_on_loopback(port_)) {
    loop_.watch(listener_, *this);
}

upstream::~upstream() {
    ::close(listener_);
}

void upstream::answer(const std::string& request, std::string bytes) {
    answers_[request] = std::move(bytes);
}

void upstream::answer_with_stream(const std::string& request, std::string head, std::string piece,
                                  std::string end) {
    stamp_at_ = piece.find(stamp_place);
    if (stamp_at_ == std::string::npos) throw std::runtime_error("no place for a stamp");
    stream_request_ = request;
    stream_head_ = std::move(head);
    stream_piece_ = std::move(piece);
    stream_end_ = std::move(end);
}

void upstream::ready(std::uint32_t /*events*/) {
    for (int connected = 0; (connected = accept_from(listener_)) >= 0;) {
        auto next = std::make_unique<upstream_peer>(loop_, connected, *this);
        auto* const key = next.get();
        peers_.emplace(key, std::move(next));
    }
}

void upstream::requested(upstream_peer& by, std::string_view start_line) {
    const auto request = start_line.substr(0, start_line.rfind(' '));
    if (const auto known = answers_.find(request); known != answers_.end()) {
        by.send(known->second);
    } else if (request == stream_request_) {
        by.send(stream_head_);
        streams_.push_back(&by);
    } else {
        by.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
}

void upstream::send_piece(std::size_t index) {
    constexpr std::string_view digits = "0123456789abcdef";
    auto* const to = streams_.at(index % streams_.size());
    auto now = static_cast<std::uint64_t>(now_ns());
    for (auto i = stamp_place.size(); i-- > 0; now >>= 4) {
        stream_piece_[stamp_at_ + i] = digits[now & 15];
    }
    to->send(stream_piece_);
}

void upstream::end_streams() {
    for (auto* const each : streams_) each->send(stream_end_);
    streams_.clear();
}

void upstream::left(upstream_peer& who) {
    std::erase(streams_, &who);
    auto node = peers_.extract(&who);
    loop_.bury(std::move(node.mapped()));
}

}  // namespace tallyfs::bench
