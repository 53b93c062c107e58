#include "trail/follow_files.hpp"

#include <algorithm>

namespace tallyfs::trail {

namespace {

/// Files that wait to be read are opened early, so that deleting them does not take them away.
constexpr std::size_t open_files_max = 16;
/// The part of the time that looks may take at most: a directory can have 10,000 files.
constexpr int look_share = 50;
/// How long looks that may have missed a file are not believed: the next one sees it.
constexpr std::chrono::seconds unstable_time_max{5};
/// Looks that do not show a file before it is taken for deleted.
constexpr int looks_missed = 3;
/// For so many more it is known how far it was read, should it come back: ten minutes.
constexpr int looks_remembered = 600;

}  // namespace

void file_follower::look_if_due() {
    if (options_.clock->steady() >= next_look_) look();
}

void file_follower::look() {
    const auto begun = options_.clock->steady();
    const auto made = files_.look();
    const auto ended = options_.clock->steady();
    const std::chrono::steady_clock::duration interval = options_.look_interval;
    next_look_ = ended + std::max(interval, look_share * (ended - begun));
    listing_problem_ = made.problem;
    if (!made.was_seen) return;
    if (made.is_stable) unstable_since_.reset();
    if (!made.is_stable && !unstable_since_) unstable_since_ = ended;
    if (unstable_since_ && ended - *unstable_since_ < unstable_time_max) {
        newer_ = 0;
        next_look_ = ended;
        return;
    }
    if (!has_begun_) {
        begin(made);
    } else {
        std::map<file_id, content_number> by_id;
        for (const auto& [number, file] : known_)
            if (file.where != state::cut) by_id[file.id] = number;
        std::set<content_number> seen;
        const auto last_known = last_number_;
        std::vector<const listed_file*> unknown;
        for (const auto& file : made.files) {
            const auto known = by_id.find(file.id);
            if (known == by_id.end()) {
                unknown.push_back(&file);
            } else {
                seen.insert(known->second);
                note_known(known->second, file);
            }
        }
        note_missed(seen, last_known);
        // Last, because one that is new can be a copy of what was cut off.
        for (const auto* file : unknown) note_new(*file, was_read_before(*file));
    }
    if (has_begun_) listed_ns_ = made.begun_ns;
    tell_of_losses();
    open_ahead();
    forget_done();
    newer_ = oldest_with_more();
}

void file_follower::note_known(content_number number, const listed_file& seen) {
    auto& file = known_.at(number);
    file.name = seen.name;
    file.where = state::there;
    file.missed = 0;
    if (number == current_) return;  // what is read looks for itself
    file.is_confirmed = file.head.bytes > 0;
    const bool has_head = file.head.bytes >= std::min(seen.size, head_bytes_max);
    if (has_head && seen.size == file.size && seen.modified_ns == file.modified_ns) return;
    bool is_same = seen.size >= file.offset && seen.size >= file.head.bytes;
    if (is_same && (file.fd || open_file_of(file))) {
        is_same = begins_with(file.fd.get(), file.head, head_bytes_max);
        if (seen.size == file.offset) file.fd.reset();
    }
    if (!is_same) {
        cut_off(number, seen.size, seen.modified_ns);
        return;
    }
    file.size = seen.size;
    file.modified_ns = seen.modified_ns;
}

/// 0 where it is not taken in: it is not meant, or it may be a copy that is being made.
file_follower::content_number file_follower::note_new(const listed_file& seen, bool was_read) {
    if (!seen.is_meant) return 0;
    content_number with = 0;
    const auto like = was_read ? likeness::other : compare(seen, with);
    if (like == likeness::undecided) return 0;
    const auto number = ++last_number_;
    auto& file = known_[number];
    file.name = seen.name;
    file.id = seen.id;
    file.size = seen.size;
    file.modified_ns = seen.modified_ns;
    if (seen.size > 0 && open_file_of(file)) {
        if (const auto head = head_of(file.fd.get(), head_bytes_max)) file.head = *head;
        file.fd.reset();
    }
    if (was_read) file.offset = seen.size;
    if (like == likeness::copy) {
        if (known_.at(with).where == state::cut) {
            hand_over(with, file);
        } else {
            file.copy_of = with;
        }
    }
    return number;
}

void file_follower::note_missed(const std::set<content_number>& seen, content_number last_known) {
    for (auto& [number, file] : known_) {
        if (number > last_known || file.where != state::there || seen.contains(number)) continue;
        file.is_confirmed = file.head.bytes > 0;
        if (++file.missed < looks_missed) continue;
        if (file.fd) {
            file.where = state::deleted;
        } else if (file.has_more() || file.missed > looks_remembered) {
            file.where = state::cut;
            file.may_be_lost = file.has_more();
            hand_over_to_copy(number);
        }
    }
}

/// Its content is not there any more, or in a copy only: the file begins again.
file_follower::content_number file_follower::cut_off(content_number number, std::uint64_t size,
                                                     std::int64_t modified_ns) {
    const auto anew_number = ++last_number_;
    auto& anew = known_[anew_number];
    auto& file = known_.at(number);
    anew.name = file.name;
    anew.id = file.id;
    anew.size = size;
    anew.modified_ns = modified_ns;
    anew.where = file.where;
    anew.fd = std::move(file.fd);
    // By its head a copy of it is known, even if it is emptied again before it is read.
    if (size > 0 && (anew.fd || open_file_of(anew)))
        if (const auto head = head_of(anew.fd.get(), head_bytes_max)) anew.head = *head;
    file.where = state::cut;
    file.may_be_lost = number == current_ || file.has_more();
    hand_over_to_copy(number);
    if (number == current_) current_ = 0;
    newer_ = oldest_with_more();
    return anew_number;
}

void file_follower::hand_over(content_number from, followed_file& to) {
    auto& file = known_.at(from);
    to.offset = file.offset;
    to.head = file.head;
    to.goes_on = from;
    file.was_taken_over = true;
}

void file_follower::hand_over_to_copy(content_number from) {
    for (auto& [number, copy] : known_) {
        if (copy.copy_of != from) continue;
        copy.copy_of = 0;
        hand_over(from, copy);
        return;
    }
}

void file_follower::tell_of_losses() {
    for (auto& [number, file] : known_) {
        if (!file.may_be_lost) continue;
        file.may_be_lost = false;
        if (!file.was_taken_over)
            notice(file.name +
                   " was emptied or deleted, and no copy of it is there: what was "
                   "written to it just before may be lost");
    }
}

/// Whether a file with the name of a rotated one is a copy (copytruncate) of one that is known.
file_follower::likeness file_follower::compare(const listed_file& seen,
                                               content_number& with) const {
    const auto base = base_of(seen.name);
    if (base == seen.name) return likeness::other;
    if (seen.size == 0) return likeness::undecided;  // a copy begins like this
    const auto opened = files_.open(seen.name, seen.id);
    if (!opened) return likeness::other;
    auto found = likeness::other;
    for (const auto& [number, file] : known_) {
        if (file.head.bytes == 0 || file.was_taken_over || file.id == seen.id) continue;
        if (base_of(file.name) != base) continue;
        if (seen.size < file.head.bytes) {
            // So short a beginning is compared with what stands there.
            const auto other = files_.open(file.name, file.id);
            if (file.where != state::there || !other) continue;
            const auto beginning = head_of(opened->get(), seen.size);
            if (beginning && begins_with(other->get(), *beginning)) return likeness::undecided;
            continue;
        }
        if (!begins_with(opened->get(), file.head)) continue;
        if (found == likeness::copy && file.where != state::cut) continue;
        found = likeness::copy;
        with = number;
    }
    return found;
}

void file_follower::open_ahead() {
    std::vector<followed_file*> waiting;
    std::size_t open = 0;
    for (auto& [number, file] : known_) {
        if (file.fd) ++open;
        const bool waits = file.where == state::there && file.has_more() && !file.fd;
        if (waits) waiting.push_back(&file);
    }
    std::ranges::sort(waiting, [](const auto* one, const auto* other) {
        if (one->modified_ns != other->modified_ns) return one->modified_ns < other->modified_ns;
        return is_named_earlier(one->name, other->name);
    });
    for (auto* file : waiting) {
        if (open >= open_files_max) break;
        if (open_file_of(*file)) ++open;
    }
}

void file_follower::forget_done() {
    std::set<content_number> copied;
    for (const auto& [number, file] : known_) copied.insert(file.copy_of);
    std::erase_if(known_, [&](const auto& entry) {
        const auto& [number, file] = entry;
        if (file.where == state::there || number == current_ || number == last_given_) return false;
        if (given_.has(number)) return false;
        if (file.where == state::deleted && file.fd && file.has_more()) return false;
        return file.where == state::cut || !copied.contains(number);
    });
}

}  // namespace tallyfs::trail
