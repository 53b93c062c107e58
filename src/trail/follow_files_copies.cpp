#include "trail/follow_files.hpp"
#include "trail/head_index.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace tallyfs::trail {

head_index file_follower::known_heads() const {
    head_index made;
    for (const auto& [number, file] : known_) add_head(made, number);
    return made;
}

void file_follower::add_head(head_index& heads, content_number number) const {
    const auto& file = known_.at(number);
    if (file.head.bytes == 0 || file.was_taken_over || file.copy_of != 0) return;
    const std::string base(base_of(file.name));
    heads.add(number, base, file.head);
    if (file.where == state::there)
        heads.add_original(number, base, base == file.name, file.modified_ns);
}

/// Files of which nothing is known. Those that have the names of originals come first, because the
/// others can be copies of them.
void file_follower::note_new_ones(std::vector<const listed_file*> files) {
    std::erase_if(files, [](const auto* file) { return !file->is_meant; });
    if (files.empty()) return;
    std::ranges::stable_partition(files,
                                  [](const auto* file) { return original_of(file->name).empty(); });
    std::ranges::stable_partition(
        files, [](const auto* file) { return base_of(file->name) == file->name; });
    auto heads = known_heads();
    for (const auto* file : files) note_new(*file, heads);
}

void file_follower::note_new(const listed_file& seen, head_index& heads) {
    const auto found = compare(seen, heads);
    if (found.like == likeness::undecided) {
        has_uncompared_ = has_uncompared_ || found.is_uncompared;
        if (listing_problem_.empty()) listing_problem_ = found.problem;
        return;
    }
    const auto number = ++last_number_;
    auto& file = known_[number];
    file.name = seen.name;
    file.id = seen.id;
    file.size = seen.size;
    file.modified_ns = seen.modified_ns;
    file.head = found.head;
    file.problem = found.problem;
    file.is_unopened = found.is_uncompared;
    if (found.like == likeness::other) {
        if (was_read_before(seen)) file.offset = seen.size;
    } else if (known_.at(found.with).where == state::cut) {
        hand_over(found.with, file);
    } else {
        file.copy_of = found.with;
    }
    add_head(heads, number);
}

/// Whether a file is a copy (copytruncate) of one that is known, by its name and its beginning.
file_follower::newcomer file_follower::compare(const listed_file& seen,
                                               const head_index& heads) const {
    newcomer made;
    std::string base(base_of(seen.name));
    bool may_be_copy = base != seen.name;
    if (!may_be_copy) {
        base = original_of(seen.name);
        may_be_copy = heads.has(base);
    }
    const auto undecided = may_be_copy ? likeness::undecided : likeness::other;
    const auto opened = seen.size > 0 ? files_.open(seen.name, seen.id) : result<unique_fd>();
    auto beginning = result<std::string>(std::string());
    if (!opened) beginning = opened.error();
    if (opened && *opened) beginning = read_at(opened->get(), 0, head_bytes_max);
    if (!beginning) {
        const auto why = beginning.error();
        const bool is_refused = why == boost::system::errc::permission_denied;
        if (why != boost::system::errc::no_such_file_or_directory)
            made.problem = files_.problem_of(seen.name, why);
        made.is_uncompared = may_be_copy;
        if (!is_refused) made.like = undecided;
        return made;
    }
    if (beginning->empty()) {
        made.like = undecided;  // a copy begins like this
        return made;
    }
    made.head = head_of(*beginning);
    if (!may_be_copy) return made;
    for (const auto number : heads.at_beginning(base, *beginning)) {
        const auto& file = known_.at(number);
        if (file.was_taken_over || file.id == seen.id) continue;
        const auto rank = [&](const followed_file& one) {
            return std::pair(one.where == state::cut, one.head.bytes);
        };
        if (made.with != 0 && rank(file) < rank(known_.at(made.with))) continue;
        made.like = likeness::copy;
        made.with = number;
    }
    if (made.like == likeness::other) decide_on_short(made, seen, heads.original(base));
    return made;
}

/// A beginning that is shorter than the head of what may be copied is compared with what stands
/// there: the copy may be made just now.
void file_follower::decide_on_short(newcomer& made, const listed_file& seen,
                                    content_number original) const {
    if (original == 0) return;
    const auto& file = known_.at(original);
    if (file.id == seen.id || file.head.bytes <= made.head.bytes) return;
    const auto opened = files_.open(file.name, file.id);
    if (opened) {
        if (begins_with(opened->get(), made.head)) made.like = likeness::undecided;
        return;
    }
    if (file.missed > 0 || opened.error() == boost::system::errc::permission_denied) return;
    made.like = likeness::undecided;
    made.is_uncompared = true;
}

void file_follower::hand_over(content_number from, followed_file& to) {
    auto& file = known_.at(from);
    to.offset = file.offset;
    to.head = file.head;
    to.goes_on = from;
    file.was_taken_over = true;
    limit_to_copy(to);
}

/// What was written to a file after it was copied and before it was emptied is in the file only:
/// it was read beyond the end of its copy, which is whole by now.
void file_follower::limit_to_copy(followed_file& copy) {
    if (!copy.fd && !open_file_of(copy)) return;
    struct ::stat status {};
    if (::fstat(copy.fd.get(), &status) == 0) {
        copy.size = static_cast<std::uint64_t>(std::max<::off_t>(status.st_size, 0));
        copy.offset = std::min(copy.offset, copy.size);
    }
    if (!copy.has_more()) copy.fd.reset();
}

/// Of several copies the newest has the most.
void file_follower::hand_over_to_copy(content_number from) {
    followed_file* newest = nullptr;
    for (auto& [number, copy] : known_) {
        if (copy.copy_of != from) continue;
        if (newest == nullptr || copy.modified_ns > newest->modified_ns) newest = &copy;
    }
    if (newest == nullptr) return;
    newest->copy_of = 0;
    hand_over(from, *newest);
}

}  // namespace tallyfs::trail
