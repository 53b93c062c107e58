#include "postgres/background.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/log.hpp>

#include <sys/eventfd.h>

#include <system_error>
#include <unistd.h>

namespace tallyfs::postgres {

background::background() : give_up_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!give_up_) throw startup_error("eventfd: " + last_system_error().message());
}

/// With mutex_ held, by whoever starts the next one: a thread cannot join itself.
void background::join_ended() {
    for (const auto id : ended_) {
        const auto place = threads_.find(id);
        place->second.join();
        threads_.erase(place);
    }
    ended_.clear();
}

bool background::start(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    join_ended();
    if (threads_.size() >= running_max) return false;
    const auto id = ++last_thread_;
    auto run = [this, id, work = std::move(work)] {
        work();
        const std::lock_guard ending(mutex_);
        ended_.push_back(id);
    };
    try {
        threads_.emplace(id, std::thread(std::move(run)));
    } catch (const std::system_error&) {
        return false;  // the system has no thread to give
    }
    return true;
}

template <class Result>
void background::hand_over(std::function<Result()> work, std::function<void(Result)> done,
                           Result when_it_throws, Result when_full) {
    const bool started = start([this, work = std::move(work), done, when_it_throws] {
        auto result = when_it_throws;
        try {
            result = work();
        } catch (const std::exception& bug) {
            spdlog::critical("what was approved ended with {}", bug.what());
        }
        if (!is_stopping()) done(std::move(result));
    });
    if (!started && !is_stopping()) done(std::move(when_full));
}

void background::begin(std::function<state::approval_kind::effect()> work,
                       state::approval_kind::ended done) {
    hand_over<state::approval_kind::effect>(
        std::move(work), std::move(done), {false, "it ended in a way that says nothing", true},
        {false, "nothing was done: too much runs at once, ask again"});
}

void background::begin_probe(std::function<approval::probe()> work,
                             state::approval_kind::found done) {
    hand_over(std::move(work), std::move(done), approval::probe::unknown, approval::probe::unknown);
}

bool background::wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, time, [this] { return stopping_; });
}

void background::stop() {
    std::map<std::uint64_t, std::thread> threads;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        const std::uint64_t one = 1;
        static_cast<void>(::write(give_up_.get(), &one, sizeof one));
        for (auto* const each : connections_) each->abandon();
        threads.swap(threads_);
    }
    wake_.notify_all();
    for (auto& [id, thread] : threads) thread.join();
    const std::lock_guard lock(mutex_);
    ended_.clear();
}

bool background::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

void background::release::operator()(connection* made) const {
    {
        const std::lock_guard lock(owner_->mutex_);
        owner_->connections_.erase(made);
    }
    delete made;
}

outcome<background::session> background::open(const endpoint& where, const patience& limits) {
    auto made = connection::open(where, limits, give_up_.get());
    if (!made) return made.error();
    const std::lock_guard lock(mutex_);
    if (stopping_) (*made)->abandon();
    connections_.insert(made->get());
    return {boost::system::in_place_value, made->release(), release(this)};
}

}  // namespace tallyfs::postgres
