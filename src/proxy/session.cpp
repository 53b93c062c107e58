#include "proxy/session.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/dialect/route.hpp>

#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <proxy/exchange.hpp>
#include <proxy/head_rewrite.hpp>
#include <proxy/own_reply.hpp>

namespace tallyfs::proxy {

namespace {

// A client that was answered before its body was read: what it still sends is thrown away for
// this long, because a reset would take the answer from it (RFC 9112, section 9.6).
constexpr std::chrono::seconds linger_max{2};
constexpr std::size_t linger_bytes_max = std::size_t{16} << 20;

// Browsers send some twenty fields; each costs time in several places.
constexpr std::size_t fields_max = 256;

// Of each buffer of an idle connection: most requests and replies need less.
constexpr std::size_t kept_bytes_max = std::size_t{8} << 10;

constexpr std::string_view head_too_large = "the request head is too large";

/// Whom the session tells of cuts and ticks, until it ends in whatever way.
class running_exchange {
  public:
    running_exchange(exchange*& place, exchange& running) : place_(place) { place_ = &running; }
    ~running_exchange() { place_ = nullptr; }
    running_exchange(const running_exchange&) = delete;
    running_exchange& operator=(const running_exchange&) = delete;

  private:
    exchange*& place_;
};

std::string plain_address(const asio::ip::address& given) {
    if (given.is_v6() && given.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, given.to_v6()).to_string();
    }
    if (given.is_v6()) return asio::ip::address_v6(given.to_v6().to_bytes()).to_string();
    return given.to_string();
}

}  // namespace

session::session(worker& w, tcp_socket socket, const listener_facts& listener, bool over_limit)
    : worker_(w),
      client_(std::move(socket), w.context().options.head_bytes_max),
      listener_(listener),
      over_limit_(over_limit),
      lookup_(std::make_shared<process_lookup>()) {
    describe_ends();
    worker_.enter(*this);
}

session::~session() {
    worker_.leave(*this);
}

void session::describe_ends() {
    auto& socket = client_.socket();
    socket.non_blocking(true);
    socket.set_option(tcp::no_delay(true));
    socket.set_option(asio::socket_base::keep_alive(true));
    const auto peer = socket.remote_endpoint();
    const auto local = socket.local_endpoint();
    ends_ = {plain_address(peer.address()), peer.port(), plain_address(local.address()),
             local.port()};
    const bool v6 = ends_.peer_address.find(':') != std::string::npos;
    client_text_ = (v6 ? "[" + ends_.peer_address + "]" : ends_.peer_address) + ":" +
                   std::to_string(ends_.peer_port);
}

void session::look_up_process() {
    context().finder->find(ends_, [lookup = lookup_, to = worker_.io().get_executor()](
                                      std::optional<local_process> found) {
        asio::post(to, [lookup, found = std::move(found)]() mutable {
            lookup->process = std::move(found);
            lookup->done = true;
            if (lookup->waiting != nullptr) lookup->waiting->cancel();
        });
    });
}

bool session::draining() const noexcept {
    return worker_.context().draining;
}

steady_time session::after(std::chrono::seconds wait) const {
    return worker_.coarse_now() + wait;
}

task<> session::run() {
    look_up_process();
    try {
        co_await serve();
        if (linger_ && !client_.ended()) co_await linger();
    } catch (const std::exception& e) {
        spdlog::error("proxy: serving {} failed: {}", client_text_, e.what());
    }
    client_.when_idle(nullptr);
    client_.close();
    co_await client_.settle();
}

task<> session::serve() {
    for (;;) {
        const auto head = co_await read_head();
        if (head != head_result::complete) break;
        exchange current(*this);
        const running_exchange told(running_, current);
        const bool more = co_await current.run();
        linger_ = current.unread_body();
        give_back_memory();
        if (!more || cut_by_ != cut_reason::none) break;
    }
}

/// What a large request or reply needed is not kept while the connection is idle.
void session::give_back_memory() {
    for (auto* const text :
         {&scratch_.request_out, &scratch_.body, &scratch_.response_out, &last_caller_.fields}) {
        if (text->capacity() <= kept_bytes_max) continue;
        std::string().swap(*text);
        if (text == &last_caller_.fields) last_caller_.found.reset();
    }
    head_.shrink(kept_bytes_max);
    scratch_.response_head.shrink(kept_bytes_max);
    client_.shrink();
}

task<session::head_result> session::read_head() {
    const auto& options = context().options;
    parser_.emplace(head_);
    parser_->eager(false);
    std::size_t seen = 0;
    waiting_for_request_ = true;
    reading_ = {after(options.client_idle_max), deadline::action::interrupt_read};
    for (;;) {
        auto input = client_.pending().substr(seen);
        while (seen == 0 && input.starts_with("\r\n")) {  // RFC 9112, section 2.2
            client_.consume(2);
            input.remove_prefix(2);
        }
        if (!input.empty() && input != "\r") {
            if (waiting_for_request_) {
                waiting_for_request_ = false;
                reading_.at = after(options.client_head_max);
            }
            error_code error;
            seen += parser_->put(asio::buffer(input.data(), input.size()), error);
            if (parser_->is_header_done() && !error) break;
            if (error && error != http::error::need_more) {
                // A local: GCC 12 destroys a conditional temporary in a co_await expression twice.
                const bool too_large = error == http::error::header_limit;
                std::string why = "malformed request: " + error.message();
                if (too_large) why = head_too_large;
                co_await refuse_head(too_large ? 431 : 400, why);
                co_return head_result::refused;
            }
        }
        if (waiting_for_request_ && draining()) co_return head_result::closed;
        const auto filled = co_await client_.fill();
        if (filled == fill_result::ended) co_return head_result::closed;
        if (filled == fill_result::full) {
            co_await refuse_head(431, head_too_large);
            co_return head_result::refused;
        }
        if (filled == fill_result::interrupted) {
            if (waiting_for_request_) co_return head_result::closed;
            co_await refuse_head(408, "the request head took too long");
            co_return head_result::refused;
        }
    }
    reading_.at = steady_time::max();
    const bool too_many = head_.size() > fields_max;
    if (too_many || has_folded_line(client_.pending().substr(0, seen))) {
        co_await refuse_head(too_many ? 431 : 400,
                             too_many ? "the request has too many fields"
                                      : "malformed request: a field goes on in the next line");
        co_return head_result::refused;
    }
    client_.consume(seen);
    co_return head_result::complete;
}

task<> session::refuse_head(int status, std::string_view message) {
    // What was asked cannot be told, but the target often can: errors keep the dialect.
    const auto dialect =
        dialect::classify("POST", dialect::split_base_path(head_.target()).target).dialect;
    const auto reply = dialect::make_error(dialect, status, message);
    auto& out = scratch_.response_out;
    write_own_reply(out, status, reply, own_reply_options{.keep_alive = false});
    writing_ = {after(context().options.client_head_max), deadline::action::cut_client};
    (void)co_await client_.write(out);  // a client that is gone does not miss it
    writing_.at = steady_time::max();
    linger_ = true;
}

task<> session::linger() {
    client_.shutdown_write();
    reading_ = {after(linger_max), deadline::action::interrupt_read};
    std::size_t thrown_away = 0;
    while (thrown_away < linger_bytes_max) {
        thrown_away += client_.pending().size();
        client_.consume(client_.pending().size());
        const auto filled = co_await client_.fill();
        if (filled != fill_result::more) break;
    }
    reading_.at = steady_time::max();
}

void session::watch_client() {
    client_.when_idle([this](bool ended) {
        if (ended) {
            cut(cut_reason::client_gone);
        } else {
            watch_client();  // a pipelined request: it waits in the buffer
        }
    });
    client_.shrink();
    client_.arm();
    if (client_.ended()) cut(cut_reason::client_gone);
}

void session::drain() {
    if (waiting_for_request_ && running_ == nullptr) client_.interrupt();
}

void session::cut(cut_reason why) {
    if (cut_by_ != cut_reason::none) return;
    cut_by_ = why;
    if (running_ != nullptr && running_->ends_with_connection()) client_.abort();
    client_.close();
    if (running_ != nullptr) running_->on_cut();
}

void session::check(deadline& d, steady_time now) {
    if (now < d.at) return;
    d.at = steady_time::max();
    switch (d.then) {
        case deadline::action::interrupt_read:
            return client_.interrupt();
        case deadline::action::cut_client:
            return cut(cut_reason::client_stalled);
        case deadline::action::cut_upstream:
            if (running_ != nullptr) running_->on_upstream_stall();
            return;
    }
}

void session::tick(steady_time now) {
    if (running_ != nullptr) running_->on_tick(now);
    // One a tick: what is told can end the session.
    if (now >= writing_.at) return check(writing_, now);
    check(reading_, now);
}

}  // namespace tallyfs::proxy
