#include "journal/segment_files.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/log.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

namespace tallyfs::journal {

namespace {

/// A torn tail is shorter than a line, unless somebody else wrote into the file.
constexpr std::size_t tail_block_bytes = limits::line_bytes_max;

wall_time time_of(const ::timespec& time) {
    return wall_time(std::chrono::seconds(time.tv_sec) +
                     std::chrono::microseconds(time.tv_nsec / 1000));
}

result<segment_status> look_at(const std::filesystem::path& path, const segment_id& id) {
    auto file = open_file(path, O_RDONLY);
    if (!file) return file.error();
    struct ::stat status {};
    if (::fstat(file->get(), &status) != 0) return last_system_error();
    auto end = end_of_lines(file->get(), static_cast<std::uint64_t>(status.st_size));
    if (!end) return end.error();
    return segment_status{id, path, *end, true, time_of(status.st_mtim)};
}

}  // namespace

result<std::vector<segment_status>> list_segments(const std::filesystem::path& directory) {
    std::vector<segment_status> found;
    std::error_code failure;
    std::filesystem::directory_iterator entries(directory, failure);
    for (; !failure && entries != std::filesystem::directory_iterator();
         entries.increment(failure)) {
        const std::filesystem::path path = entries->path();
        const auto id = segment_id::parse(path.filename().string());
        if (!id) {
            if (path.extension() != ".torn") {
                spdlog::warn("{} is no segment of the journal: passed over", path.string());
            }
            continue;
        }
        auto status = look_at(path, *id);
        if (!status) return status.error();
        found.push_back(std::move(*status));
    }
    if (failure) return error_code(failure.value(), boost::system::generic_category());
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return found;
}

result<std::uint64_t> end_of_lines(int fd, std::uint64_t bytes) {
    // The last byte decides it for every file that was not interrupted: one page is read.
    std::size_t block_bytes = 1;
    while (bytes > 0) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, block_bytes));
        auto block = read_at(fd, bytes - wanted, wanted);
        if (!block) return block.error();
        const auto newline = block->rfind('\n');
        if (newline != std::string::npos) return bytes - wanted + newline + 1;
        bytes -= wanted;
        block_bytes = tail_block_bytes;
    }
    return std::uint64_t{0};
}

result<void> keep_aside(int fd, std::uint64_t begin, const std::filesystem::path& aside) {
    auto file = open_file(aside, O_WRONLY | O_APPEND | O_CREAT);
    if (!file) return file.error();
    for (;;) {
        auto block = read_at(fd, begin, tail_block_bytes);
        if (!block) return block.error();
        if (block->empty()) break;
        begin += block->size();
        if (auto written = write_all(file->get(), *block); !written) return written;
    }
    if (auto written = write_all(file->get(), "\n"); !written) return written;
    if (::fsync(file->get()) != 0) return last_system_error();
    return {};
}

}  // namespace tallyfs::journal
