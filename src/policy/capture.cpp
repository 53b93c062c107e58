#include <tallyfs/policy/capture.hpp>

#include <array>

namespace tallyfs::policy {

namespace {
constexpr std::array modes{capture_mode::off, capture_mode::metadata, capture_mode::full};
}

std::string_view to_string(capture_mode value) noexcept {
    switch (value) {
        case capture_mode::off:
            return "off";
        case capture_mode::metadata:
            return "metadata";
        case capture_mode::full:
            return "full";
    }
    return "off";
}

std::optional<capture_mode> parse_capture_mode(std::string_view text) noexcept {
    for (const capture_mode mode : modes) {
        if (text == to_string(mode)) return mode;
    }
    return std::nullopt;
}

}  // namespace tallyfs::policy
