#include <tallyfs/base/text.hpp>
#include <tallyfs/notify/message.hpp>

namespace tallyfs::notify {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

struct range {
    char32_t first;
    char32_t last;
};
/// C1 controls, soft hyphen, marks and overrides of direction, separators of lines, zero width,
/// byte order mark, tags: as in base/text.hpp, encode_name().
constexpr range invisible[] = {{0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
                               {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},
                               {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f}};

/// The bytes of the character at the front; 0 if it is no UTF-8.
std::size_t length_of(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    return length <= text.size() && is_utf8(text.substr(0, length)) ? length : 0;
}

char32_t value_of(std::string_view character) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(character[at]); };
    if (character.size() == 1) return byte(0);
    char32_t value = byte(0) & (0xffU >> (character.size() + 1));
    for (std::size_t i = 1; i < character.size(); ++i) value = value << 6 | (byte(i) & 0x3fU);
    return value;
}

bool cannot_be_seen(char32_t value) {
    return value < 0x20 || std::ranges::any_of(invisible, [&](const range& r) {
               return value >= r.first && value <= r.last;
           });
}

}  // namespace

std::string visible(std::string_view text, std::size_t bytes_max) {
    std::string out;
    while (!text.empty() && out.size() < bytes_max) {
        const auto length = length_of(text);
        const auto character = text.substr(0, std::max<std::size_t>(length, 1));
        text.remove_prefix(character.size());
        if (character == "\n" || character == "\t" || character == "\r") {
            out += ' ';
        } else if (length == 0 || cannot_be_seen(value_of(character))) {
            out += replacement;
        } else {
            out += character;
        }
    }
    return std::string(clip_utf8(out, bytes_max));
}

}  // namespace tallyfs::notify
