// Makes the calls of the last second survive a power cut, on a thread of its own: fsync waits
// for the disk, and nothing that answers somebody may. Interval: docs/architecture.md, "Journal".
#pragma once

#include <tallyfs/journal/stream.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace tallyfs::mountd {

class sync_loop {
  public:
    /// `calls` outlives the loop.
    explicit sync_loop(journal::stream& calls) : calls_(calls) {}
    ~sync_loop() { stop(); }
    sync_loop(const sync_loop&) = delete;
    sync_loop& operator=(const sync_loop&) = delete;

    void start();
    /// Syncs a last time and ends; a failure is logged. Idempotent.
    void stop();

  private:
    void run();

    journal::stream& calls_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace tallyfs::mountd
