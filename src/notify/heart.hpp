// The heartbeat: a request each minute or so, by whose absence an outside watcher sees that this
// machine or daemon is gone. Format: docs/notify.md, "Heartbeat".
#pragma once

#include "notify/stopper.hpp"

#include <tallyfs/notify/notifier.hpp>

#include <memory>
#include <mutex>
#include <thread>

namespace tallyfs::notify {

class heart {
  public:
    heart(const notifier::parts& shared, notify::heartbeat beat)
        : shared_(shared), beat_(std::move(beat)) {
        status_.name = "heartbeat";
        status_.format = beat_.method;
    }
    ~heart() { stop(); }
    heart(const heart&) = delete;
    heart& operator=(const heart&) = delete;

    void start();
    void stop();
    [[nodiscard]] target_status status() const;

  private:
    void run();

    const notifier::parts& shared_;
    const notify::heartbeat beat_;
    const std::shared_ptr<stopper> stop_ = std::make_shared<stopper>();
    mutable std::mutex mutex_;
    target_status status_;  ///< guarded by mutex_
    std::thread thread_;
};

}  // namespace tallyfs::notify
