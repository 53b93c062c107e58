#include "trail/log_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace tallyfs::trail {

namespace {

/// "1" to "9999" behind a dot are the rotations of logrotate; longer digits are dates.
constexpr std::size_t rotation_digits_max = 4;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Where ".1", "-20261120" or ".2026-11-20-03" begins at the end of a name; its size if nowhere.
std::size_t begin_of_suffix(std::string_view name) noexcept {
    std::size_t at = name.size();
    std::size_t begin = at;
    while (at > 0 && (is_digit(name[at - 1]) || name[at - 1] == '-' || name[at - 1] == '_')) {
        --at;
        if (name[at] == '-' && at + 1 < name.size()) begin = at;
    }
    if (at > 0 && name[at - 1] == '.' && at < name.size() && is_digit(name[at])) begin = at - 1;
    return begin == 0 ? name.size() : begin;
}

/// 0 for the file that is written now.
unsigned rotation_of(std::string_view name) {
    const auto suffix = name.substr(begin_of_suffix(name));
    if (suffix.empty()) return 0;
    unsigned number = 0;
    const auto digits = suffix.substr(1);
    const bool is_number = suffix[0] == '.' && digits.size() <= rotation_digits_max &&
                           std::ranges::all_of(digits, is_digit);
    if (is_number) std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return is_number ? number : 1;
}

std::string_view unpacked_name(std::string_view name) {
    return is_packed(name) ? name.substr(0, name.rfind('.')) : name;
}

std::string_view ending_of(std::string_view name) noexcept {
    const auto dot = name.rfind('.');
    return dot == name.npos || dot == 0 ? std::string_view() : name.substr(dot);
}

}  // namespace

bool is_packed(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 4> endings{".gz", ".zst", ".bz2", ".xz"};
    return std::ranges::any_of(endings, [&](auto ending) { return name.ends_with(ending); });
}

std::string_view base_of(std::string_view name) noexcept {
    name = unpacked_name(name);
    return name.substr(0, begin_of_suffix(name));
}

std::string original_of(std::string_view name) {
    const auto ending = ending_of(name);
    if (ending.empty() || is_packed(name)) return "";
    const auto stem = name.substr(0, name.size() - ending.size());
    const auto begin = begin_of_suffix(stem);
    if (begin == stem.size()) return "";
    return std::string(stem.substr(0, begin)).append(ending);
}

bool is_named_earlier(std::string_view one, std::string_view other) {
    const auto one_base = base_of(one);
    const auto other_base = base_of(other);
    if (one_base != other_base) return one_base < other_base;
    const auto one_rotation = rotation_of(unpacked_name(one));
    const auto other_rotation = rotation_of(unpacked_name(other));
    if (one_rotation != other_rotation) return one_rotation > other_rotation;
    return one < other;
}

bool is_older(const listed_file& one, const listed_file& other) {
    if (one.modified_ns != other.modified_ns) return one.modified_ns < other.modified_ns;
    return is_named_earlier(one.name, other.name);
}

}  // namespace tallyfs::trail
