// The admin port: the mounted tree over HTTP, for Prometheus and for those without the mount.
// Protocol: HTTP/1.1; docs/architecture.md, "Admin".
#pragma once

#include <tallyfs/admin/decisions.hpp>
#include <tallyfs/admin/intake.hpp>
#include <tallyfs/tree/node.hpp>
#include <tallyfs/tree/view_thread.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace tallyfs::admin {

class server {
  public:
    /// Listens; answers from start() on. `port` 0 is any free one. Throws startup_error (a port
    /// in use, with what to do). `views` and `office` outlive the server; without an office no
    /// decisions are taken.
    /// `people_only`: only people whom the office knows may read; takes an office. `logs` outlives
    /// the server too; without it no logs are taken in.
    server(const std::string& host, std::uint16_t port, std::shared_ptr<const tree::directory> root,
           tree::view_thread& views, const decisions* office = nullptr, bool people_only = false,
           const intake* logs = nullptr);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    void start();
    /// Cuts connections and returns when nothing runs any more. Idempotent.
    void stop();
    [[nodiscard]] std::uint16_t port() const noexcept;

  private:
    class implementation;  // keeps Asio out of this header
    std::unique_ptr<implementation> implementation_;
};

}  // namespace tallyfs::admin
