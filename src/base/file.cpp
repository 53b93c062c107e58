#include <tallyfs/base/file.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace tallyfs {

void unique_fd::reset(int fd) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

result<unique_fd> open_file(const std::filesystem::path& path, int flags, unsigned mode) {
    for (;;) {
        const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
        if (fd >= 0) return unique_fd(fd);
        if (errno != EINTR) return last_system_error();
    }
}

result<std::string> read_at(int fd, std::uint64_t offset, std::size_t bytes) {
    std::string content(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
        const auto got =
            ::pread(fd, content.data() + have, bytes - have, static_cast<::off_t>(offset + have));
        if (got == 0) break;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return last_system_error();
        have += static_cast<std::size_t>(got);
    }
    content.resize(have);
    return content;
}

result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
    auto file = open_file(path, O_RDONLY);
    if (!file) return file.error();
    // One byte more than allowed tells a file that is too long from one that just fits.
    struct ::stat status {};
    if (::fstat(file->get(), &status) != 0) return last_system_error();
    const auto announced = static_cast<std::size_t>(status.st_size);
    const std::size_t wanted = announced > 0 && announced < bytes_max ? announced : bytes_max;
    auto content = read_at(file->get(), 0, wanted + 1);
    if (content && content->size() > bytes_max) {
        return make_error_code(boost::system::errc::message_size);
    }
    if (content && content->size() > wanted) {  // it grew meanwhile, or is a file of /proc
        return read_at(file->get(), 0, bytes_max);
    }
    return content;
}

result<void> write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return last_system_error();
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

result<void> sync_directory(const std::filesystem::path& directory) {
    auto handle = open_file(directory, O_RDONLY | O_DIRECTORY);
    if (!handle) return handle.error();
    if (::fsync(handle->get()) != 0) return last_system_error();
    return {};
}

result<void> replace_file(const std::filesystem::path& path, std::string_view content,
                          unsigned mode) {
    auto temporary = path;
    temporary += ".new";
    auto file = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode);
    if (!file) return file.error();
    if (auto written = write_all(file->get(), content); !written) return written.error();
    if (::fsync(file->get()) != 0) return last_system_error();
    if (::rename(temporary.c_str(), path.c_str()) != 0) return last_system_error();
    return sync_directory(path.parent_path().empty() ? "." : path.parent_path());
}

}  // namespace tallyfs
