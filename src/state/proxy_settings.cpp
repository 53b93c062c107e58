#include <tallyfs/state/proxy_settings.hpp>

namespace tallyfs::state {

upstream_address::upstream_address(std::string host_name, std::uint16_t port_number)
    : host(std::move(host_name)), port(port_number) {
    const bool v6 = host.find(':') != std::string::npos;
    text = (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

void upstream_choice::set(upstream_address address) {
    auto next = std::make_shared<const upstream_address>(std::move(address));
    {
        const std::lock_guard lock(mutex_);
        current_ = std::move(next);
    }
    ++version_;
    if (told_) told_();
}

std::shared_ptr<const upstream_address> upstream_choice::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

}  // namespace tallyfs::state
