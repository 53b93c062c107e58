#include "trail/read_archives.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace tallyfs::trail {

namespace {

constexpr std::size_t packed_bytes = std::size_t{256} << 10;
constexpr int archives_a_call = 16;
/// Unpacked bytes that one call passes over at most, to get back to its place.
constexpr std::uint64_t skip_bytes_a_call = std::uint64_t{64} << 20;
constexpr std::chrono::milliseconds look_interval{1'000};
/// What was not written for so long is not being written.
constexpr std::chrono::seconds still_time{10};

archive_key key_of(const listed_file& file) {
    return {file.name, file.size, file.modified_ns};
}

archive_key under_base(archive_key key) {
    key.name.resize(base_of(key.name).size());
    return key;
}

/// Whether it is that file: rotation gives one another name and leaves its time.
bool is_same(const archive_key& key, const listed_file& file, bool is_there) {
    const auto found = key_of(file);
    return key == found || (!is_there && under_base(key) == under_base(found));
}

}  // namespace

bool done_archives::has(const listed_file& file) const {
    const auto key = key_of(file);
    return as_named.contains(key) || renamed.contains(under_base(key));
}

archive_reader::archive_reader(std::filesystem::path pattern, const std::string& begin_at,
                               const clock_source& clock)
    : clock_(clock),
      files_(std::move(pattern), "", true),
      next_look_(clock.steady()),
      packed_(packed_bytes),
      buffer_(piece_bytes_max) {
    if (begin_at.empty()) return;
    auto place = parse_archive_place(begin_at);
    done_before_ = std::move(place.done);
    begin_at_ = std::move(place.at);
    begin_offset_ = place.offset;
}

result<piece> archive_reader::next() {
    for (int tries = 0; tries < archives_a_call; ++tries) {
        if (current_ == 0) {
            if (waiting_.empty() && clock_.steady() >= next_look_) look();
            piece nothing;
            nothing.is_over = is_over_;
            if (waiting_.empty()) return nothing;
            if (!open_next()) continue;
        }
        const auto read = read_some();
        if (!read) return read.error();
        if (*read == 0) {
            if (current_ != 0) return piece{};  // it is still passing over what was given
            continue;
        }
        piece made;
        made.bytes = {buffer_.data(), *read};
        made.file = read_.at(current_).name;
        made.begins_file = last_given_ == 0 ? offset_ == 0 : last_given_ != current_;
        given_.add(current_, offset_, *read);
        offset_ += *read;
        last_given_ = current_;
        return made;
    }
    return piece{};
}

void archive_reader::look() {
    const auto begun = clock_.steady();
    note(files_.look());
    const auto ended = clock_.steady();
    next_look_ =
        ended + until_next_look<std::chrono::steady_clock::duration>(ended - begun, look_interval);
}

void archive_reader::note(const listing& made) {
    listing_problem_ = made.problem;
    if (!made.was_seen) return;
    bool is_growing = false;
    const auto done = archives_done(made);
    std::map<file_id, listed_file> looked;
    for (const auto& file : made.files) {
        if (!file.is_meant || done.has(file)) continue;
        looked[file.id] = file;
        if (is_still(file)) {
            waiting_.push_back(file);
        } else {
            is_growing = true;
        }
    }
    looked_before_ = std::move(looked);
    is_over_ = waiting_.empty() && !is_growing;
    forget_gone(made);
    if (!begin_at_) return;
    const bool is_there = std::ranges::any_of(
        made.files, [&](const auto& file) { return key_of(file) == *begin_at_; });
    const auto begun = std::ranges::find_if(
        waiting_, [&](const auto& file) { return is_same(*begin_at_, file, is_there); });
    if (begun == waiting_.end()) return;
    begin_at_ = key_of(*begun);
    std::rotate(waiting_.begin(), begun, begun + 1);
}

/// Whether nobody writes to it any more.
bool archive_reader::is_still(const listed_file& file) const {
    const auto age = clock_.wall().time_since_epoch() - std::chrono::nanoseconds(file.modified_ns);
    if (age >= still_time) return true;
    const auto before = looked_before_.find(file.id);
    return before != looked_before_.end() && before->second.size == file.size &&
           before->second.modified_ns == file.modified_ns;
}

done_archives archive_reader::archives_done(const listing& made) const {
    done_archives done;
    done.as_named.insert(done_before_.begin(), done_before_.end());
    for (const auto& [number, key] : read_) done.as_named.insert(key);
    std::set<archive_key> there;
    for (const auto& file : made.files) there.insert(key_of(file));
    for (const auto& key : done.as_named)
        if (!there.contains(key)) done.renamed.insert(under_base(key));
    return done;
}

/// Those that were deleted need no memory: a place is bounded by the files that are there.
void archive_reader::forget_gone(const listing& made) {
    std::set<std::pair<std::uint64_t, std::int64_t>> there;
    for (const auto& file : made.files) there.emplace(file.size, file.modified_ns);
    const auto is_gone = [&](const archive_key& key) {
        return !there.contains({key.size, key.modified_ns});
    };
    std::erase_if(done_before_, is_gone);
    std::erase_if(read_, [&](const auto& one) {
        return is_gone(one.second) && !given_.has(one.first) && one.first != last_given_;
    });
}

bool archive_reader::open_next() {
    const auto file = waiting_.front();
    waiting_.pop_front();
    auto opened = files_.open(file.name, file.id);
    if (!opened) {
        if (opened.error().value() != ENOENT) tell(files_.problem_of(file.name, opened.error()));
        return false;
    }
    const auto beginning = read_at(opened->get(), 0, 2);
    fd_ = std::move(*opened);
    unpacker_ = beginning && is_gzip(*beginning) ? std::make_unique<gunzip>() : nullptr;
    current_ = ++last_number_;
    read_[current_] = key_of(file);
    packed_offset_ = 0;
    offset_ = 0;
    skip_ = 0;
    unread_ = {};
    if (begin_at_ == key_of(file)) {
        offset_ = begin_offset_;
        if (unpacker_) skip_ = begin_offset_;
        if (!unpacker_) packed_offset_ = begin_offset_;
        last_given_ = begin_offset_ > 0 ? current_ : 0;
    }
    begin_at_.reset();
    return true;
}

result<std::size_t> archive_reader::read_packed(char* into, std::size_t bytes) {
    for (;;) {
        const auto got = ::pread(fd_.get(), into, bytes, static_cast<::off_t>(packed_offset_));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return last_system_error();
        packed_offset_ += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
    }
}

result<std::size_t> archive_reader::read_some() {
    return unpacker_ ? unpack_some() : read_plain();
}

result<std::size_t> archive_reader::read_plain() {
    const auto got = read_packed(buffer_.data(), buffer_.size());
    if (got && *got == 0) end_archive("");
    return got;
}

/// 0 at the end, or while bytes are passed over.
result<std::size_t> archive_reader::unpack_some() {
    std::uint64_t skipped = 0;
    while (skipped < skip_bytes_a_call) {
        const auto room = static_cast<std::size_t>(
            skip_ > 0 ? std::min<std::uint64_t>(skip_, buffer_.size()) : buffer_.size());
        const auto done = unpacker_->unpack(unread_, std::span(buffer_).first(room));
        unread_.remove_prefix(done.taken);
        if (done.made > 0 && skip_ == 0) return done.made;
        skip_ -= done.made;
        skipped += done.made;
        if (done.made > 0) continue;
        if (!unpacker_->problem().empty()) {
            end_archive(unpacker_->problem());
            return 0;
        }
        const auto got = read_packed(packed_.data(), packed_.size());
        if (!got) return got.error();
        if (*got == 0) {
            end_archive(unpacker_->is_whole() ? "" : "is cut off");
            return 0;
        }
        unread_ = {packed_.data(), *got};
    }
    return 0;
}

void archive_reader::end_archive(const std::string& problem) {
    if (!problem.empty())
        tell(read_.at(current_).name + " " + problem + ": what could be unpacked of it was read");
    fd_.reset();
    unpacker_.reset();
    current_ = 0;
}

void archive_reader::tell(std::string what) {
    problem_ = std::move(what);
    ++problems_;
}

std::string archive_reader::place(std::uint64_t pending) const {
    archive_number first = 0;
    const auto again = given_.back(pending, first);
    archive_place made;
    made.done = done_before_;
    for (const auto& [number, key] : read_) {
        const bool is_before = first == 0 || number < first;
        if (number != current_ && is_before) made.done.push_back(key);
    }
    if (first == 0) first = current_;
    if (const auto at = read_.find(first); at != read_.end()) {
        made.at = at->second;
        const auto from = again.find(first);
        made.offset = from == again.end() ? offset_ : from->second;
    } else {
        made.at = begin_at_;
        made.offset = begin_at_ ? begin_offset_ : 0;
    }
    return to_json(made);
}

std::string archive_reader::problem() const {
    auto text = listing_problem_;
    if (problem_.empty()) return text;
    if (!text.empty()) text += "; ";
    text += problem_;
    if (problems_ > 1) text += " (and " + std::to_string(problems_ - 1) + " problems before)";
    return text;
}

std::uint64_t archive_reader::bytes_behind() const {
    std::uint64_t bytes = 0;
    for (const auto& file : waiting_) bytes += file.size;
    if (const auto at = read_.find(current_); at != read_.end())
        bytes += at->second.size - std::min(at->second.size, packed_offset_);
    return bytes;
}

std::unique_ptr<log_source> read_archives(std::filesystem::path pattern,
                                          const std::string& begin_at) {
    return std::make_unique<archive_reader>(std::move(pattern), begin_at);
}

}  // namespace tallyfs::trail
