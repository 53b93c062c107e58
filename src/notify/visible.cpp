#include <tallyfs/base/text.hpp>
#include <tallyfs/notify/message.hpp>

namespace tallyfs::notify {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

bool cannot_be_seen(std::string_view character) {
    const auto first = static_cast<unsigned char>(character.front());
    return first < 0x20 || first == 0x7f || is_invisible(character);
}

}  // namespace

std::string visible(std::string_view text, std::size_t bytes_max) {
    std::string out;
    while (!text.empty() && out.size() < bytes_max) {
        const auto length = utf8_length(text, 0);
        const auto character = text.substr(0, std::max<std::size_t>(length, 1));
        text.remove_prefix(character.size());
        if (character == "\n" || character == "\t" || character == "\r") {
            out += ' ';
        } else if (length == 0 || cannot_be_seen(character)) {
            out += replacement;
        } else {
            out += character;
        }
    }
    return std::string(clip_utf8(out, bytes_max));
}

}  // namespace tallyfs::notify
