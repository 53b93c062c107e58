#include "proxy/watcher.hpp"

#include <tallyfs/base/log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <proxy/residency.hpp>

namespace tallyfs::proxy {

namespace {

using namespace std::chrono_literals;
namespace beast_http = boost::beast::http;

// After the last request the upstream is left alone: it may be a laptop that wants to sleep.
constexpr auto traffic_counts_for = 30s;
// /api/ps is answered from memory; what takes longer than this is as good as down.
constexpr auto answer_max = 5s;
// Between two looks, whatever asks for them.
constexpr auto spacing_min = 100ms;
// Of /api/ps: some hundred bytes a loaded model.
constexpr std::uint64_t body_bytes_max = 4u << 20;
constexpr std::size_t names_max = 10'000;

}  // namespace

struct watcher::connection {
    explicit connection(asio::io_context& io) : socket(io), deadline(io) {}
    tcp_socket socket;
    steady_timer deadline;
    std::unique_ptr<upstream_connection> opening;  // while it is being connected
    boost::beast::flat_buffer buffer;
    std::string failure;

    void close() {
        error_code ignored;  // it may be closed already
        socket.close(ignored);
        if (opening) opening->close();
    }
};

watcher::watcher(proxy_context& context, asio::io_context& io)
    : context_(context), io_(io), pause_timer_(io) {
    follow_choice();
}

watcher::~watcher() = default;

void watcher::start() {
    touch(context_.clock.steady());
    asio::co_spawn(io_, run(), [](const std::exception_ptr& failed) {
        if (failed) spdlog::error("proxy: the watcher of the upstream ended");
    });
}

void watcher::stop() {
    stopping_ = true;
    pause_timer_.cancel();
    if (connection_) {
        connection_->close();
        connection_->deadline.cancel();
    }
}

void watcher::touch(steady_time now) {
    traffic_ns_ = now.time_since_epoch().count();
    if (asleep_) asio::post(io_, [this] { pause_timer_.cancel(); });
}

void watcher::refresh() {
    asio::post(io_, [this] {
        look_again_ = true;
        pause_timer_.cancel();
    });
}

void watcher::note_asked(std::string_view model) {
    auto name = normal_model_name(model);
    const std::lock_guard lock(names_mutex_);
    if (asked_.size() < names_max) asked_.try_emplace(std::move(name));
}

void watcher::note_served(std::string_view model, wall_time when) {
    const auto name = normal_model_name(model);
    const std::lock_guard lock(names_mutex_);
    if (const auto at = asked_.find(name); at != asked_.end()) at->second = when;
}

bool watcher::served_since(std::string_view model, wall_time when) const {
    const auto name = normal_model_name(model);
    const std::lock_guard lock(names_mutex_);
    const auto at = asked_.find(name);
    return at != asked_.end() && at->second && *at->second >= when;
}

task<> watcher::run() {
    while (!stopping_) {
        look_again_ = false;
        last_look_ = std::chrono::steady_clock::now();
        co_await look();
        if (!stopping_) co_await pause();
    }
}

task<> watcher::pause() {
    error_code ignored;  // cancelled is how a pause is cut short
    const auto idle_for = [this] {
        return context_.clock.steady().time_since_epoch() -
               std::chrono::nanoseconds(traffic_ns_.load());
    };
    const auto earliest = last_look_ + spacing_min;
    if (!look_again_) {
        pause_timer_.expires_after(context_.options.watch_interval);
        co_await pause_timer_.async_wait(into(ignored));
    }
    while (!stopping_ && !look_again_ && idle_for() > traffic_counts_for) {
        asleep_ = true;
        if (idle_for() > traffic_counts_for) {
            pause_timer_.expires_at(steady_timer::time_point::max());
            co_await pause_timer_.async_wait(into(ignored));
        }
        asleep_ = false;
    }
    while (!stopping_ && std::chrono::steady_clock::now() < earliest) {
        pause_timer_.expires_at(earliest);
        co_await pause_timer_.async_wait(into(ignored));
    }
}

/// Of another upstream nothing is known.
void watcher::follow_choice() {
    auto chosen = context_.settings.upstream.current();
    if (chosen == to_) return;
    to_ = std::move(chosen);
    if (connection_) connection_->close();
    connection_.reset();
    const auto loads = status_.loads_past_proxy;
    status_ = {};
    status_.address = to_->text;
    status_.loads_past_proxy = loads;
    seen_loaded_.reset();
    last_failure_.clear();
    const std::lock_guard lock(names_mutex_);
    for (auto& [name, served] : asked_) served.reset();
}

task<> watcher::look() {
    follow_choice();
    if (!connection_) connection_ = std::make_shared<connection>(io_);
    const auto kept = connection_;
    kept->failure.clear();
    if (!status_.reachable || status_.version.empty()) {
        const auto body = co_await get(*kept, "/api/version");
        const auto version = body ? parse_version(*body) : std::nullopt;
        if (body && !version) kept->failure = "/api/version is not what Ollama answers";
        if (version) status_.version = *version;
    }
    std::optional<std::vector<state::loaded_model>> loaded;
    if (kept->failure.empty()) {
        const auto body = co_await get(*kept, "/api/ps");
        loaded = body ? parse_loaded(*body) : std::nullopt;
        if (body && !loaded) kept->failure = "/api/ps is not what Ollama answers";
    }
    if (stopping_) co_return;
    if (!loaded) {
        publish_failure(kept->failure);
        co_return;
    }
    count_loads_past_proxy(*loaded);
    status_.reachable = true;
    status_.error.clear();
    status_.loaded = std::move(*loaded);
    status_.seen = status_.loaded_seen = context_.clock.wall();
    context_.board.publish(std::make_shared<state::upstream_status>(status_));
}

task<std::optional<std::string>> watcher::get(connection& to, std::string_view target) {
    const bool reused = to.socket.is_open();
    std::string body;
    auto error = co_await get_once(to, target, body);
    // A restarted upstream has closed the connection since the last look.
    if (error && reused && !stopping_) error = co_await get_once(to, target, body);
    if (error) {
        to.failure = error.message();
        co_return std::nullopt;
    }
    if (!to.failure.empty()) co_return std::nullopt;
    co_return body;
}

task<error_code> watcher::get_once(connection& to, std::string_view target, std::string& body) {
    error_code error;
    to.deadline.expires_after(answer_max);
    to.deadline.async_wait([kept = connection_](const error_code& cancelled) {
        if (!cancelled) kept->close();
    });
    if (!to.socket.is_open()) {
        // Its own connection: it never waits for a service's call, nor lets one wait.
        upstream_pool connector(io_, to_, 0);
        to.opening = connector.make(to_);
        error = co_await connector.connect(*to.opening);
        if (!error) to.socket = std::move(to.opening->io.socket());
        to.opening.reset();
        to.buffer.clear();
    }
    beast_http::request<beast_http::empty_body> request(beast_http::verb::get,
                                                        {target.data(), target.size()}, 11);
    request.set(beast_http::field::host, to_->text);
    beast_http::response_parser<beast_http::string_body> response;
    response.body_limit(body_bytes_max);
    if (!error) co_await beast_http::async_write(to.socket, request, into(error));
    if (!error) co_await beast_http::async_read(to.socket, to.buffer, response, into(error));
    to.deadline.cancel();
    if (error || !response.keep_alive()) to.close();
    if (error) co_return error;
    if (const auto status = response.get().result_int(); status != 200) {
        to.failure = std::string(target) + " answered " + std::to_string(status);
    }
    body = std::move(response.get().body());
    co_return error;
}

void watcher::publish_failure(const std::string& why) {
    status_.reachable = false;
    status_.error = why.empty() ? "no answer" : why;
    if (status_.error != last_failure_) {
        spdlog::warn("proxy: {} cannot be reached: {}", status_.address, status_.error);
    }
    last_failure_ = status_.error;
    context_.board.publish(std::make_shared<state::upstream_status>(status_));
}

void watcher::count_loads_past_proxy(const std::vector<state::loaded_model>& loaded) {
    std::set<std::string> now;
    for (const auto& model : loaded) now.insert(normal_model_name(model.name));
    if (seen_loaded_) {
        const std::lock_guard lock(names_mutex_);
        for (const auto& name : now) {
            const bool ours = asked_.contains(name) || asked_.size() >= names_max;
            if (!ours && !seen_loaded_->contains(name)) ++status_.loads_past_proxy;
        }
    }
    seen_loaded_ = std::move(now);
    last_failure_.clear();
}

}  // namespace tallyfs::proxy
