// Accepts connections on one port and hands them to the proxy's threads in turn.
// Protocol: accept(2); socket activation: sd_listen_fds(3).
#pragma once

#include <tallyfs/base/file.hpp>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <proxy/worker.hpp>

#include <memory>
#include <vector>

namespace tallyfs::proxy {

class listener {
  public:
    /// Listens; throws startup_error with what to do. `accepting` is the worker whose thread
    /// accepts, `workers` serve in turn.
    listener(const listener_options& options, worker& accepting,
             std::vector<std::unique_ptr<worker>>& workers);

    /// The accepting worker's thread.
    void start();
    void stop();
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  private:
    void wait();
    void accept_all();
    void pause();

    listener_facts facts_;
    worker& accepting_;
    std::vector<std::unique_ptr<worker>>& workers_;
    asio::posix::basic_stream_descriptor<executor> socket_;
    steady_timer pause_;
    std::uint16_t port_ = 0;
    std::size_t next_ = 0;
};

}  // namespace tallyfs::proxy
