#include "notify/formats.hpp"

#include <tallyfs/base/nearest.hpp>
#include <tallyfs/notify/target.hpp>

namespace tallyfs::notify {

namespace {

constexpr std::size_t name_bytes_max = 32;
constexpr std::array<std::string_view, 8> names{
    "mattermost", "slack", "pagerduty",    "opsgenie",
    "ntfy",       "json",  "slack-direct", "mattermost-direct"};

/// Names are names of files as well.
bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= name_bytes_max &&
           std::ranges::all_of(name, [](unsigned char c) {
               return (c < 0x80 && std::isalnum(c) != 0) || c == '-' || c == '_';
           });
}

/// Everything but letters, digits and `-` `_` `.`, for a part of a path.
std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.')) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

/// The topic is the last part of the address, as with curl; a body in JSON goes to what is before.
std::string take_topic(web_address& address) {
    auto& path = address.path;
    path = path.substr(0, path.find('?'));
    const auto slash = path.rfind('/');
    auto topic = path.substr(slash + 1);
    path.resize(slash + 1);
    return topic;
}

}  // namespace

std::vector<std::string> format_names() {
    return {names.begin(), names.end()};
}

std::optional<format> parse_format(std::string_view name) {
    const auto* const place = std::ranges::find(names, name);
    if (place == names.end()) return std::nullopt;
    return static_cast<format>(place - names.begin());
}

std::string_view to_string(format value) noexcept {
    return names[static_cast<std::size_t>(value)];
}

std::string_view default_address(format value) noexcept {
    if (value == format::slack_direct) return "https://slack.com/api/chat.postMessage";
    if (value == format::pagerduty) return "https://events.pagerduty.com/v2/enqueue";
    return value == format::opsgenie ? "https://api.opsgenie.com/v2/alerts" : "";
}

bool is_direct(format value) noexcept {
    return value == format::slack_direct || value == format::mattermost_direct;
}

std::string problem_of(const target& t) {
    if (!is_name(t.name)) return "name must be 1 to 32 letters, digits, '-' and '_'";
    const auto known = event_names();
    for (const auto& event : t.events) {
        if (std::ranges::find(known, event) != known.end()) continue;
        return "events holds \"" + event + "\", which is unknown" + did_you_mean(event, known);
    }
    const bool keyed =
        t.format == format::pagerduty || t.format == format::opsgenie || is_direct(t.format);
    if (keyed && t.token.empty()) {
        return "token_file or token_env is missing: " + std::string(to_string(t.format)) +
               " needs its key";
    }
    if (std::ranges::any_of(t.token, [](char c) { return c <= ' ' || c >= 0x7f; })) {
        return "token_file holds more than one word";
    }
    if (!t.body_template.empty()) {
        if (t.format != format::json) return "template is of the format json only";
        if (const auto wrong = template_problem(t.body_template); !wrong.empty())
            return "template " + wrong;
    }
    auto address = t.address;
    if (t.format == format::ntfy && take_topic(address).empty()) {
        return "the address of ntfy must end in a topic: https://ntfy.sh/TOPIC";
    }
    return "";
}

std::string idempotency_key(std::string_view node, std::uint64_t number) {
    return percent_encoded(node) + "-" + std::to_string(number);
}

outgoing format_message(const target& t, const message& m) {
    outgoing made;
    made.address = t.address;
    made.headers = {{"Content-Type", "application/json"},
                    {"Idempotency-Key", idempotency_key(m.node, m.number)}};
    const auto authorize = [&](const char* scheme) {
        if (!t.token.empty()) made.headers.emplace_back("Authorization", scheme + t.token);
    };
    switch (t.format) {
        case format::mattermost:
            made.body = dumped(mattermost_body(m));
            break;
        case format::slack:
            made.body = dumped(slack_body(m));
            break;
        case format::pagerduty:
            made.body = dumped(pagerduty_body(t, m));
            break;
        case format::opsgenie:
            authorize("GenieKey ");
            made.body = dumped(m.ends ? opsgenie_closing_body(m) : opsgenie_body(m));
            if (m.ends) {
                made.address.path +=
                    "/" + percent_encoded(alarm_name(m)) + "/close?identifierType=alias";
            }
            break;
        case format::ntfy:
            authorize("Bearer ");
            made.body = dumped(ntfy_body(m, take_topic(made.address)));
            break;
        case format::json:
            authorize("Bearer ");
            made.body = dumped(json_body(t, m));
            break;
        case format::slack_direct:
        case format::mattermost_direct:
            throw std::logic_error("a direct message is sent to somebody");
    }
    return made;
}

}  // namespace tallyfs::notify
