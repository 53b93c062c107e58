#include "trail/follow_files.hpp"

#include <tallyfs/trail/log_source.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace tallyfs::trail {

namespace {

/// Files that one call goes over to before it gives up until the next one.
constexpr int files_a_call = 16;
/// Of these, at how many it looks at the directory once more before it goes over.
constexpr int looks_a_call = 8;

std::int64_t nanoseconds(const ::timespec& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

file_follower::file_follower(std::filesystem::path pattern, const std::string& begin_at,
                             bool from_oldest, follow_options options)
    : options_(options),
      files_(std::move(pattern),
             begin_at.empty() ? std::string() : parse_file_place(begin_at).family, false),
      begin_text_(begin_at),
      from_oldest_(from_oldest),
      buffer_(piece_bytes_max),
      next_look_(options.clock->steady()) {
    if (!begin_at.empty()) begin_at_ = parse_file_place(begin_at);
}

file_follower::~file_follower() = default;

result<piece> file_follower::next() {
    look_if_due();
    for (int tries = 0; tries < files_a_call; ++tries) {
        if (current_ != 0) {
            const auto read = read_current();
            if (!read) return read.error();
            if (*read > 0) return give(*read);
        }
        if (newer_ == 0) break;
        // The current one was looked at after the newer one had been seen.
        if (current_ != 0 && !is_silent()) break;
        const auto& next = known_.at(newer_);
        const bool is_sure = next.offset > 0 || next.is_confirmed || tries >= looks_a_call;
        if (!is_sure || !go_over_to(newer_)) look();
    }
    return piece{};
}

/// Reads of the current file into the buffer; 0 where nothing is there, or it was cut off.
result<std::size_t> file_follower::read_current() {
    const auto number = current_;
    auto& file = known_.at(number);
    struct ::stat status {};
    if (::fstat(file.fd.get(), &status) != 0) return last_system_error();
    const auto size = static_cast<std::uint64_t>(std::max<::off_t>(status.st_size, 0));
    const auto modified = nanoseconds(status.st_mtim);
    if (size < file.offset) {
        cut_off(number, size, modified);
        look();  // a copy of what was cut off is made before
        return 0;
    }
    file.size = size;
    file.modified_ns = modified;
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(size - file.offset, buffer_.size()));
    if (wanted == 0) return 0;
    ::ssize_t got = 0;
    do {
        got = ::pread(file.fd.get(), buffer_.data(), wanted, static_cast<::off_t>(file.offset));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        const auto why = last_system_error();
        file.problem = files_.problem_of(file.name, why);
        return why;
    }
    file.problem.clear();
    const auto bytes = static_cast<std::size_t>(got);
    // It is compared after the read: what was read is of the file that still begins like this.
    bool is_same = true;
    if (file.offset == 0 && file.head.bytes <= bytes) {
        const std::string_view read(buffer_.data(), bytes);
        is_same = head_of(read.substr(0, file.head.bytes)) == file.head;
        if (is_same) file.head = head_of(read);
    } else {
        is_same = begins_with(file.fd.get(), file.head, file.offset + bytes);
    }
    if (is_same) return bytes;
    cut_off(number, size, modified);
    look();
    return 0;
}

piece file_follower::give(std::size_t bytes) {
    auto& file = known_.at(current_);
    piece made;
    made.bytes = {buffer_.data(), bytes};
    made.file = file.name;
    const bool goes_on =
        last_given_ == 0 ? file.offset > 0 : last_given_ == current_ || last_given_ == file.goes_on;
    made.begins_file = !goes_on;
    given_.add(current_, file.offset, bytes);
    file.offset += bytes;
    last_given_ = current_;
    last_grew_ = options_.clock->steady();
    return made;
}

/// Whether the current file's writer has certainly gone over to a newer one.
bool file_follower::is_silent() {
    const auto now = options_.clock->steady();
    if (!newer_since_) newer_since_ = now;
    if (now - std::max(last_grew_, *newer_since_) >= options_.silence) return true;
    const auto wall = std::chrono::duration_cast<std::chrono::nanoseconds>(
        options_.clock->wall().time_since_epoch());
    const auto silent = wall - std::chrono::nanoseconds(known_.at(current_).modified_ns);
    return silent >= 2 * options_.silence;
}

file_follower::content_number file_follower::oldest_with_more() const {
    content_number found = 0;
    const followed_file* oldest = nullptr;
    for (const auto& [number, file] : known_) {
        if (number == current_ || !file.has_more() || !file.problem.empty()) continue;
        if (file.where == state::cut || (file.where == state::deleted && !file.fd)) continue;
        const auto is_before = [&](const followed_file& one, const followed_file& other) {
            const bool goes_on = one.goes_on != 0 && one.goes_on == last_given_;
            const bool other_goes_on = other.goes_on != 0 && other.goes_on == last_given_;
            if (goes_on != other_goes_on) return goes_on;
            if (one.modified_ns != other.modified_ns) return one.modified_ns < other.modified_ns;
            return is_named_earlier(one.name, other.name);
        };
        if (oldest != nullptr && !is_before(file, *oldest)) continue;
        oldest = &file;
        found = number;
    }
    return found;
}

bool file_follower::go_over_to(content_number number) {
    auto& file = known_.at(number);
    const bool is_open = file.fd || open_file_of(file);
    if (is_open) {
        if (current_ != 0) known_.at(current_).fd.reset();
        current_ = number;
    }
    newer_since_.reset();
    newer_ = oldest_with_more();
    return is_open;
}

bool file_follower::open_file_of(followed_file& file) {
    auto opened = files_.open(file.name, file.id);
    if (!opened) {
        // A file that has another name by now is found by the next look.
        if (opened.error() != boost::system::errc::no_such_file_or_directory)
            file.problem = files_.problem_of(file.name, opened.error());
        return false;
    }
    file.problem.clear();
    file.fd = std::move(*opened);
    return true;
}

std::string file_follower::problem() const {
    std::string text;
    const auto add = [&](const std::string& one) {
        if (!one.empty()) text += (text.empty() ? "" : "; ") + one;
    };
    add(listing_problem_);
    for (const auto& [number, file] : known_) {
        if (file.problem.empty()) continue;
        add(file.problem);
        break;
    }
    if (options_.clock->steady() < notice_until_) add(notice_);
    return text;
}

std::uint64_t file_follower::bytes_behind() const {
    std::uint64_t bytes = 0;
    for (const auto& [number, file] : known_) {
        const bool counts = file.where == state::there || (file.where == state::deleted && file.fd);
        if (counts && file.has_more()) bytes += file.size - file.offset;
    }
    return bytes;
}

std::unique_ptr<log_source> follow_files(std::filesystem::path pattern, const std::string& begin_at,
                                         bool from_oldest) {
    return std::make_unique<file_follower>(std::move(pattern), begin_at, from_oldest);
}

}  // namespace tallyfs::trail
