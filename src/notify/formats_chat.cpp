#include "notify/formats.hpp"

#include <tallyfs/base/text.hpp>

namespace tallyfs::notify {

namespace {

constexpr std::string_view zero_width_space = "\xe2\x80\x8b";
constexpr std::string_view markdown = "\\`*_[]#>|~";
// docs.slack.dev, "Block Kit": of the fields of a section.
constexpr std::size_t slack_fields_max = 10;

/// `@channel` would call everybody, and an address in a name would be a link to follow.
void append_harmless(std::string& out, std::string_view text, std::size_t at) {
    out += text[at];
    const bool scheme = text.substr(at).starts_with("://");
    const bool bare = at >= 3 && text[at] == '.' && to_lower(text.substr(at - 3, 3)) == "www";
    if (text[at] == '@' || scheme || bare) out += zero_width_space;
}

std::string page_text(const message& m) {
    if (m.link.find("/answer/") != std::string::npos) return "Answer " + m.subject;
    return m.link.find("/page/") != std::string::npos ? "Open " + m.subject : "Open";
}

ordered_json plain_text(std::string text) {
    return {{"type", "plain_text"}, {"text", std::move(text)}, {"emoji", false}};
}

int ntfy_priority(const message& m) {
    if (m.severity == severity::critical) return 5;
    return m.severity == severity::warning ? 4 : 3;
}

}  // namespace

std::string slack_text(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        switch (text[at]) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                append_harmless(out, text, at);
        }
    }
    return out;
}

std::string mattermost_text(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (markdown.find(text[at]) != std::string_view::npos) out += '\\';
        append_harmless(out, text, at);
    }
    return out;
}

ordered_json mattermost_body(const message& m) {
    std::string text = "**" + mattermost_text(m.title) + "**\n";
    for (const auto& one : m.facts) {
        text += "- " + one.name + ": " + mattermost_text(one.value) + "\n";
    }
    text += "\n[" + mattermost_text(page_text(m)) + "](" + m.link + ")\n";
    text += "`" + m.head + "`";
    return {{"username", "tallyfs"}, {"text", std::move(text)}};
}

/// Texts are `plain_text`: nothing in them is a mention, a link or an emoji.
ordered_json slack_body(const message& m) {
    ordered_json fields = ordered_json::array();
    for (const auto& one : m.facts) {
        if (fields.size() == slack_fields_max) break;
        fields.push_back(plain_text(slack_text(one.name + ": " + one.value)));
    }
    ordered_json section = {{"type", "section"}, {"text", plain_text(slack_text(m.title))}};
    if (!fields.empty()) section["fields"] = std::move(fields);
    ordered_json button = {{"type", "button"},
                           {"text", plain_text(slack_text(page_text(m)))},
                           {"url", m.link},
                           {"action_id", "open"}};
    ordered_json actions = {{"type", "actions"},
                            {"elements", ordered_json::array({std::move(button)})}};
    ordered_json context = {{"type", "context"},
                            {"elements", ordered_json::array({plain_text("head " + m.head)})}};
    return {{"text", slack_text(m.title)},
            {"unfurl_links", false},
            {"blocks",
             ordered_json::array({std::move(section), std::move(actions), std::move(context)})}};
}

ordered_json ntfy_body(const message& m, std::string_view topic) {
    ordered_json view = {{"action", "view"}, {"label", page_text(m)}, {"url", m.link}};
    return {{"topic", topic},
            {"title", m.title},
            {"message", m.text() + "\nHead: " + m.head},
            {"priority", ntfy_priority(m)},
            {"tags", ordered_json::array({m.event})},
            {"click", m.link},
            {"actions", ordered_json::array({std::move(view)})}};
}

}  // namespace tallyfs::notify
