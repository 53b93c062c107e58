#include <tallyfs/base/error.hpp>

#include <cerrno>

namespace tallyfs {

error_code last_system_error() noexcept {
    return error_code(errno, boost::system::generic_category());
}

}  // namespace tallyfs
