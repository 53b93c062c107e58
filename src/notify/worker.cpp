#include "notify/worker.hpp"

#include "notify/direct.hpp"
#include "notify/retry.hpp"

#include <tallyfs/approval/event.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/record/action.hpp>

namespace tallyfs::notify {

namespace {

using namespace std::chrono_literals;

constexpr auto apply_max = 10s;
constexpr auto look_interval = 50ms;
constexpr auto link_lasts = 24h;

/// Of an event of approvals; the beginning of time for any other line.
wall_time event_time(std::string_view line) {
    const auto action = record::parse_action(line);
    const auto event =
        action ? approval::parse_event(action->detail) : result<approval::event>(action.error());
    return event ? time_of(*event) : wall_time{};
}

}  // namespace

worker::worker(const notifier::parts& shared, target to)
    : shared_(shared),
      to_(std::move(to)),
      actions_(shared, to_.name, shared.directory / (to_.name + ".place")) {
    status_.name = to_.name;
    status_.format = to_string(to_.format);
}

void worker::start() {
    thread_ = std::thread([this] {
        try {
            actions_.run(
                *stop_, [this](std::string_view line) { return take(line); },
                [this](std::string error) { note_error(std::move(error)); });
        } catch (const std::exception&) {
            // Of ours, but who knows what is in it: a message may hold the address.
            spdlog::error("notify: {} is told nothing more until the next start", to_.name);
            note_error("ended by a fault of tallyfs");
        }
    });
}

void worker::stop() {
    stop_->stop();
    if (thread_.joinable()) thread_.join();
}

target_status worker::status() const {
    const std::lock_guard lock(mutex_);
    auto copy = status_;
    copy.number = actions_.number();
    copy.actions_behind = actions_.behind();
    return copy;
}

follower::taken worker::take(std::string_view line) {
    const auto m = message_of(line, shared_.known);
    if (!m || !wants(to_.events, m->event)) return follower::taken::nothing;
    bool done = false;
    if (is_direct(to_.format)) {
        if (!asks_people(m->event)) return follower::taken::nothing;
        done = tell_each(*m, event_time(line));
    } else {
        const auto request = format_message(to_, *m);
        done = deliver(*m, [&] {
            return exchange(request, shared_.given.timeout, shared_.clock.wall(), stop_);
        });
    }
    return done ? follower::taken::done : follower::taken::stopped;
}

/// Whoever can decide now gets a message; false when it was stopped before the last of them.
bool worker::tell_each(const message& m, wall_time at) {
    const auto number = approval::parse_number(m.subject);
    const auto e = number ? entry_at(*number, at) : std::nullopt;
    if (!e && stop_->stopping()) return false;
    if (!e) {
        spdlog::error("notify: {} is not told of action {}: its request is not there", to_.name,
                      m.number);
        note_error("the journal tells of request " + m.subject + ", which is not there");
        return true;
    }
    for (const auto& one : recipients_of(*e, shared_.known.people, shared_.clock.wall())) {
        const bool done = deliver(m, [&] {
            const auto now = shared_.clock.wall();
            auto answer = one.answer;
            answer.expires = now + link_lasts;
            const auto link = shared_.known.link + "/answer/" + shared_.sign(answer);
            return send_direct(to_, one.chat, m, link, shared_.given.timeout, now, stop_);
        });
        if (!done) return false;
    }
    return true;
}

/// The request as it is after this event: a line is in the journal a moment before it counts.
std::optional<approval::entry> worker::entry_at(std::uint32_t number, wall_time at) {
    const auto deadline = std::chrono::steady_clock::now() + apply_max;
    while (!stop_->stopping() && std::chrono::steady_clock::now() < deadline) {
        auto e = shared_.entry(number);
        if (e && e->changed >= at) return e;
        stop_->rest(look_interval);
    }
    return std::nullopt;
}

bool worker::deliver(const message& m, const std::function<reply()>& attempt) {
    {
        const std::lock_guard lock(mutex_);
        status_.waits_since = m.time;
    }
    for (unsigned failures = 1; !stop_->stopping(); ++failures) {
        const auto answer = attempt();
        if (stop_->stopping() && answer.status == 0) return false;
        if (note(m, answer)) return true;
        auto pause = pause_after(failures, static_cast<double>(random_() % 1000) / 1000);
        if (answer.retry_after)
            pause = std::max<std::chrono::milliseconds>(pause_min, *answer.retry_after);
        {
            const std::lock_guard lock(mutex_);
            status_.next_try = shared_.clock.wall() + pause;
        }
        stop_->pause(pause);
    }
    return false;
}

/// Whether the message is done with.
bool worker::note(const message& m, const reply& answer) {
    const auto verdict = judge_status(answer.status);
    if (verdict != verdict_on_status::delivered) note_error(answer.error);
    if (verdict == verdict_on_status::refused) {
        spdlog::error("notify: {} refuses the message about action {}, not sent again: {}",
                      to_.name, m.number, answer.error);
    } else if (verdict == verdict_on_status::again && !failing_) {
        spdlog::warn("notify: {} cannot be told, and is tried again: {}", to_.name, answer.error);
    } else if (verdict == verdict_on_status::delivered && failing_) {
        spdlog::info("notify: {} can be told again", to_.name);
    }
    failing_ = verdict == verdict_on_status::again;
    if (failing_) return false;
    const std::lock_guard lock(mutex_);
    status_.waits_since.reset();
    status_.next_try.reset();
    if (verdict == verdict_on_status::refused) {
        ++status_.failed;
    } else {
        ++status_.sent;
        status_.last_success = shared_.clock.wall();
    }
    return true;
}

void worker::note_error(std::string error) {
    const std::lock_guard lock(mutex_);
    status_.last_error = std::move(error);
    status_.last_error_time = shared_.clock.wall();
}

}  // namespace tallyfs::notify
