#include <tallyfs/base/text.hpp>
#include <tallyfs/notify/callback.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::notify {

namespace {

/// What a server may take for `.`, `/`, `\` or `%` after it has decoded the path once more.
constexpr std::array<std::string_view, 5> ambiguous{"\\", "%2e", "%2f", "%5c", "%25"};

/// Without anything that leads out of where the path begins, also with parameters: `/..;a/`.
bool stays_below(std::string_view path) {
    const auto lower = to_lower(path);
    const bool plain = std::ranges::none_of(
        ambiguous, [&](auto text) { return lower.find(text) != std::string::npos; });
    if (!plain) return false;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const auto segment = path.substr(0, path.find('/'));
        const auto name = segment.substr(0, segment.find(';'));
        if (name == "." || name == "..") return false;
        path.remove_prefix(segment.size());
    }
    return true;
}

std::string_view without_query(std::string_view path) {
    return path.substr(0, path.find('?'));
}

bool begins_with(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return false;
    return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace

std::string allowed_problem(std::string_view text) {
    const auto address = parse_web_address(text);
    if (!address) {
        return "holds \"" + std::string(text) +
               "\", which is no address such as http://127.0.0.1:5678/, without a name and "
               "password";
    }
    const bool whole = text.find_first_of("?#") == std::string_view::npos;
    if (!whole || !stays_below(address->path)) {
        return "holds \"" + std::string(text) + "\": the beginning of a path has no ?, # and ..";
    }
    return "";
}

bool is_allowed(const web_address& address, const std::vector<web_address>& allowed) {
    const auto path = without_query(address.path);
    return stays_below(path) && std::ranges::any_of(allowed, [&](const web_address& one) {
               return one.tls == address.tls && equal_ignoring_case(one.host, address.host) &&
                      one.port == address.port && begins_with(path, one.path);
           });
}

std::string callback_problem(std::string_view callback, const std::vector<web_address>& allowed) {
    if (callback.empty()) return "";
    if (allowed.empty()) {
        return "callback is refused: [callbacks] allowed in the configuration names no address";
    }
    const auto address = parse_web_address(callback);
    if (address && is_allowed(*address, allowed)) return "";
    return "callback is refused: its address begins with none of [callbacks] allowed in the "
           "configuration";
}

}  // namespace tallyfs::notify
