#include <tallyfs/base/limits.hpp>
#include <tallyfs/journal/reader.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace tallyfs::journal {

namespace {

/// Fills `size` bytes from `offset`; fewer only at the end of the file.
result<std::size_t> read_into(int fd, char* data, std::size_t size, std::uint64_t offset) {
    std::size_t have = 0;
    while (have < size) {
        const auto got = ::pread(fd, data + have, size - have, static_cast<::off_t>(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return last_system_error();
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    return have;
}

}  // namespace

reader::reader(const stream& source, position from) : source_(source), at_(from) {}

result<batch> reader::next(std::size_t bytes_max) {
    for (;;) {
        const auto segment = source_.segment_from(at_.segment);
        if (!segment && at_ == position{}) return batch{};
        // Behind the newest segment: this journal is older than the one it was taken from.
        if (!segment) return make_error_code(journal_errc::position_unknown);
        if (segment->id != at_.segment) at_ = {segment->id, 0};
        if (at_.offset > segment->bytes) return make_error_code(journal_errc::position_unknown);
        error_code failure;
        if (at_.offset < segment->bytes) {
            failure = open_segment(*segment);
            if (!failure) {
                auto bytes = read_lines(*segment, bytes_max);
                if (!bytes) return bytes.error();
                const batch lines{at_.segment, at_.offset, {buffer_.data(), *bytes}};
                at_.offset += *bytes;
                return lines;
            }
            const bool gone = failure == boost::system::errc::no_such_file_or_directory;
            if (!gone || !segment->closed) return failure;
        }
        const auto following = segment->closed
                                   ? source_.segment_from({at_.segment.date, at_.segment.part + 1})
                                   : std::nullopt;
        if (!following) return batch{at_.segment, at_.offset, {}};
        at_ = {following->id, 0};
    }
}

error_code reader::open_segment(const segment_status& segment) {
    if (file_segment_ == segment.id) return {};
    auto file = open_file(segment.path, O_RDONLY);
    if (!file) return file.error();
    if (at_.offset > 0) {
        char before = 0;
        auto got = read_into(file->get(), &before, 1, at_.offset - 1);
        if (!got) return got.error();
        if (before != '\n') return make_error_code(journal_errc::position_unknown);
    }
    file_ = std::move(*file);
    file_segment_ = segment.id;
    return {};
}

/// Reads whole lines from at_ into buffer_ and returns how many bytes they have.
result<std::size_t> reader::read_lines(const segment_status& segment, std::size_t bytes_max) {
    const std::uint64_t left = segment.bytes - at_.offset;
    // Room for one line at least; a longer one, which is not ours, is taken whole all the same.
    std::size_t wanted = std::max(bytes_max, limits::line_bytes_max);
    for (;; wanted *= 2) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, wanted));
        if (buffer_.size() < size) buffer_.resize(size);
        auto got = read_into(file_.get(), buffer_.data(), size, at_.offset);
        if (!got) return got.error();
        const auto newline = std::string_view(buffer_.data(), *got).rfind('\n');
        if (newline != std::string_view::npos) return newline + 1;
        // Appended, and yet not in the file: somebody cut it.
        if (*got < size || size == left) return make_error_code(boost::system::errc::io_error);
    }
}

}  // namespace tallyfs::journal
