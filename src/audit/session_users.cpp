#include "audit/session_users.hpp"

#include <algorithm>
#include <utility>

namespace tallyfs::audit {

namespace {

constexpr std::string_view authorized = "connection authorized: user=";
constexpr std::string_view replication = "replication connection authorized: user=";
constexpr std::string_view received = "connection received: ";
constexpr std::string_view disconnected = "disconnection: session time: ";

/// Up to the first of what can stand behind a name.
std::string_view take_name(std::string_view& rest,
                           std::initializer_list<std::string_view> followers) {
    std::size_t end = rest.size();
    for (const auto& follower : followers) end = std::min(end, rest.find(follower));
    const auto name = rest.substr(0, end);
    rest.remove_prefix(end);
    return name;
}

}  // namespace

session_users::names& session_users::keep(std::string_view key, names value) {
    if (young_.size() >= sessions_max / 2) {
        old_ = std::move(young_);
        young_.clear();
    }
    return young_.insert_or_assign(std::string(key), std::move(value)).first->second;
}

void session_users::see(std::string_view key, std::string_view message) {
    // A process id comes back with another session, which begins and ends with these.
    if (message.starts_with(received) || message.starts_with(disconnected)) {
        if (const auto at = young_.find(key); at != young_.end()) young_.erase(at);
        if (const auto at = old_.find(key); at != old_.end()) old_.erase(at);
        return;
    }
    constexpr std::string_view database = " database=";
    std::string_view rest = message;
    if (message.starts_with(authorized)) {
        rest.remove_prefix(authorized.size());
    } else if (message.starts_with(replication)) {
        rest.remove_prefix(replication.size());
    } else {
        return;
    }
    if (find(key) != nullptr) return;
    names value;
    value.user = take_name(rest, {database, " application_name=", " SSL enabled (", " GSS ("});
    if (rest.starts_with(database)) {
        rest.remove_prefix(database.size());
        value.database = take_name(rest, {" application_name=", " SSL enabled (", " GSS ("});
    }
    keep(key, std::move(value));
}

const session_users::names* session_users::find(std::string_view key) {
    if (const auto at = young_.find(key); at != young_.end()) return &at->second;
    const auto at = old_.find(key);
    if (at == old_.end()) return nullptr;
    names value = std::move(at->second);
    old_.erase(at);
    return &keep(key, std::move(value));
}

}  // namespace tallyfs::audit
