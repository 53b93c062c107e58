// A thread that runs what it is given, one job after the other: for what others must not wait for.
// No outside format.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace tallyfs {

/// Any thread, but start() and stop() on one.
class job_thread {
  public:
    /// `name`: for the log, "the view thread". A job that throws is a bug, and ends the process:
    /// whoever waits for it would wait for ever.
    explicit job_thread(std::string name) : name_(std::move(name)) {}
    ~job_thread();
    job_thread(const job_thread&) = delete;
    job_thread& operator=(const job_thread&) = delete;

    using job = std::function<void()>;

    void start();
    /// Ends once the job under way has ended; those that wait are destroyed unrun. Idempotent.
    void stop();
    /// Returns at once. False while it is not running: the job is then destroyed unrun.
    [[nodiscard]] bool post(job work);

  private:
    void run();

    const std::string name_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<job> jobs_;  ///< guarded by mutex_
    bool running_ = false;  ///< guarded by mutex_
    std::thread thread_;
};

}  // namespace tallyfs
