#include "proxy/model_origins.hpp"

#include <tallyfs/base/text.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <proxy/message_head.hpp>
#include <proxy/worker.hpp>

namespace tallyfs::proxy {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto believed_for = 5s;
constexpr std::size_t names_max = 10'000;
// /api/show is answered from a file; what takes longer than this is as good as down.
constexpr auto answer_max = 5s;
constexpr std::size_t body_bytes_max = std::size_t{16} << 20;  // licences, templates, tensors

error_code bad_message() {
    return boost::system::errc::make_error_code(boost::system::errc::bad_message);
}

result<std::string> remote_host_in(int status, std::string_view body) {
    if (status == 404) return std::string();
    if (status != 200) return bad_message();
    error_code failure;
    const auto value = json::parse(body, failure);
    if (failure || !value.is_object()) return bad_message();
    const auto* const host = value.get_object().if_contains("remote_host");
    if (host == nullptr) return std::string();
    if (!host->is_string()) return bad_message();
    return std::string(host->get_string());
}

std::string show_request(const std::string& upstream, std::string_view model) {
    std::string body = "{\"model\":";
    append_json_string(body, model);
    body += '}';
    return "POST /api/show HTTP/1.1\r\nHost: " + upstream +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

/// The whole response, with its connection kept for another request where that is possible.
class show_exchange {
  public:
    explicit show_exchange(upstream_connection& connection) : io_(connection.io) {}

    task<error_code> run(const std::string& request) {
        auto error = co_await io_.write(request);
        while (!error && !parser_.is_done()) {
            error = take();
            if (error || parser_.is_done()) break;
            const auto filled = co_await io_.fill();
            if (filled != fill_result::more) error = io_.end_reason();
            if (!error && filled != fill_result::more) error = bad_message();
        }
        co_return error;
    }
    [[nodiscard]] result<std::string> remote_host() const {
        return remote_host_in(head_.status(), body_);
    }
    [[nodiscard]] bool reusable() const { return parser_.keep_alive() && io_.pending().empty(); }

  private:
    error_code take() {
        while (!parser_.is_done() && !io_.pending().empty()) {
            const auto input = io_.pending();
            error_code error;
            const auto count = parser_.put(asio::buffer(input.data(), input.size()), error);
            body_.append(parser_.take_piece());
            io_.consume(count);
            if (error == http::error::need_more) return {};
            if (error) return error;
            if (body_.size() > body_bytes_max) return bad_message();
        }
        return {};
    }

    buffered_socket& io_;
    message_head head_;
    response_parser parser_{head_};
    std::string body_;
};

}  // namespace

std::optional<std::string> model_origins::known(std::string_view model, steady_time now) const {
    const auto place = known_.find(std::string(model));
    if (place == known_.end() || now - place->second.asked > believed_for) return std::nullopt;
    return place->second.remote_host;
}

void model_origins::learn(std::string_view model, std::string remote_host, steady_time now) {
    if (known_.size() >= names_max) known_.clear();
    known_[std::string(model)] = {std::move(remote_host), now};
}

task<result<std::string>> ask_remote_host(worker& w, upstream_pointer to, std::string model) {
    auto& pool = w.pool();
    const auto request = show_request(to->text, model);
    error_code error;
    for (bool fresh = false;;) {
        std::unique_ptr<upstream_connection> connection;
        if (!fresh) connection = pool.take(to);
        fresh = connection == nullptr;
        if (fresh) connection = pool.make(to);
        steady_timer deadline(w.io(), answer_max);
        bool expired = false;
        deadline.async_wait([&expired, asked = connection.get()](const error_code& cancelled) {
            if (cancelled) return;
            expired = true;
            asked->close();
        });
        error = {};
        if (fresh) error = co_await pool.connect(*connection);
        show_exchange asking(*connection);
        if (!error) error = co_await asking.run(request);
        const bool in_time = deadline.cancel() > 0;
        // The deadline's handler refers to this frame: it must have run before the frame goes.
        if (!in_time && !expired) co_await asio::post(w.io(), use_task);
        if (!error && asking.reusable()) {
            auto found = asking.remote_host();
            pool.give_back(std::move(connection));
            co_return found;
        }
        result<std::string> found = error;
        if (!error) found = asking.remote_host();
        pool.discard(std::move(connection));
        if (!error || fresh || expired) co_return found;
        fresh = true;  // an idle connection had died
    }
}

}  // namespace tallyfs::proxy
