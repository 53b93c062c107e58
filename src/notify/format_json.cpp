#include "notify/formats.hpp"

#include <tallyfs/base/nearest.hpp>

namespace tallyfs::notify {

namespace {

constexpr std::size_t template_bytes_max = 16 * 1024;
const std::vector<std::string> placeholders{"title", "text", "event", "subject",  "head",
                                            "link",  "node", "time",  "severity", "number"};

std::string value_of(std::string_view name, const message& m) {
    if (name == "title") return m.title;
    if (name == "text") return m.text();
    if (name == "event") return m.event;
    if (name == "subject") return m.subject;
    if (name == "head") return m.head;
    if (name == "link") return m.link;
    if (name == "node") return m.node;
    if (name == "time") return to_rfc3339(m.time);
    if (name == "severity") return std::string(to_string(m.severity));
    return std::to_string(m.number);
}

/// Calls each(name, known) for every `{word}` and copies the rest; what each() returns takes its
/// place. What was put in is not looked at again.
template <class Each>
std::string replaced(std::string_view text, Each each) {
    std::string out;
    while (!text.empty()) {
        const auto begin = text.find('{');
        out += text.substr(0, begin);
        if (begin == std::string_view::npos) break;
        text.remove_prefix(begin);
        const auto end =
            std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", 1), text.size());
        if (end > 1 && end < text.size() && text[end] == '}') {
            out += each(text.substr(1, end - 1));
            text.remove_prefix(end + 1);
        } else {
            out += '{';
            text.remove_prefix(1);
        }
    }
    return out;
}

/// Only strings have placeholders: what is put in is escaped when the whole is written.
template <class Each>
void replace_all(ordered_json& value, const Each& each) {
    if (value.is_string()) {
        value = replaced(value.get_ref<const std::string&>(), each);
    } else if (value.is_structured()) {
        for (auto& part : value) replace_all(part, each);
    }
}

}  // namespace

std::string dumped(const ordered_json& value) {
    return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string template_problem(const std::string& text) {
    if (text.size() > template_bytes_max) return "is longer than 16384 bytes";
    auto parsed = ordered_json::parse(text, nullptr, false);
    if (!parsed.is_object()) return "is no JSON object";
    std::string problem;
    replace_all(parsed, [&](std::string_view name) {
        if (problem.empty() && std::ranges::find(placeholders, name) == placeholders.end()) {
            problem = "has {" + std::string(name) + "}, which is unknown" +
                      did_you_mean(name, placeholders);
        }
        return std::string();
    });
    return problem;
}

ordered_json json_body(const target& t, const message& m) {
    if (!t.body_template.empty()) {
        auto body = ordered_json::parse(t.body_template, nullptr, false);
        replace_all(body, [&](std::string_view name) { return value_of(name, m); });
        return body;
    }
    ordered_json facts = ordered_json::object();
    for (const auto& one : m.facts) facts[one.name] = one.value;
    return {{"number", m.number},   {"time", to_rfc3339(m.time)},
            {"node", m.node},       {"event", m.event},
            {"subject", m.subject}, {"severity", to_string(m.severity)},
            {"title", m.title},     {"facts", std::move(facts)},
            {"ends", m.ends},       {"head", m.head},
            {"link", m.link}};
}

}  // namespace tallyfs::notify
