// Closed logs read by the kernel itself, from the file that lies behind them.
// Protocol: FUSE_PASSTHROUGH, Linux 6.9, Documentation/filesystems/fuse/fuse-passthrough.rst;
// spoken past libfuse, which knows it from 3.17 on only: docs/fuse.md, "Passthrough". What else
// libfuse 3.14 leaves out of its first answer is put in here too.
#pragma once

#include "fuse/low_level.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace tallyfs::fuse {

/// A file that the kernel has been given. It is taken back when the last open of it ends.
class backing_file {
  public:
    backing_file(int device, std::int32_t number) noexcept : device_(device), number_(number) {}
    backing_file(const backing_file&) = delete;
    backing_file& operator=(const backing_file&) = delete;
    ~backing_file();
    [[nodiscard]] std::int32_t number() const noexcept { return number_; }

  private:
    const int device_;
    const std::int32_t number_;
};

class passthrough {
  public:
    /// Makes the session speak through `device`, and ask for passthrough if it is `wanted`.
    /// False if libfuse refuses. Before the first request; this object outlives the session,
    /// and the session's user data is the context.
    [[nodiscard]] bool attach(fuse_session* session, int device, bool wanted);
    /// From init(): asks in the way of libfuse 3.17, where there is one.
    void ask(fuse_conn_info& connection) noexcept;
    /// After INIT: tries whether we are privileged to use what was negotiated.
    void probe() noexcept;

    [[nodiscard]] bool active() const noexcept { return active_; }
    /// Gives the file to the kernel; null if that is not possible for this file, or at all.
    [[nodiscard]] std::shared_ptr<const backing_file> give(int descriptor);
    /// Answers an OPEN. 0, or why the kernel did not take the answer.
    [[nodiscard]] static int reply_open(fuse_req_t request, std::uint64_t handle,
                                        const backing_file& backing);

  private:
    struct device_calls;

    void see_request(const char* bytes, std::size_t size) noexcept;
    void see_answer(iovec* parts, int count) noexcept;

    int device_ = -1;
    bool wanted_ = false;
    std::atomic<bool> negotiated_{false};  ///< in the answer to INIT
    std::atomic<bool> active_{false};
    std::atomic<std::uint64_t> init_unique_{0};  ///< of the request that began it all
    std::atomic<bool> init_answered_{false};
    std::atomic<bool> offers_parallel_{false};  ///< the kernel, in that request
    std::atomic<bool> offers_passthrough_{false};
};

}  // namespace tallyfs::fuse
