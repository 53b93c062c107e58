#include "trail/follow_files.hpp"

#include <algorithm>

namespace tallyfs::trail {

namespace {

/// How long what happened once is shown.
constexpr std::chrono::minutes notice_time{1};

}  // namespace

void file_follower::notice(std::string text) {
    notice_ = std::move(text);
    notice_until_ = options_.clock->steady() + notice_time;
}

void file_follower::begin(const listing& made) {
    if (!begin_text_.empty()) {
        has_begun_ = true;
        // One that is emptied after it was listed has its copy in the next listing.
        auto seen = made;
        const auto is_found = [&](const placed_file& one) {
            return find_placed(one, seen) != nullptr;
        };
        for (int tries = 0; tries < 3 && !std::ranges::all_of(begin_at_.files, is_found); ++tries)
            if (auto again = files_.look(); again.was_seen && again.is_stable)
                seen = std::move(again);
        go_on(seen);
    } else if (std::ranges::any_of(made.files, &listed_file::is_meant)) {
        has_begun_ = true;
        begin_anew(made);
    }
}

void file_follower::begin_anew(const listing& made) {
    const listed_file* newest = nullptr;
    for (const auto& file : made.files)
        if (file.is_meant) newest = &file;
    if (!from_oldest_) {
        read_up_to_ = *newest;
        read_before_ns_ = INT64_MAX;
    }
    for (const auto& file : made.files) note_new(file, was_read_before(file));
}

void file_follower::go_on(const listing& made) {
    const auto& place = begin_at_;
    std::map<file_id, content_number> found;
    bool found_first = false;
    for (const auto& one : place.files) {
        const auto* seen = find_placed(one, made);
        if (seen == nullptr) continue;
        found_first = found_first || &one == &place.files.front();
        auto& number = found[seen->id];
        if (number == 0) {
            number = ++last_number_;
            auto& file = known_[number];
            file.name = seen->name;
            file.id = seen->id;
            file.size = seen->size;
            file.modified_ns = seen->modified_ns;
            file.offset = one.offset;
            file.head = one.head;
            file.is_confirmed = one.head.bytes > 0;
            // By its head a copy of it is known, even if it is emptied before the next look.
            if (open_file_of(file))
                static_cast<void>(begins_with(file.fd.get(), file.head, head_bytes_max));
            if (!file.has_more()) file.fd.reset();
        } else {
            // A copy has what was read before it was made, and a place of its own.
            known_.at(number).offset = std::min(known_.at(number).offset, one.offset);
        }
        // Of an empty one it is not known whether it is what was there: its age decides.
        if (&one != &place.files.front() || one.head.bytes == 0) continue;
        last_given_ = number;
        if (open_file_of(known_.at(number))) current_ = number;
    }
    if (!place.files.empty()) {
        read_up_to_.name = place.files.front().name;
        read_up_to_.modified_ns = place.files.front().modified_ns;
    }
    if (last_given_ != 0) {
        read_up_to_.name = known_.at(last_given_).name;
        read_up_to_.modified_ns = known_.at(last_given_).modified_ns;
    }
    read_before_ns_ = place.listed_ns;
    for (const auto& file : made.files)
        if (!found.contains(file.id)) note_new(file, was_read_before(file));
    if (place.files.empty() || found_first) return;
    const auto next = oldest_with_more();
    const auto goes_on_with =
        next == 0 ? std::string(" (there is none yet)") : ", " + known_.at(next).name;
    notice(place.files.front().name +
           ", which was read last, is not there any more: reading goes on with the oldest file "
           "that is newer" +
           goes_on_with + "; what was written between is not read");
}

/// Whether a file that nothing is known of had been read, or was not to be, when this began.
bool file_follower::was_read_before(const listed_file& file) const {
    const bool is_before = read_up_to_.name.empty() || is_older(file, read_up_to_);
    return is_before && file.modified_ns < read_before_ns_;
}

/// The file that a place means: by its inode, whatever its name is now, or a copy of what it was.
const listed_file* file_follower::find_placed(const placed_file& placed,
                                              const listing& made) const {
    const auto fits = [&](const listed_file& seen) {
        if (seen.size < placed.offset || seen.size < placed.head.bytes) return false;
        if (placed.head.bytes == 0) return true;
        const auto opened = files_.open(seen.name, seen.id);
        // One that cannot be opened now, or was renamed meanwhile, is waited for.
        return opened ? begins_with(opened->get(), placed.head) : seen.id == placed.id;
    };
    for (const auto& seen : made.files)
        if (seen.id == placed.id && fits(seen)) return &seen;
    if (placed.head.bytes == 0) return nullptr;
    for (const auto& seen : made.files)
        if (base_of(seen.name) == base_of(placed.name) && fits(seen)) return &seen;
    return nullptr;
}

placed_file file_follower::placed(const followed_file& file) const {
    return {file.name, file.id, file.offset, file.modified_ns, file.head};
}

std::string file_follower::place(std::uint64_t pending) const {
    if (!has_begun_) return begin_text_;
    content_number first = 0;
    const auto again = given_.back(pending, first);
    if (first == 0) first = current_ != 0 ? current_ : oldest_with_more();
    file_place made;
    made.family = files_.family();
    made.listed_ns = listed_ns_;
    const auto add = [&](content_number number) {
        const auto known = known_.find(number);
        if (known == known_.end() || made.files.size() == file_place::files_max) return;
        made.files.push_back(placed(known->second));
        if (const auto from = again.find(number); from != again.end())
            made.files.back().offset = from->second;
    };
    add(first);
    for (const auto& [number, offset] : again)
        if (number != first) add(number);
    std::vector<std::pair<std::int64_t, content_number>> others;
    for (const auto& [number, file] : known_) {
        const bool counts =
            file.where == state::there && file.copy_of == 0 && number != first && file.missed == 0;
        if (counts && !again.contains(number)) others.emplace_back(file.modified_ns, number);
    }
    std::ranges::sort(others, std::greater<>());
    for (const auto& [modified, number] : others) add(number);
    return to_json(made);
}

}  // namespace tallyfs::trail
