#include "health/csv.hpp"

#include <spdlog/fmt/fmt.h>

namespace tallyfs::health {

void csv::add(double value) {
    fmt::format_to(std::back_inserter(text_), "{:.15g}", value);
}

}  // namespace tallyfs::health
