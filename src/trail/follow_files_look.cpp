#include "trail/follow_files.hpp"

#include <algorithm>

namespace tallyfs::trail {

namespace {

/// Files that wait to be read are opened early, so that deleting them does not take them away.
constexpr std::size_t open_files_max = 16;
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
    next_look_ = ended + until_next_look(ended - begun, interval);
    listing_problem_ = made.problem;
    if (!made.was_seen) return;
    if (!is_believed(unstable_since_, made.is_stable, ended)) return;
    has_uncompared_ = false;
    if (has_begun_) {
        note(made);
    } else {
        begin(made);
    }
    const bool is_settled = made.is_stable && !has_uncompared_;
    // At a restart what is older than this was read, and what was not seen must not count as that.
    if (has_begun_ && is_settled) listed_ns_ = made.begun_ns;
    open_ahead();
    if (!is_believed(uncompared_since_, !has_uncompared_, ended)) return;
    tell_of_losses();
    forget_done(is_settled);
    newer_ = oldest_with_more();
}

/// Whether to go by a look. One that may have missed a file, or could not open one that may be a
/// copy, is made again at once, and no file is gone over to before: the file can be the next one.
/// After a while it is believed all the same, because a directory may never be still, and nothing
/// would be read for ever. Then a file that it missed is read after one that is newer: late, but
/// once. For that a known file is not given up before looks_missed looks in a row missed it, what
/// was cut off is remembered until looks that show everything have shown no copy of it, and a
/// place does not count as read what was not seen.
bool file_follower::is_believed(std::optional<steady_time>& since, bool is_whole, steady_time now) {
    if (is_whole) {
        since.reset();
        return true;
    }
    if (!since) since = now;
    if (now - *since >= unstable_time_max) return true;
    newer_ = 0;
    next_look_ = now;
    return false;
}

void file_follower::note(const listing& made) {
    std::map<file_id, content_number> by_id;
    for (const auto& [number, file] : known_)
        if (file.where != state::cut) by_id[file.id] = number;
    std::set<content_number> seen;
    const auto last_known = last_number_;
    std::vector<const listed_file*> unknown;
    for (const auto& file : made.files) {
        const auto known = by_id.find(file.id);
        const bool is_known = known != by_id.end() && !known_.at(known->second).is_unopened;
        if (is_known) {
            seen.insert(known->second);
            note_known(known->second, file);
        } else {
            if (known != by_id.end()) known_.erase(known->second);
            unknown.push_back(&file);
        }
    }
    note_missed(seen, last_known);
    // Last, because one that is new can be a copy of what was cut off.
    note_new_ones(unknown);
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
    if (file.offset > file.size) limit_to_copy(file);
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

void file_follower::note_missed(const std::set<content_number>& seen, content_number last_known) {
    for (auto& [number, file] : known_) {
        if (number > last_known || file.where != state::there || seen.contains(number)) continue;
        file.is_confirmed = file.head.bytes > 0;
        if (++file.missed < looks_missed) continue;
        if (file.fd) {
            file.where = state::deleted;
        } else if (file.has_more() || file.missed > looks_remembered) {
            file.where = state::cut;
            file.missed = 0;
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
    file.missed = 0;
    file.may_be_lost = number == current_ || file.has_more();
    hand_over_to_copy(number);
    if (number == current_) current_ = 0;
    newer_ = oldest_with_more();
    return anew_number;
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

void file_follower::open_ahead() {
    std::vector<followed_file*> waiting;
    std::size_t open = 0;
    for (auto& [number, file] : known_) {
        if (file.fd) ++open;
        const bool waits =
            file.where == state::there && file.has_more() && !file.fd && !file.is_unopened;
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

/// Whether a copy of what was cut off may still be found, so that only its rest is read.
bool file_follower::waits_for_copy(const followed_file& file) {
    return file.where == state::cut && !file.was_taken_over && file.offset > 0 &&
           file.head.bytes > 0 && file.missed < looks_missed;
}

void file_follower::forget_done(bool is_settled) {
    std::set<content_number> copied;
    for (auto& [number, file] : known_) {
        copied.insert(file.copy_of);
        if (is_settled && file.where == state::cut) ++file.missed;
    }
    std::erase_if(known_, [&](const auto& entry) {
        const auto& [number, file] = entry;
        if (file.where == state::there || number == current_ || number == last_given_) return false;
        if (given_.has(number) || waits_for_copy(file)) return false;
        if (file.where == state::deleted && file.fd && file.has_more()) return false;
        return file.where == state::cut || !copied.contains(number);
    });
}

}  // namespace tallyfs::trail
