#include "fuse/publisher.hpp"

#include "fuse/attributes.hpp"
#include "fuse/context.hpp"
#include "fuse/errors.hpp"

#include <csignal>

namespace tallyfs::fuse {

namespace {

/// A reader who polls (`tail -f`: twice a second) sees no difference, and a busy appender costs
/// ten rounds a second at most.
constexpr std::chrono::milliseconds ahead_interval{100};

}  // namespace

void publisher::start(fuse_session* session) {
    session_ = session;
    thread_ = std::thread([this] {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        run();
    });
}

void publisher::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void publisher::wait_for(parked_requests::ticket ticket, outcome result) {
    {
        const std::lock_guard lock(mutex_);
        if (!stopping_) waiting_.push_back({ticket, std::move(result)});
    }
    wake_.notify_one();
}

void publisher::hint() noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (hinted_) return;
        hinted_ = true;
    }
    wake_.notify_one();
}

std::vector<publisher::waiter> publisher::next_round(bool& ahead) {
    std::unique_lock lock(mutex_);
    const auto asked = [this] { return stopping_ || !waiting_.empty(); };
    while (!asked()) {
        if (!hinted_) {
            wake_.wait(lock);
        } else if (wake_.wait_until(lock, next_ahead_, asked)) {
            break;
        } else {
            hinted_ = false;
            next_ahead_ = std::chrono::steady_clock::now() + ahead_interval;
            ahead = true;
            break;
        }
    }
    return std::exchange(waiting_, {});
}

void publisher::run() {
    for (;;) {
        bool ahead = false;
        auto waiting = next_round(ahead);
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
        }
        if (ahead) {
            for (const auto& node : served_.handles.growing_logs()) publish(*node);
        }
        for (auto& one : waiting) answer(one);
    }
}

void publisher::answer(waiter& waiting) {
    try {
        if (const auto node = growing_log_of(waiting.result)) publish(*node);
    } catch (...) {
        waiting.result = failed{error_of_exception("publishing a log's size")};
    }
    if (const auto claimed = served_.parked.take(waiting.ticket)) {
        send(served_, claimed->request(), waiting.result);
    }
}

void publisher::publish(inode& node) {
    auto& log = std::get<log_content>(node.content);
    const std::uint64_t size = log.bytes();
    const std::uint64_t old_size = log.published;
    if (size <= old_size) return;
    // The page at the old end is cached with zeros behind it. It goes before the size moves, and
    // whatever is read in between has the new lines already. An error means that the kernel does
    // not hold this inode: then it has no page of it.
    static_cast<void>(
        fuse_lowlevel_notify_inval_inode(session_, node.number, static_cast<off_t>(old_size), 0));
    node.changed = changed_on_disk(log, node.changed);
    log.published = size;
    push_size(node.number, size);
}

/// The kernel takes no size from the answer to a request that began before the invalidation, and
/// a parked one did: its process would be told one size and could read only up to another. So
/// the size is sent along with the last byte, which ends a line and is known.
void publisher::push_size(std::uint64_t number, std::uint64_t size) {
    char last_byte = '\n';
    fuse_bufvec stored = FUSE_BUFVEC_INIT(1);
    stored.buf[0].mem = &last_byte;
    static_cast<void>(fuse_lowlevel_notify_store(session_, number, static_cast<off_t>(size - 1),
                                                 &stored, static_cast<fuse_buf_copy_flags>(0)));
}

}  // namespace tallyfs::fuse
