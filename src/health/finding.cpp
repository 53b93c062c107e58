#include <tallyfs/health/finding.hpp>

namespace tallyfs::health {

std::string_view to_string(severity value) noexcept {
    switch (value) {
        case severity::critical:
            return "critical";
        case severity::warning:
            return "warning";
        case severity::info:
            break;
    }
    return "info";
}

}  // namespace tallyfs::health
