#include "streams.hpp"

#include "message.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace tallyfs::bench {

namespace {

constexpr std::int64_t silence_ns_max = 20'000'000'000;
constexpr std::int64_t look_every_ns = 5'000'000;
constexpr std::string_view before_stamp = "\"content\":\"";

}  // namespace

class stream_client final : public peer {
  public:
    stream_client(event_loop& loop, const address& to, stream_clients& owner)
        : peer(loop, connect_to(to)), owner_(owner) {}

  private:
    void received(std::string_view bytes) override {
        const auto now = now_ns();
        const bool over = reader_.take(bytes, [&](std::string_view part) { take_body(part, now); });
        if (over) owner_.ended(reader_.start_line().starts_with("HTTP/1.1 200"));
    }
    void ended() override { owner_.ended(false); }

    // A piece has arrived when its line is complete.
    void take_body(std::string_view part, std::int64_t now) {
        line_ += part;
        for (std::size_t end = 0; (end = line_.find('\n')) != std::string::npos;) {
            const auto at = line_.find(before_stamp);
            std::int64_t sent = 0;
            if (at < end) {
                const char* const stamp = line_.data() + at + before_stamp.size();
                std::from_chars(
                    stamp, stamp + std::min(stamp_place.size(), end - at - before_stamp.size()),
                    sent, 16);
            }
            if (sent != 0) owner_.arrived(now - sent);
            line_.erase(0, end + 1);
        }
    }

    stream_clients& owner_;
    message_reader reader_;
    std::string line_;
};

stream_clients::stream_clients(event_loop& loop, upstream& from, const address& to,
                               const std::string& request, std::size_t count)
    : loop_(loop), from_(from) {
    for (std::size_t i = 0; i < count; ++i) {
        clients_.push_back(std::make_unique<stream_client>(loop, to, *this));
        clients_.back()->send(request);
        const auto give_up = now_ns() + silence_ns_max;
        while (from_.streams() <= i) {
            if (failed_.empty() && now_ns() > give_up) failed_ = "a stream does not begin";
            if (!failed_.empty()) throw std::runtime_error(failed_);
            loop_.turn(look_every_ns);
        }
        from_.send_piece(i);
    }
    turn_until(count, 0, look_every_ns);
}

stream_clients::~stream_clients() = default;

void stream_clients::ended(bool properly) {
    if (properly) {
        ++complete_;
    } else if (failed_.empty()) {
        failed_ = "a stream ended early";
    }
}

void stream_clients::turn_until(std::size_t arrived, std::size_t complete, std::int64_t wait_ns) {
    const auto give_up = now_ns() + silence_ns_max;
    while (under_way_ns_.size() < arrived || complete_ < complete) {
        if (failed_.empty() && now_ns() > give_up) failed_ = "a piece or an end does not arrive";
        if (!failed_.empty()) throw std::runtime_error(failed_);
        loop_.turn(wait_ns);
    }
}

std::vector<std::int64_t> stream_clients::measure(double per_second, std::int64_t duration_ns) {
    under_way_ns_.clear();
    const auto count =
        static_cast<std::size_t>(static_cast<double>(duration_ns) / 1e9 * per_second);
    const auto started = now_ns();
    for (std::size_t i = 0; i < count; ++i) {
        const auto due =
            started + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / per_second);
        while (now_ns() < due) loop_.turn(0);
        from_.send_piece(i);
    }
    turn_until(count, 0, 0);
    return std::move(under_way_ns_);
}

void stream_clients::finish() {
    from_.end_streams();
    turn_until(0, clients_.size(), look_every_ns);
    clients_.clear();
}

}  // namespace tallyfs::bench
