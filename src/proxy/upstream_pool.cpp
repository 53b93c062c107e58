#include "proxy/upstream_pool.hpp"

#include <algorithm>

namespace tallyfs::proxy {

namespace {

// Heads of responses have to fit; a larger buffer gains nothing on loopback or Ethernet.
constexpr std::size_t input_bytes_max = 64 * 1024;

std::unique_ptr<upstream_connection> remove(std::vector<std::unique_ptr<upstream_connection>>& from,
                                            const upstream_connection* wanted) {
    const auto at = std::find_if(from.begin(), from.end(),
                                 [wanted](const auto& c) { return c.get() == wanted; });
    if (at == from.end()) return nullptr;
    auto found = std::move(*at);
    from.erase(at);
    return found;
}

}  // namespace

upstream_pool::upstream_pool(asio::io_context& context, upstream_pointer upstream,
                             std::size_t idle_max)
    : context_(context), upstream_(std::move(upstream)), idle_max_(idle_max) {}

void upstream_pool::use(upstream_pointer upstream) {
    upstream_ = std::move(upstream);
    drop_idle();
}

std::unique_ptr<upstream_connection> upstream_pool::take(const upstream_pointer& to) {
    if (to != upstream_) return nullptr;
    while (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        connection->io.when_idle(nullptr);
        connection->reused = true;
        // What has arrived without being asked for would be taken for the answer.
        if (connection->io.silent()) return connection;
        discard(std::move(connection));
    }
    return nullptr;
}

std::unique_ptr<upstream_connection> upstream_pool::make(upstream_pointer to) {
    return std::make_unique<upstream_connection>(tcp_socket(context_), input_bytes_max,
                                                 std::move(to));
}

task<error_code> upstream_pool::resolve(upstream_connection& connection,
                                        std::vector<tcp::endpoint>& endpoints) {
    error_code error;
    const auto literal = asio::ip::make_address(connection.to->host, error);
    if (error) co_return co_await look_up(connection, endpoints);
    endpoints.emplace_back(literal, connection.to->port);
    co_return error;
}

/// Names are looked up one after the other, by a thread that nothing interrupts, and each can take
/// a minute. So the answer is not waited for once the connection is closed, and a look-up whose
/// turn has not come by then never begins: its resolver is gone.
task<error_code> upstream_pool::look_up(upstream_connection& connection,
                                        std::vector<tcp::endpoint>& endpoints) {
    using resolver_type = asio::ip::basic_resolver<tcp, executor>;
    struct answer {
        steady_timer* waiting;
        error_code error{};
        resolver_type::results_type found{};
    };
    steady_timer answered(context_, steady_timer::time_point::max());
    const auto given = std::make_shared<answer>(answer{&answered});
    resolver_type resolver(context_);
    resolver.async_resolve(connection.to->host, std::to_string(connection.to->port),
                           [given](const error_code& error, resolver_type::results_type found) {
                               given->error = error;
                               given->found = std::move(found);
                               if (given->waiting != nullptr) given->waiting->cancel();
                           });
    connection.looking_up = &answered;
    error_code ignored;  // cancelled: by the answer, or by close()
    co_await answered.async_wait(into(ignored));
    connection.looking_up = nullptr;
    given->waiting = nullptr;
    if (connection.io.ended()) co_return asio::error::operation_aborted;
    for (const auto& entry : given->found) endpoints.push_back(entry.endpoint());
    co_return given->error;
}

task<error_code> upstream_pool::connect(upstream_connection& connection) {
    std::vector<tcp::endpoint> endpoints;
    auto error = co_await resolve(connection, endpoints);
    if (!error && endpoints.empty()) error = asio::error::host_not_found;
    for (const auto& endpoint : endpoints) {
        if (connection.io.ended()) co_return asio::error::operation_aborted;
        auto& socket = connection.io.socket();
        error_code ignored;  // a socket that was not open yet
        socket.close(ignored);
        error.clear();
        co_await socket.async_connect(endpoint, into(error));
        if (!error) {
            socket.set_option(tcp::no_delay(true), error);
            if (!error) socket.non_blocking(true, error);
        }
        if (!error) break;
    }
    co_return connection.io.ended() ? error_code(asio::error::operation_aborted) : error;
}

void upstream_pool::give_back(std::unique_ptr<upstream_connection> connection) {
    if (idle_max_ == 0 || connection->io.ended() || connection->to != upstream_) {
        return discard(std::move(connection));
    }
    if (idle_.size() >= idle_max_) {
        auto oldest = std::move(idle_.front());
        idle_.erase(idle_.begin());
        discard(std::move(oldest));
    }
    idle_.push_back(std::move(connection));
    unwatched_ = true;
}

void upstream_pool::watch_idle() {
    if (!unwatched_) return;
    unwatched_ = false;
    for (std::size_t i = idle_.size(); i-- > 0;) {
        auto& io = idle_[i]->io;
        if (io.reading()) continue;
        if (!io.silent()) {
            on_idle_event(idle_[i].get());
            continue;
        }
        io.when_idle([this, raw = idle_[i].get()](bool) { on_idle_event(raw); });
        io.arm();
    }
}

void upstream_pool::on_idle_event(upstream_connection* connection) {
    if (auto found = remove(idle_, connection)) discard(std::move(found));
}

void upstream_pool::discard(std::unique_ptr<upstream_connection> connection) {
    if (!connection) return;
    auto& io = connection->io;
    io.close();
    if (!io.reading()) return;
    io.when_idle([this, raw = connection.get()](bool) { remove(closing_, raw); });
    closing_.push_back(std::move(connection));
}

void upstream_pool::stop() {
    idle_max_ = 0;
    drop_idle();
}

void upstream_pool::drop_idle() {
    while (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        discard(std::move(connection));
    }
}

}  // namespace tallyfs::proxy
