#include <tallyfs/base/model_reference.hpp>
#include <tallyfs/dialect/route.hpp>

namespace tallyfs::dialect {

bool is_cloud_name(std::string_view model) {
    return read_model_reference(model).cloud;
}

}  // namespace tallyfs::dialect
