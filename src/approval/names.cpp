#include "approval/names.hpp"

namespace tallyfs::approval {

std::string_view to_string(known_by value) noexcept {
    return word(value);
}
std::string_view to_string(way value) noexcept {
    return word(value);
}
std::string_view to_string(verdict value) noexcept {
    return word(value);
}
std::string_view to_string(ending value) noexcept {
    return word(value);
}
std::string_view to_string(settlement value) noexcept {
    return word(value);
}
std::string_view to_string(state value) noexcept {
    return word(value);
}
std::optional<known_by> parse_known_by(std::string_view text) noexcept {
    return parse_word<known_by>(text);
}

}  // namespace tallyfs::approval
