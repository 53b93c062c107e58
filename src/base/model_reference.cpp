#include <tallyfs/base/model_reference.hpp>
#include <tallyfs/base/text.hpp>

#include <array>

namespace tallyfs {

namespace {

/// What Go's unicode.IsSpace takes for blank, in UTF-8.
constexpr std::array<std::string_view, 25> blanks{" ",
                                                  "\t",
                                                  "\n",
                                                  "\v",
                                                  "\f",
                                                  "\r",
                                                  "\xc2\x85",
                                                  "\xc2\xa0",
                                                  "\xe1\x9a\x80",
                                                  "\xe2\x80\x80",
                                                  "\xe2\x80\x81",
                                                  "\xe2\x80\x82",
                                                  "\xe2\x80\x83",
                                                  "\xe2\x80\x84",
                                                  "\xe2\x80\x85",
                                                  "\xe2\x80\x86",
                                                  "\xe2\x80\x87",
                                                  "\xe2\x80\x88",
                                                  "\xe2\x80\x89",
                                                  "\xe2\x80\x8a",
                                                  "\xe2\x80\xa8",
                                                  "\xe2\x80\xa9",
                                                  "\xe2\x80\xaf",
                                                  "\xe2\x81\x9f",
                                                  "\xe3\x80\x80"};

std::string_view trimmed(std::string_view text) noexcept {
    for (bool more = true; more && !text.empty();) {
        more = false;
        for (const auto blank : blanks) {
            if (text.starts_with(blank)) {
                text.remove_prefix(blank.size());
                more = true;
            }
            if (text.ends_with(blank)) {
                text.remove_suffix(blank.size());
                more = true;
            }
        }
    }
    return text;
}

}  // namespace

model_reference read_model_reference(std::string_view written) noexcept {
    constexpr std::string_view cloud_ending = "-cloud";
    const auto whole = trimmed(written);
    const auto colon = whole.rfind(':');
    if (colon == std::string_view::npos) return {whole, whole, {}, false};
    const auto base = whole.substr(0, colon);
    const auto tag = trimmed(whole.substr(colon + 1));
    if (equal_ignoring_case(tag, "cloud")) return {whole, base, {}, true};
    if (equal_ignoring_case(tag, "local")) return {whole, base, {}, false};
    if (tag.size() < cloud_ending.size() || tag.find('/') != std::string_view::npos) {
        return {whole, whole, {}, false};
    }
    const auto plain = tag.substr(0, tag.size() - cloud_ending.size());
    if (!equal_ignoring_case(tag.substr(plain.size()), cloud_ending)) {
        return {whole, whole, {}, false};
    }
    return {whole, base, plain, true};
}

}  // namespace tallyfs
