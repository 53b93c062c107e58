#include "fuse/parked.hpp"

#include "fuse/context.hpp"

#include <tallyfs/base/log.hpp>

#include <cerrno>
#include <chrono>

namespace tallyfs::fuse {

namespace {

/// Much more than any rendering takes, and less than a service manager waits for us to end.
constexpr std::chrono::seconds work_max{5};

/// libfuse calls back within fuse_req_interrupt_func() if the interruption came first; a request
/// answered in there would be freed while libfuse still holds its lock.
struct registration {
    parked_requests::ticket number = 0;
    bool interrupted = false;
};
thread_local registration registering;

void on_interrupt(fuse_req_t request, void* data) {
    const auto number = reinterpret_cast<std::uintptr_t>(data);
    if (registering.number == number) {
        registering.interrupted = true;
        return;
    }
    context_of(request).parked.interrupt(number);
}

}  // namespace

parked_requests::ticket parked_requests::park(fuse_req_t request) {
    ticket number = 0;
    {
        const std::lock_guard lock(mutex_);
        if (!closed_) {
            number = ++last_;
            waiting_.emplace(number, request);
            ++claims_;  // close() must not free the request before libfuse has the function
        }
    }
    if (number == 0) {
        fuse_reply_err(request, EIO);
        return 0;
    }
    // The ticket goes to libfuse as a number: an interruption may come after the answer, when
    // anything that a pointer pointed to would be gone.
    registering = {number, false};
    fuse_req_interrupt_func(request, &on_interrupt, reinterpret_cast<void*>(number));
    const bool interrupted = std::exchange(registering, {}).interrupted;
    if (interrupted) interrupt(number);
    finished();
    return interrupted ? 0 : number;
}

std::optional<parked_requests::claim> parked_requests::take(ticket number) {
    const std::lock_guard lock(mutex_);
    const auto place = waiting_.find(number);
    if (place == waiting_.end()) return std::nullopt;
    const fuse_req_t request = place->second;
    waiting_.erase(place);
    ++claims_;
    return std::optional<claim>(std::in_place, *this, request);
}

std::optional<parked_requests::work> parked_requests::begin_work(ticket number) {
    const std::lock_guard lock(mutex_);
    if (!waiting_.contains(number)) return std::nullopt;
    ++works_;
    return std::optional<work>(std::in_place, *this);
}

std::optional<parked_requests::work> parked_requests::begin_work() {
    const std::lock_guard lock(mutex_);
    if (closed_) return std::nullopt;
    ++works_;
    return std::optional<work>(std::in_place, *this);
}

void parked_requests::interrupt(ticket number) {
    if (const auto claimed = take(number)) fuse_reply_err(claimed->request(), EINTR);
}

void parked_requests::close() {
    std::unordered_map<ticket, fuse_req_t> abandoned;
    {
        std::unique_lock lock(mutex_);
        closed_ = true;
        idle_.wait(lock, [this] { return claims_ == 0; });
        abandoned.swap(waiting_);
    }
    for (const auto& [number, request] : abandoned) fuse_reply_err(request, EIO);
    std::unique_lock lock(mutex_);
    if (!idle_.wait_for(lock, work_max, [this] { return works_ == 0; })) {
        spdlog::error("mount: the views are still at work for the mount, which ends without them");
    }
}

std::uint64_t parked_requests::parked_ever() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

void parked_requests::worked() {
    const std::lock_guard lock(mutex_);
    if (--works_ == 0) idle_.notify_all();
}

void parked_requests::finished() {
    const std::lock_guard lock(mutex_);
    if (--claims_ == 0) idle_.notify_all();
}

}  // namespace tallyfs::fuse
