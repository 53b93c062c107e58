#include "fuse/errors.hpp"

#include <tallyfs/base/log.hpp>

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <new>

namespace tallyfs::fuse {

int errno_of(const error_code& error) noexcept {
    switch (error.value()) {
        case ENOENT:  // deleted since it was looked up
        case EMFILE:
        case ENFILE:
        case ENOMEM:
            return error.value();
        default:
            return EIO;
    }
}

int errno_of_command(const error_code& error) noexcept {
    if (error.category() != boost::system::generic_category()) return EIO;
    return error.value();
}

int error_of_exception(const char* doing) noexcept {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        return ENOMEM;
    } catch (const boost::system::system_error& failure) {
        if (failure.code() == boost::system::errc::resource_unavailable_try_again) return EAGAIN;
        spdlog::error("mount: {}: {}", doing, failure.what());
        return EIO;
    } catch (const std::exception& failure) {
        spdlog::error("mount: {}: {}", doing, failure.what());
        return EIO;
    } catch (...) {
        spdlog::error("mount: {}: unknown exception", doing);
        return EIO;
    }
}

}  // namespace tallyfs::fuse
