// What Ollama says of itself (/api/ps, /api/version): read or passed over, never believed beyond
// what can be shown. Source: docs/ollama.md.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <proxy/watcher.hpp>

#include <algorithm>

namespace tallyfs::fuzz {

void upstream(std::string_view input) {
    (void)proxy::parse_version(input);
    const auto loaded = proxy::parse_loaded(input);
    if (!loaded) return;
    const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
    require(std::is_sorted(loaded->begin(), loaded->end(), by_name), "models are sorted by name");
    for (const auto& model : *loaded)
        require(model.bytes >= 0 && model.context_length.value_or(1) > 0, "sizes are not negative");
}

}  // namespace tallyfs::fuzz
