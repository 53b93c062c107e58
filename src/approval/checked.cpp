#include "approval/wording.hpp"

#include <tallyfs/approval/request.hpp>

#include <algorithm>

namespace tallyfs::approval {

namespace {

refusal bad(std::string sentence) {
    return refuse(approval_errc::bad_command, std::move(sentence));
}

bool is_word_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_parameter_name(std::string_view text) {
    return !text.empty() && text.size() <= word_bytes_max && std::ranges::all_of(text, [](char c) {
        return is_word_letter(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    });
}

std::optional<refusal> too_long(std::string_view text, std::string_view what, std::size_t most) {
    if (text.size() <= most) return std::nullopt;
    return refuse(approval_errc::too_large, std::string(what) + " has " +
                                                std::to_string(text.size()) + " bytes: at most " +
                                                std::to_string(most));
}

/// What will be executed must be exactly what is shown, so it is refused instead of cleaned.
std::optional<refusal> not_as_shown(std::string_view text, std::string_view what) {
    if (cleaned(text) == text) return std::nullopt;
    return bad(std::string(what) +
               " holds characters that cannot be seen or are not UTF-8: take them out");
}

std::optional<refusal> check_parameters(const parameters& given) {
    if (given.size() > parameters_max) {
        return refuse(approval_errc::too_large,
                      "at most " + std::to_string(parameters_max) + " parameters are accepted");
    }
    for (const auto& [name, value] : given) {
        const auto shown = is_parameter_name(name)
                               ? "the parameter " + name
                               : "a parameter called " + cleaned(name.substr(0, word_bytes_max));
        if (!is_parameter_name(name)) {
            return bad(shown + " is refused: letters, digits, '-', '_' and '.' make a name");
        }
        if (auto why = too_long(value, shown, value_bytes_max)) return why;
        if (auto why = not_as_shown(value, shown)) return why;
        if (value.find('\n') != std::string::npos) {
            return bad(shown + " has several lines: put long text into evidence");
        }
    }
    return std::nullopt;
}

std::optional<refusal> check_callback(std::string_view url) {
    if (url.empty()) return std::nullopt;
    if (auto why = too_long(url, "callback", callback_bytes_max)) return why;
    const bool web = url.starts_with("http://") || url.starts_with("https://");
    const bool plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f; });
    if (web && plain) return std::nullopt;
    return bad("callback has to be an address that begins with https:// or http://");
}

std::string default_title(const draft& asked) {
    std::string title = asked.kind;
    for (const auto& [name, value] : asked.parameters) {
        const auto more = " " + name + "=" + value;
        if (title.size() + more.size() > title_bytes_max) break;
        title += more;
    }
    return cleaned(title);
}

}  // namespace

bool is_word(std::string_view text) noexcept {
    return !text.empty() && text.size() <= word_bytes_max && is_word_letter(text.front()) &&
           is_word_letter(text.back()) &&
           std::ranges::all_of(text, [](char c) { return is_word_letter(c) || c == '-'; });
}

outcome<draft> checked(draft asked) {
    if (!is_word(asked.kind)) {
        return bad("a kind is made of lowercase words and hyphens, such as cloud-model");
    }
    if (!asked.environment.empty() && !is_word(asked.environment)) {
        return bad("env is made of lowercase words and hyphens, such as prod");
    }
    const auto texts = {std::tuple{&asked.title, "title", title_bytes_max},
                        std::tuple{&asked.reason, "reason", reason_bytes_max},
                        std::tuple{&asked.evidence, "evidence", evidence_bytes_max},
                        std::tuple{&asked.plan, "plan", plan_bytes_max},
                        std::tuple{&asked.undo, "undo", plan_bytes_max}};
    for (const auto& [text, what, most] : texts) {
        // First as it came, so that cleaning never has to read what is far too long.
        if (auto why = too_long(*text, what, 2 * most)) return *why;
        const bool executed = text == &asked.plan || text == &asked.undo;
        if (executed) {
            if (auto why = not_as_shown(*text, what)) return *why;
        } else {
            *text = cleaned(*text);
        }
        if (auto why = too_long(*text, what, most)) return *why;
    }
    std::ranges::replace(asked.title, '\n', ' ');
    if (auto why = check_parameters(asked.parameters)) return *why;
    if (auto why = check_callback(asked.callback)) return *why;
    if (asked.title.empty()) asked.title = default_title(asked);
    return asked;
}

}  // namespace tallyfs::approval
