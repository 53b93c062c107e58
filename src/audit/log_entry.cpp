#include <tallyfs/audit/log_entry.hpp>

#include <array>

namespace tallyfs::audit {

std::string_view to_string(trust value) noexcept {
    constexpr std::array<std::string_view, 3> names{"structured", "guarded_text", "text"};
    return names[static_cast<std::size_t>(value)];
}

std::string_view to_string(log_format value) noexcept {
    constexpr std::array<std::string_view, 3> names{"text", "csv", "json"};
    return names[static_cast<std::size_t>(value)];
}

}  // namespace tallyfs::audit
