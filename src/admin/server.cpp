#include "admin/session.hpp"

#include <tallyfs/admin/server.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/log.hpp>

#include <boost/asio.hpp>

#include <thread>

namespace tallyfs::admin {

namespace {

constexpr std::size_t connections_max = 64;  // people and scrapers, no load

tcp::acceptor listen_on(asio::io_context& io, const std::string& host, std::uint16_t port) {
    const auto name = host + ":" + std::to_string(port);
    error_code failure;
    const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, failure);
    if (failure) throw startup_error("admin address " + name + " is no IP address", 2);
    tcp::acceptor acceptor(io);
    const tcp::endpoint endpoint(address, port);
    acceptor.open(endpoint.protocol(), failure);
    if (!failure) acceptor.set_option(asio::socket_base::reuse_address(true), failure);
    if (!failure) acceptor.bind(endpoint, failure);
    if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
    if (failure) {
        throw startup_error("cannot listen on " + name + " for --admin: " + failure.message() +
                            "\nChoose another one: --admin 127.0.0.1:PORT (0: any free port)");
    }
    return acceptor;
}

}  // namespace

class server::implementation {
  public:
    implementation(const std::string& host, std::uint16_t port,
                   std::shared_ptr<const tree::directory> root, tree::view_thread& views,
                   const decisions* office, bool people_only, const intake* logs)
        : acceptor_(listen_on(io_, host, port)),
          shared_{std::move(root),
                  views,
                  acceptor_.local_endpoint().address().is_loopback(),
                  http::this_machine(),
                  office,
                  people_only,
                  logs} {}
    ~implementation() { stop(); }

    void start() {
        asio::co_spawn(io_, accept(), asio::detached);
        thread_ = std::thread([this] { io_.run(); });
    }
    void stop() {
        io_.stop();
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  private:
    asio::awaitable<void> accept() {
        for (;;) {
            error_code failure;
            auto socket =
                co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failure));
            if (failure == asio::error::operation_aborted) co_return;
            if (failure) {  // out of descriptors, say: give others a moment to end
                asio::steady_timer pause(io_, std::chrono::milliseconds(100));
                co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failure));
                continue;
            }
            if (open_ >= connections_max) continue;
            ++open_;
            asio::co_spawn(io_, serve(std::move(socket), shared_), [this](std::exception_ptr bug) {
                --open_;
                if (!bug) return;
                try {
                    std::rethrow_exception(bug);
                } catch (const std::exception& error) {
                    spdlog::warn("an admin connection failed: {}", error.what());
                }
            });
        }
    }

    asio::io_context io_{1};
    tcp::acceptor acceptor_;
    session_context shared_;
    std::size_t open_ = 0;
    std::thread thread_;
};

server::server(const std::string& host, std::uint16_t port,
               std::shared_ptr<const tree::directory> root, tree::view_thread& views,
               const decisions* office, bool people_only, const intake* logs)
    : implementation_(std::make_unique<implementation>(host, port, std::move(root), views, office,
                                                       people_only, logs)) {}

server::~server() = default;
void server::start() {
    implementation_->start();
}
void server::stop() {
    implementation_->stop();
}
std::uint16_t server::port() const noexcept {
    return implementation_->port();
}

}  // namespace tallyfs::admin
