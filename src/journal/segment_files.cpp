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

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
    throw startup_error("cannot read the journal: " + path.string() + " " + why +
                        "; mend it, or move it out of the directory to start without it");
}

struct found_segment {
    segment_status status;
    std::uint64_t torn_bytes = 0;  ///< behind the last line
};

found_segment look_at(const std::filesystem::path& path, const segment_id& id) {
    // Whoever opens a FIFO waits for its other end.
    auto file = open_file(path, O_RDONLY | O_NONBLOCK);
    if (!file) refuse(path, "cannot be opened: " + file.error().message());
    struct ::stat status {};
    if (::fstat(file->get(), &status) != 0) {
        refuse(path, "cannot be read: " + last_system_error().message());
    }
    if (!S_ISREG(status.st_mode)) refuse(path, "is in a segment's place and is no file");
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    const auto end = end_of_lines(file->get(), bytes);
    if (!end) refuse(path, "cannot be read: " + end.error().message());
    return {{id, path, *end, true, time_of(status.st_mtim)}, bytes - *end};
}

segment_list sorted(std::vector<found_segment> found) {
    std::ranges::sort(found, {}, [](const found_segment& each) { return each.status.id; });
    segment_list list;
    for (const auto& [status, torn_bytes] : found) {
        // That of the newest is the stream's to cut.
        if (torn_bytes > 0 && &status != &found.back().status) {
            list.torn_bytes_left += torn_bytes;
            spdlog::warn("{} ends in the middle of a line: {} bytes are passed over",
                         status.path.string(), torn_bytes);
        }
        list.segments.push_back(status);
    }
    return list;
}

}  // namespace

segment_list list_segments(const std::filesystem::path& directory) {
    std::vector<found_segment> found;
    std::error_code failure;
    std::filesystem::directory_iterator entries(directory, failure);
    for (; !failure && entries != std::filesystem::directory_iterator();
         entries.increment(failure)) {
        const std::filesystem::path path = entries->path();
        if (const auto id = segment_id::parse(path.filename().string())) {
            found.push_back(look_at(path, *id));
        } else if (path.extension() != ".torn") {
            spdlog::warn("{} is no segment of the journal: passed over", path.string());
        }
    }
    if (failure) {
        throw startup_error("cannot read the journal's directory " + directory.string() + ": " +
                            failure.message());
    }
    return sorted(std::move(found));
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
    // Neither waits for a FIFO's reader, nor follows a link to somebody else's file.
    auto file = open_file(aside, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
    if (!file) return file.error();
    struct ::stat status {};
    if (::fstat(file->get(), &status) != 0) return last_system_error();
    if (!S_ISREG(status.st_mode)) return make_error_code(boost::system::errc::not_supported);
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
