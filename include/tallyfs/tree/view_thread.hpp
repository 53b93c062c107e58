// Where look-ups run: the one thread that owns the views, as the mount and the admin server
// see it, and the one beside it. They never wait for them in a worker: they post a job, and the job
// answers.
// Reason: docs/architecture.md, "Read your writes".
#pragma once

#include <cstdint>
#include <functional>

namespace tallyfs::tree {

class view_thread {
  public:
    view_thread() = default;
    view_thread(const view_thread&) = delete;
    view_thread& operator=(const view_thread&) = delete;
    virtual ~view_thread() = default;

    /// `current` is true when the views show everything that had been appended when the job was
    /// posted; false when that could not be reached in limits::view_wait_max, or while a rebuild
    /// runs (then at once). Jobs run in the order in which they were posted.
    using job = std::function<void(bool current)>;

    /// Any thread. False when the thread is shutting down: the job will not run.
    [[nodiscard]] virtual bool post(job work) = 0;

    /// What takes seconds and does not need the views: on a thread of its own, one after the other,
    /// until the views end, also after the mount has. Any thread. False as for post().
    [[nodiscard]] virtual bool post_apart(std::function<void()> work) = 0;

    /// Grows whenever anything shown may have changed (an append, a setting, the live tick of at
    /// most one a second). An answer found at a moment is right as long as the moment lasts.
    /// Any thread, lock-free.
    [[nodiscard]] virtual std::uint64_t moment() const noexcept = 0;
};

}  // namespace tallyfs::tree
