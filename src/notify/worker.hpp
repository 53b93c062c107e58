// The thread of one target: follows the actions from the target's own place, and sends what it
// wants, one after the other. Rules: docs/notify.md, "When a target does not answer".
#pragma once

#include "notify/follower.hpp"
#include "notify/stopper.hpp"

#include <tallyfs/notify/notifier.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

namespace tallyfs::notify {

struct reply;

class worker {
  public:
    /// Reads the place that is kept, or begins at the end of the actions. `shared` outlives it.
    worker(const notifier::parts& shared, target to);
    ~worker() { stop(); }
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    void start();
    void stop();
    void wake() { stop_->wake(); }
    [[nodiscard]] target_status status() const;
    [[nodiscard]] const std::filesystem::path& file() const noexcept { return actions_.file(); }

  private:
    [[nodiscard]] follower::taken take(std::string_view line);
    /// Until it is delivered or refused for good; false when it was stopped before.
    bool deliver(const message& m, const std::function<reply()>& attempt);
    bool tell_each(const message& m, wall_time at);
    [[nodiscard]] std::optional<approval::entry> entry_at(std::uint32_t number, wall_time at);
    bool note(const message& m, const reply& answer);
    void note_error(std::string error);

    const notifier::parts& shared_;
    const target to_;
    follower actions_;
    const std::shared_ptr<stopper> stop_ = std::make_shared<stopper>();
    bool failing_ = false;  ///< of the thread: said in the log already
    std::minstd_rand random_{std::random_device{}()};
    mutable std::mutex mutex_;
    target_status status_;  ///< guarded by mutex_
    std::thread thread_;
};

}  // namespace tallyfs::notify
