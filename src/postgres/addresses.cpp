#include "postgres/addresses.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <netdb.h>
#include <poll.h>

namespace tallyfs::postgres {

namespace {

using std::chrono::milliseconds;

struct look_up {
    std::string host;
    addrinfo hints{};
    gaicb request{};

    ~look_up() {
        if (request.ar_result != nullptr) ::freeaddrinfo(request.ar_result);
    }
};

/// Look-ups that nobody waits for any more, while glibc still writes to them. Never destroyed: one
/// may end after main.
struct forgotten {
    static constexpr std::size_t look_ups_max = 64;
    std::mutex mutex;
    std::list<std::unique_ptr<look_up>> still_running;

    static forgotten& all() {
        static auto& only = *new forgotten;
        return only;
    }
    bool full() {
        const std::lock_guard lock(mutex);
        still_running.remove_if(
            [](const auto& one) { return ::gai_error(&one->request) != EAI_INPROGRESS; });
        return still_running.size() >= look_ups_max;
    }
    void take(std::unique_ptr<look_up> one) {
        const std::lock_guard lock(mutex);
        still_running.push_back(std::move(one));
    }
};

bool is_readable(int descriptor) {
    pollfd wanted{descriptor, POLLIN, 0};
    return descriptor >= 0 && ::poll(&wanted, 1, 0) == 1;
}

/// gai_suspend cannot wait for a descriptor too, so it is interrupted to look at it.
bool wait_for(look_up& one, steady_time deadline, int give_up) {
    while (::gai_error(&one.request) == EAI_INPROGRESS) {
        const auto now = std::chrono::steady_clock::now();
        if (now >= deadline || is_readable(give_up)) return false;
        const auto slice = std::min(std::chrono::ceil<milliseconds>(deadline - now),
                                    give_up >= 0 ? milliseconds(100) : milliseconds(10'000));
        const timespec time{slice.count() / 1000, slice.count() % 1000 * 1'000'000};
        const std::array<const gaicb*, 1> list{&one.request};
        ::gai_suspend(list.data(), 1, &time);
    }
    return true;
}

std::vector<std::string> numeric(const addrinfo* found) {
    std::vector<std::string> all;
    for (; found != nullptr && all.size() < addresses_max; found = found->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0) {
            all.emplace_back(text.data());
        }
    }
    return all;
}

}  // namespace

bool is_loopback(const std::string& address) {
    in_addr four{};
    if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    in6_addr six{};
    return ::inet_pton(AF_INET6, address.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

std::string tls_mode(const endpoint& where, const std::string& address) {
    if (!where.tls.empty()) return where.tls;
    return address.empty() || is_loopback(address) ? "prefer" : "verify-full";
}

outcome<std::vector<std::string>> addresses_of(const std::string& host, steady_time deadline,
                                               int give_up) {
    std::array<unsigned char, 16> binary{};
    if (::inet_pton(AF_INET, host.c_str(), binary.data()) == 1 ||
        ::inet_pton(AF_INET6, host.c_str(), binary.data()) == 1) {
        return std::vector{host};
    }
    if (forgotten::all().full()) {
        return failure{"", host + ": too many names are being looked up: is the resolver down?",
                       true};
    }
    auto one = std::make_unique<look_up>();
    one->host = host;
    one->hints.ai_socktype = SOCK_STREAM;
    one->hints.ai_flags = AI_ADDRCONFIG;
    one->request.ar_name = one->host.c_str();
    one->request.ar_request = &one->hints;
    std::array<gaicb*, 1> list{&one->request};
    if (::getaddrinfo_a(GAI_NOWAIT, list.data(), 1, nullptr) != 0) {
        return failure{"", host + ": its name could not be looked up", true};
    }
    if (!wait_for(*one, deadline, give_up) && ::gai_cancel(&one->request) == EAI_NOTCANCELED) {
        forgotten::all().take(std::move(one));
        return failure{"", host + ": the resolver does not answer", true};
    }
    const int state = ::gai_error(&one->request);
    auto found = state == 0 ? numeric(one->request.ar_result) : std::vector<std::string>{};
    if (found.empty()) {
        const std::string why = state == 0 ? "no address" : ::gai_strerror(state);
        return failure{"", host + ": unknown host (" + why + ")", true};
    }
    return found;
}

}  // namespace tallyfs::postgres
