#include <tallyfs/base/text.hpp>
#include <tallyfs/dialect/route.hpp>

namespace tallyfs::dialect {

bool is_cloud_name(std::string_view model) {
    while (model.ends_with(' ')) model.remove_suffix(1);  // as Ollama trims it
    const auto slash = model.rfind('/');
    const auto colon = model.find(':', slash == std::string_view::npos ? 0 : slash);
    if (colon == std::string_view::npos) return false;
    const auto tag = to_lower(model.substr(colon + 1));
    return tag == "cloud" || tag.ends_with("-cloud") || tag.ends_with(":cloud");
}

}  // namespace tallyfs::dialect
