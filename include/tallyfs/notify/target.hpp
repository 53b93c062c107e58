// Where messages go, and what is sent there: one HTTP request a message, in the target's format.
// Formats: docs/notify.md, "Formats", with the address of each service's own documentation.
#pragma once

#include <tallyfs/notify/message.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyfs::notify {

/// An address for requests. Its path can be a secret, so it is never shown or logged.
struct web_address {
    bool tls = false;
    std::string host;  ///< without brackets
    std::uint16_t port = 0;
    std::string path = "/";  ///< with the query

    /// "example.org:8080", "[::1]:8080": the port only where it is not the usual one.
    [[nodiscard]] std::string host_header() const;
    [[nodiscard]] bool is_loopback() const;
    bool operator==(const web_address&) const = default;
};
/// Reads "http://host[:port][/path]" or https; nullopt for anything else, also for a name and
/// password in it, blanks and control characters.
[[nodiscard]] std::optional<web_address> parse_web_address(std::string_view text);

enum class format : std::uint8_t {
    mattermost,
    slack,
    pagerduty,
    opsgenie,
    ntfy,
    json,
    slack_direct,
    mattermost_direct,
};
[[nodiscard]] std::vector<std::string> format_names();
[[nodiscard]] std::optional<format> parse_format(std::string_view name);
[[nodiscard]] std::string_view to_string(format value) noexcept;
/// Where the service of a format is, if there is only one such place; "" otherwise.
[[nodiscard]] std::string_view default_address(format value) noexcept;

/// Whether it tells single persons, each with a link of their own.
[[nodiscard]] bool is_direct(format value) noexcept;

struct target {
    std::string name;
    notify::format format = notify::format::json;
    web_address address;
    std::string token;                ///< "" if it needs none
    std::vector<std::string> events;  ///< events and groups; empty: all
    std::string body_template;        ///< of json; "": the fields of a message
};

/// What is wrong with the target by itself, or "": its name, events, template, a missing token.
/// Never quotes address or token.
[[nodiscard]] std::string problem_of(const target& t);

/// A request, ready to be sent; the same for the same message.
struct outgoing {
    std::string method = "POST";
    web_address address;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool reads_body = false;  ///< of the answer
};
/// Not for a direct one: what goes there depends on who is told.
[[nodiscard]] outgoing format_message(const target& t, const message& m);

}  // namespace tallyfs::notify
