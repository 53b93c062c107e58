#include "dialect/go_duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

namespace tallyfs::dialect {
namespace {

struct unit {
    std::string_view name;
    double nanoseconds;
};

// Longer names first: "ms" before "m". The two micro signs are U+00B5 and U+03BC.
constexpr std::array<unit, 8> units{{{"ns", 1},
                                     {"us", 1e3},
                                     {"\xC2\xB5s", 1e3},
                                     {"\xCE\xBCs", 1e3},
                                     {"ms", 1e6},
                                     {"s", 1e9},
                                     {"m", 60e9},
                                     {"h", 3600e9}}};

}  // namespace

bool is_zero_duration(std::string_view text) noexcept {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (text == "0") return true;
    if (text.empty()) return false;
    while (!text.empty()) {
        double number = 0;
        const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
        if (digits == 0 || error != std::errc() || end != text.data() + digits) return false;
        text.remove_prefix(digits);
        bool known = false;
        for (const auto& [name, nanoseconds] : units) {
            if (known || !text.starts_with(name)) continue;
            if (number * nanoseconds >= 1) return false;
            text.remove_prefix(name.size());
            known = true;
        }
        if (!known) return false;
    }
    return true;
}

}  // namespace tallyfs::dialect
