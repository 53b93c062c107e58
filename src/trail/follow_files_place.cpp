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
    std::vector<const listed_file*> all;
    for (const auto& file : made.files) all.push_back(&file);
    note_new_ones(all);
    listed_ns_ = made.begun_ns;
}

void file_follower::go_on(const listing& made) {
    const auto& place = begin_at_;
    listed_ns_ = place.listed_ns;
    std::map<file_id, content_number> found;
    bool found_first = false;
    for (const auto& one : place.files) {
        const auto* seen = find_placed(one, made);
        if (seen != nullptr && &one == &place.files.front()) found_first = true;
        go_on_with(one, seen, found);
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
    std::vector<const listed_file*> others;
    for (const auto& file : made.files)
        if (!found.contains(file.id)) others.push_back(&file);
    note_new_ones(others);
    if (!place.files.empty() && !found_first) tell_of_missing_first();
}

void file_follower::go_on_with(const placed_file& one, const listed_file* seen,
                               std::map<file_id, content_number>& found) {
    const bool is_first = &one == &begin_at_.files.front();
    if (one.head.bytes == 0 && one.offset == 0) {
        // Of an empty one it is not known whether it is what was there: its age decides.
        if (seen != nullptr) unread_.insert(seen->id);
        return;
    }
    auto number = seen == nullptr ? 0 : found[seen->id];
    if (number != 0) {
        // A copy has what was read before it was made, and a place of its own.
        known_.at(number).offset = std::min(known_.at(number).offset, one.offset);
    } else {
        number = ++last_number_;
        auto& file = known_[number];
        file.name = seen == nullptr ? one.name : seen->name;
        file.id = seen == nullptr ? one.id : seen->id;
        file.size = seen == nullptr ? one.offset : seen->size;
        file.modified_ns = seen == nullptr ? one.modified_ns : seen->modified_ns;
        file.offset = one.offset;
        file.head = one.head;
        file.is_confirmed = one.head.bytes > 0;
        if (seen == nullptr) {
            file.where = state::cut;  // a copy of it may be shown by one of the next looks
        } else {
            found[seen->id] = number;
            if (seen->id != one.id) limit_to_copy(file);
            // By its head a copy of it is known, even if it is emptied before the next look.
            if (open_file_of(file))
                static_cast<void>(begins_with(file.fd.get(), file.head, head_bytes_max));
            if (!file.has_more()) file.fd.reset();
        }
    }
    if (!is_first) return;
    last_given_ = number;
    if (seen != nullptr && open_file_of(known_.at(number))) current_ = number;
}

void file_follower::tell_of_missing_first() {
    const auto next = oldest_with_more();
    const auto goes_on_with =
        next == 0 ? std::string(" (there is none yet)") : ", " + known_.at(next).name;
    notice(begin_at_.files.front().name +
           ", which was read last, is not there any more: reading goes on with the oldest file "
           "that is newer" +
           goes_on_with + "; what was written between is not read");
}

/// Whether a file that nothing is known of had been read, or was not to be, when this began.
bool file_follower::was_read_before(const listed_file& file) const {
    if (unread_.contains(file.id)) return false;
    const bool is_before = read_up_to_.name.empty() || is_older(file, read_up_to_);
    return is_before && file.modified_ns < read_before_ns_;
}

/// The file that a place means: by its inode, whatever its name is now, or a copy of what it was.
const listed_file* file_follower::find_placed(const placed_file& placed,
                                              const listing& made) const {
    const auto fits = [&](const listed_file& seen) {
        // A copy can be shorter than what was read: more was written before the file was emptied.
        if (seen.id == placed.id && seen.size < placed.offset) return false;
        if (seen.size < placed.head.bytes) return false;
        if (placed.head.bytes == 0) return true;
        const auto opened = files_.open(seen.name, seen.id);
        // One that cannot be opened now, or was renamed meanwhile, is waited for.
        return opened ? begins_with(opened->get(), placed.head) : seen.id == placed.id;
    };
    for (const auto& seen : made.files)
        if (seen.id == placed.id && fits(seen)) return &seen;
    if (placed.head.bytes == 0) return nullptr;
    for (const auto& seen : made.files)
        if ((base_of(seen.name) == base_of(placed.name) || original_of(seen.name) == placed.name) &&
            fits(seen))
            return &seen;
    return nullptr;
}

placed_file file_follower::placed(const followed_file& file) const {
    return {file.name, file.id, file.offset, file.modified_ns, file.head};
}

std::string file_follower::place(std::uint64_t pending) const {
    if (!has_begun_) return begin_text_;
    content_number first = 0;
    const auto again = given_.back(pending, first);
    if (first == 0 && current_ != 0) first = current_;
    // What was cut off and read up to somewhere is known by its head in its copy only.
    const auto last = known_.find(last_given_);
    if (first == 0 && last != known_.end() && waits_for_copy(last->second)) first = last_given_;
    if (first == 0) first = oldest_with_more();
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
        const bool is_there = file.where == state::there && file.copy_of == 0 && file.missed == 0;
        const bool counts = (is_there || waits_for_copy(file)) && number != first;
        if (counts && !again.contains(number)) others.emplace_back(file.modified_ns, number);
    }
    std::ranges::sort(others, std::greater<>());
    for (const auto& [modified, number] : others) add(number);
    return to_json(made);
}

}  // namespace tallyfs::trail
