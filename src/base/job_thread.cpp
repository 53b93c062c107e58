#include <tallyfs/base/job_thread.hpp>
#include <tallyfs/base/log.hpp>

#include <cstdlib>

namespace tallyfs {

job_thread::~job_thread() {
    stop();
}

void job_thread::start() {
    {
        const std::lock_guard lock(mutex_);
        running_ = true;
    }
    thread_ = std::thread([this] {
        try {
            run();
        } catch (const std::exception& bug) {
            spdlog::critical("{} ended: {}", name_, bug.what());
            std::abort();  // a restart is better
        }
    });
}

void job_thread::stop() {
    {
        std::deque<job> dropped;  // destroyed without the lock: a job's end may post
        const std::lock_guard lock(mutex_);
        running_ = false;
        dropped.swap(jobs_);
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

bool job_thread::post(job work) {
    {
        const std::lock_guard lock(mutex_);
        if (!running_) return false;
        jobs_.push_back(std::move(work));
    }
    wake_.notify_one();
    return true;
}

void job_thread::run() {
    for (;;) {
        job next;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return !jobs_.empty() || !running_; });
            if (!running_) return;
            next = std::move(jobs_.front());
            jobs_.pop_front();
        }
        next();
    }
}

}  // namespace tallyfs
