// A thread with a small stack: there is one a server, and there may be hundreds.
// Source: pthread_attr_setstacksize(3).
#pragma once

#include <functional>
#include <pthread.h>
#include <system_error>
#include <utility>

namespace tallyfs::postgres {

/// Joined when it is destroyed.
class bounded_thread {
  public:
    /// Enough for a TLS handshake, which takes the most; sanitizers take several times as much.
    /// Only what is used takes memory.
    static constexpr std::size_t stack_bytes = 1024 * 1024;

    bounded_thread() = default;
    bounded_thread(const bounded_thread&) = delete;
    bounded_thread& operator=(const bounded_thread&) = delete;
    ~bounded_thread() { join(); }

    /// Once. `work` does not throw. Throws std::system_error if there are too many threads.
    void start(std::function<void()> work) {
        work_ = std::move(work);
        ::pthread_attr_t with;
        ::pthread_attr_init(&with);
        ::pthread_attr_setstacksize(&with, stack_bytes);
        const int error = ::pthread_create(&id_, &with, &run, this);
        ::pthread_attr_destroy(&with);
        if (error != 0) throw std::system_error(error, std::generic_category(), "pthread_create");
        started_ = true;
    }
    void join() {
        if (std::exchange(started_, false)) ::pthread_join(id_, nullptr);
    }

  private:
    static void* run(void* self) {
        static_cast<bounded_thread*>(self)->work_();
        return nullptr;
    }

    std::function<void()> work_;
    ::pthread_t id_{};
    bool started_ = false;
};

}  // namespace tallyfs::postgres
