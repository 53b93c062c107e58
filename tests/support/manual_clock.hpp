// A clock that a test sets: the wall clock and the steady clock move only when told to.
// Used instead of tallyfs::system_clock_source(). Thread-safe.
#pragma once

#include <tallyfs/base/clock.hpp>

#include <atomic>

namespace tallyfs::test {

class manual_clock final : public clock_source {
  public:
    explicit manual_clock(wall_time start) : wall_us_(start.time_since_epoch().count()) {}
    [[nodiscard]] wall_time wall() const noexcept override {
        return wall_time(std::chrono::microseconds(wall_us_.load()));
    }
    [[nodiscard]] steady_time steady() const noexcept override {
        return steady_time(std::chrono::microseconds(steady_us_.load()));
    }
    /// Lets time pass: both clocks.
    void advance(std::chrono::microseconds by) {
        wall_us_ += by.count();
        steady_us_ += by.count();
    }
    /// Sets the wall clock, backwards too; the steady clock does not notice.
    void step_to(wall_time time) { wall_us_ = time.time_since_epoch().count(); }

  private:
    std::atomic<std::int64_t> wall_us_;
    std::atomic<std::int64_t> steady_us_{0};
};

}  // namespace tallyfs::test
