#include <tallyfs/base/model_reference.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/base/wildcard.hpp>
#include <tallyfs/policy/glob.hpp>

#include <algorithm>

namespace tallyfs::policy {

namespace {

constexpr std::string_view user_manager = "unit:user@";  // the systemd instance of one user
constexpr std::size_t uid_digits_max = 10;               // of 32 bits
constexpr std::string_view default_tag = ":latest";

/// Takes off what Ollama adds itself to a model's name.
std::string_view without_registry(std::string_view model) {
    if (const auto scheme = model.find("://"); scheme != std::string_view::npos) {
        model.remove_prefix(scheme + 3);
    }
    for (const std::string_view prefix : {"registry.ollama.ai/", "library/"}) {
        if (equal_ignoring_case(model.substr(0, prefix.size()), prefix)) {
            model.remove_prefix(prefix.size());
        }
    }
    return model;
}

bool has_tag(std::string_view name) {
    const auto last_part = name.find_last_of('/');
    return name.find(':', last_part == std::string_view::npos ? 0 : last_part) !=
           std::string_view::npos;
}

}  // namespace

glob::glob(std::string_view pattern)
    : text_(pattern.empty() ? "*" : pattern), kind_(kind::general), edge_(text_.back()) {
    const auto first = text_.find_first_of("*?");
    if (first == std::string::npos) {
        kind_ = kind::exact;
    } else if (text_.find_first_of("*?", first + 1) == std::string::npos && text_[first] == '*') {
        if (text_.size() == 1) return;
        if (first == 0) kind_ = kind::ends;
        if (first + 1 == text_.size()) {
            kind_ = kind::begins;
            edge_ = text_.front();
        }
    }
}

bool glob::matches_wild(std::string_view name) const noexcept {
    const std::string_view text = text_;
    switch (kind_) {
        case kind::begins:
            return name.starts_with(text.substr(0, text.size() - 1));
        case kind::ends:
            return name.ends_with(text.substr(1));
        default:
            return tallyfs::matches(name, text, wildcards::star_and_mark);
    }
}

principal_name::principal_name(std::string_view principal) noexcept : written_(principal) {
    if (!principal.starts_with(user_manager)) return;
    principal.remove_prefix(user_manager.size());
    const auto digits = std::min(principal.find_first_not_of("0123456789"), principal.size());
    if (digits == 0 || digits > uid_digits_max) return;
    const auto rest = principal.substr(digits);
    if (rest != ".service" && !rest.starts_with(".service/")) return;
    constexpr std::string_view prefix = "uid:";
    auto* const end = std::copy(prefix.begin(), prefix.end(), user_.begin());
    std::copy_n(principal.begin(), digits, end);
    size_ = prefix.size() + digits;
}

principal_pattern::principal_pattern(std::string_view pattern)
    : pattern_(pattern), names_users_(pattern.starts_with(user_manager)) {}

model_name::model_name(std::string_view model) {
    const auto reference = read_model_reference(model);
    const auto name = without_registry(reference.base);
    if (name.empty()) return;
    const auto add = [this](std::string_view text) {
        text_.insert(text_.end(), text.begin(), text.end());
    };
    text_.reserve(model.size() + default_tag.size());
    add(name);
    if (!reference.tag.empty()) {
        add(":");
        add(reference.tag);
    }
    if (reference.cloud) add(has_tag(full()) ? "-cloud" : ":cloud");
    for (char& c : text_) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (!has_tag(full())) add(default_tag);
    short_ = full().ends_with(default_tag) ? text_.size() - default_tag.size() : text_.size();
}

model_pattern::model_pattern(std::string_view pattern)
    : pattern_(to_lower(without_registry(pattern))) {}

}  // namespace tallyfs::policy
