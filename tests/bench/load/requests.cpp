#include "requests.hpp"

#include "message.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace tallyfs::bench {

namespace {

// Beyond the wanted duration: a proxy that answers nothing for so long never will.
constexpr std::int64_t silence_ns_max = 20'000'000'000;
// How long a closed loop waits before it looks at the clock again.
constexpr std::int64_t look_every_ns = 5'000'000;

class caller;

/// What the callers share.
struct run {
    explicit run(const requests_wanted& what) : wanted(what) {}

    const requests_wanted& wanted;
    std::int64_t stop_at = 0;
    std::vector<caller*> idle;
    std::size_t busy = 0;
    requests_made made;
    std::string failed;
};

class caller final : public peer {
  public:
    caller(event_loop& loop, run& shared)
        : peer(loop, connect_to(shared.wanted.to)), shared_(shared) {}

    /// `due`: when it should have been sent, which is what its time is counted from.
    void call(std::int64_t due) {
        begun_ = due;
        ++shared_.busy;
        send(shared_.wanted.request);
    }

  private:
    void received(std::string_view bytes) override {
        if (!reader_.take(bytes, [](std::string_view) {})) return;
        const auto now = now_ns();
        const auto line = reader_.start_line();
        if (!line.starts_with("HTTP/1.1 200") || !bytes.empty()) {
            shared_.failed = "unexpected answer: " + std::string(line);
        }
        --shared_.busy;
        ++shared_.made.calls;
        shared_.made.answered_in_ns.push_back(now - begun_);
        if (shared_.wanted.per_second > 0 || now >= shared_.stop_at) {
            shared_.idle.push_back(this);
        } else {
            call(now);
        }
    }
    void ended() override { shared_.failed = "the connection was closed"; }

    run& shared_;
    message_reader reader_;
    std::int64_t begun_ = 0;
};

// Calls at their times, or as soon after as a connection is free. Returns when the next is due.
std::int64_t call_what_is_due(run& shared, std::int64_t started, std::uint64_t& issued) {
    const auto due_of = [&](std::uint64_t index) {
        return started + static_cast<std::int64_t>(static_cast<double>(index) * 1e9 /
                                                   shared.wanted.per_second);
    };
    const auto now = now_ns();
    while (due_of(issued) <= std::min(now, shared.stop_at)) {
        if (shared.idle.empty()) return now + look_every_ns;
        auto* const next = shared.idle.back();
        shared.idle.pop_back();
        next->call(due_of(issued++));
    }
    return std::min(due_of(issued), shared.stop_at);
}

}  // namespace

requests_made make_requests(event_loop& loop, const requests_wanted& wanted) {
    run shared(wanted);
    shared.made.answered_in_ns.reserve(1 << 16);
    std::vector<std::unique_ptr<caller>> callers;
    for (std::size_t i = 0; i < wanted.connections; ++i) {
        callers.push_back(std::make_unique<caller>(loop, shared));
    }
    const auto started = now_ns();
    shared.stop_at = started + wanted.duration_ns;
    std::uint64_t issued = 0;
    for (auto& each : callers) {
        if (wanted.per_second > 0) {
            shared.idle.push_back(each.get());
        } else {
            each->call(started);
        }
    }
    for (auto now = started; now < shared.stop_at || shared.busy > 0; now = now_ns()) {
        if (!shared.failed.empty()) break;
        if (now > shared.stop_at + silence_ns_max) shared.failed = "no answer";
        auto wait_ns = look_every_ns;
        if (wanted.per_second > 0 && now < shared.stop_at) {
            wait_ns = std::max<std::int64_t>(0, call_what_is_due(shared, started, issued) - now);
        }
        loop.turn(wait_ns);
    }
    if (!shared.failed.empty()) throw std::runtime_error(shared.failed);
    shared.made.duration_ns = now_ns() - started;
    return std::move(shared.made);
}

}  // namespace tallyfs::bench
