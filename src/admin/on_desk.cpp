#include "admin/on_desk.hpp"

#include <cerrno>

namespace tallyfs::admin {

namespace {

/// A class with named members instead of a lambda in the co_await expression: GCC 12 destroys
/// temporaries of such an expression twice.
class command_on_desk {
  public:
    explicit command_on_desk(std::function<void(state::approvals::reply)> start)
        : start_(std::move(start)) {}
    template <class Handler>
    void operator()(Handler handler) const {
        auto done = std::make_shared<Handler>(std::move(handler));
        const auto executor = asio::get_associated_executor(*done);
        start_([done, executor](const state::command_failure& failure, std::uint32_t number) {
            asio::post(executor, [done, answer = answered{failure, number}] { (*done)(answer); });
        });
    }

  private:
    std::function<void(state::approvals::reply)> start_;
};

}  // namespace

asio::awaitable<answered> on_desk(std::function<void(state::approvals::reply)> start) {
    const command_on_desk command(std::move(start));
    auto answer = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(answered)>(
        command, asio::use_awaitable);
    co_return answer;
}

int status_of(int number) noexcept {
    switch (number) {
        case 0:
            return 200;
        case EACCES:
            return 403;
        case EPERM:
            return 409;
        case ENOENT:
            return 404;
        case EMSGSIZE:
            return 413;
        case ENOSPC:
        case EAGAIN:
            return 503;
        case EINVAL:
            return 400;
        default:
            return 500;
    }
}

}  // namespace tallyfs::admin
