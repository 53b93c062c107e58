#include "notify/look_up.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>

#include <cstring>
#include <netdb.h>
#include <system_error>

namespace tallyfs::notify {

namespace {

namespace asio = boost::asio;
using boost::asio::ip::tcp;

/// Shared with a thread that may outlast its asker.
struct question {
    bool done = false;  ///< guarded by the stopper
    result<endpoints> found =
        error_code(boost::system::errc::make_error_code(boost::system::errc::timed_out));
};

result<endpoints> ask_system(const std::string& host, std::uint16_t port) {
    ::addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    ::addrinfo* list = nullptr;
    const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    if (failure != 0) return error_code(failure, asio::error::get_addrinfo_category());
    const std::unique_ptr<::addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
    endpoints all;
    for (const auto* one = list; one != nullptr; one = one->ai_next) {
        tcp::endpoint endpoint;
        if (one->ai_addrlen > endpoint.capacity()) continue;
        std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
        endpoint.resize(one->ai_addrlen);
        all.push_back(endpoint);
    }
    if (all.empty()) return error_code(asio::error::host_not_found);
    return all;
}

}  // namespace

result<endpoints> look_up(const web_address& address,
                          std::chrono::steady_clock::time_point deadline,
                          const std::shared_ptr<stopper>& stop) {
    error_code no_address;
    const auto literal = asio::ip::make_address(address.host, no_address);
    if (!no_address) return endpoints{{literal, address.port}};
    const auto asked = std::make_shared<question>();
    // A server of names that does not answer would hold up this thread, and the end of the daemon
    // with it, for longer than anybody waits.
    const auto ask = [asked, stop, host = address.host, port = address.port] {
        auto found = ask_system(host, port);
        stop->complete([&] {
            asked->found = std::move(found);
            asked->done = true;
        });
    };
    try {
        std::thread(ask).detach();
    } catch (const std::system_error& error) {  // as many as the system allows: tried again later
        return error_code(error.code().value(), boost::system::generic_category());
    }
    stop->await(asked->done, deadline);
    result<endpoints> found = endpoints{};
    stop->complete([&] { found = asked->found; });
    return found;
}

}  // namespace tallyfs::notify
