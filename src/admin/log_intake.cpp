#include "admin/log_intake.hpp"

#include "admin/who.hpp"

namespace tallyfs::admin {

namespace {

constexpr std::string_view prefix = "/audit/in/";
/// Amazon Data Firehose, "HTTP endpoint delivery request and response specifications".
constexpr std::string_view delivery_key = "X-Amz-Firehose-Access-Key";

std::string_view cluster_of(const request& asked) {
    std::string_view target = asked.target();
    target = target.substr(0, target.find('?'));
    return target.substr(std::min(prefix.size(), target.size()));
}

/// As page_request: a class in place of a lambda, for GCC 12.
class handing_over {
  public:
    handing_over(const intake& to, std::string cluster, std::string body)
        : to_(to), cluster_(std::move(cluster)), body_(std::move(body)) {}

    template <class Handler>
    void operator()(Handler handler) {
        auto done = std::make_shared<Handler>(std::move(handler));
        const auto executor = asio::get_associated_executor(*done);
        to_.post(cluster_, std::move(body_), [done, executor](intake_answer made) {
            auto shown = std::make_shared<page>(page{made.status, std::move(made.content_type),
                                                     std::move(made.body), std::nullopt});
            asio::post(executor, [done, shown] { (*done)(std::move(*shown)); });
        });
    }

  private:
    const intake& to_;
    std::string cluster_;
    std::string body_;
};

}  // namespace

bool is_intake(const request& asked) {
    return asked.method() == boost::beast::http::verb::post &&
           std::string_view(asked.target()).starts_with(prefix);
}

bool may_post(const request& asked, const intake& to) {
    const auto place = asked.find(delivery_key);
    const std::string_view secret =
        place != asked.end() ? std::string_view(place->value()) : bearer(asked);
    return !secret.empty() && to.may_post(cluster_of(asked), secret);
}

asio::awaitable<page> take_in(request& asked, const intake& to) {
    handing_over work(to, std::string(cluster_of(asked)), std::move(asked.body()));
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(page)>(
        work, asio::use_awaitable);
}

}  // namespace tallyfs::admin
