#include "journal/chain_checker.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/file.hpp>

#include <algorithm>
#include <fcntl.h>

namespace tallyfs::journal {

namespace {

constexpr std::size_t breaks_shown_max = 100;
constexpr std::size_t block_bytes = std::size_t{1} << 20;

}  // namespace

chain_checker::chain_checker(const std::vector<chain_head>& known, const line_listener& each_line,
                             const std::vector<chain_head>& bases)
    : known_(known), met_(known.size()), each_line_(each_line) {
    for (const auto& [line, hash] : bases) {
        const auto [same, added] = bases_.try_emplace(line, recorded_base{hash});
        if (!added && same->second.hash != hash) same->second.contradicted = true;
    }
    report_.end.hash = record::no_line_before;
    meet();
}

void chain_checker::begin_behind(const chain_head& line) {
    begin_ = line;
    begins_inside_ = true;
    report_.end = line;
    meet();
}

void chain_checker::note(std::string what) {
    ++report_.breaks_found;
    if (report_.breaks.size() < breaks_shown_max) {
        report_.breaks.push_back({file_, line_in_file_, std::move(what)});
    }
}

void chain_checker::meet() {
    for (std::size_t i = 0; i < known_.size(); ++i) {
        if (known_[i] == report_.end) met_[i] = true;
    }
    if (bases_.empty()) return;
    const auto base = bases_.find(report_.end.lines);
    if (base != bases_.end() && base->second.hash == report_.end.hash) base->second.met = true;
}

/// Whether anything may be missing before it only the bases tell, and some of them only later.
void chain_checker::begin_at(const record::chain_link& first) {
    begin_ = {0, std::string(record::no_line_before)};
    first_line_ = {file_, line_in_file_, {}};
    if (first.number <= 1) return;
    begin_ = {first.number - 1, std::string(first.previous)};
    report_.end = *begin_;
    meet();
}

void chain_checker::check(const record::chain_link& link) {
    const auto expected = report_.end.lines + 1;
    if (link.number > expected) {
        note("lines " + std::to_string(expected) + " to " + std::to_string(link.number - 1) +
             " are missing before it");
    } else if (link.number < expected) {
        note("line " + std::to_string(link.number) + " stands where line " +
             std::to_string(expected) + " belongs: it was inserted or moved");
    } else if (link.previous != report_.end.hash) {
        note("does not carry the hash of the line before it: that one was changed or replaced");
    }
}

void chain_checker::take(std::string_view line) {
    ++line_in_file_;
    const auto link = record::read_chain_link(line);
    if (!begin_) begin_at(link.value_or(record::chain_link{}));
    if (link) {
        check(*link);
        report_.end.lines = link->number;
    } else {
        note("is no line of a chain");
        ++report_.end.lines;
    }
    report_.end.hash = sha256_hex(line);
    meet();
    if (each_line_) each_line_(line);
}

result<void> chain_checker::read(const segment_status& segment) {
    auto file = open_file(segment.path, O_RDONLY);
    if (!file) return file.error();
    ++report_.segments;
    file_ = segment.path.filename().string();
    line_in_file_ = 0;
    std::string rest;
    for (std::uint64_t offset = 0; offset < segment.bytes;) {
        const auto wanted = std::min<std::uint64_t>(block_bytes, segment.bytes - offset);
        const auto block = read_at(file->get(), offset, static_cast<std::size_t>(wanted));
        if (!block) return block.error();
        if (block->empty()) return make_error_code(boost::system::errc::io_error);
        offset += block->size();
        rest += *block;
        std::size_t begin = 0;
        for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
            take(std::string_view(rest).substr(begin, end - begin));
            begin = end + 1;
        }
        rest.erase(0, begin);
    }
    return {};
}

/// Lines may be missing before the first one up to the end of a deletion: that end is the line
/// before it, or, where the deletion was interrupted, one of those that are still there.
bool chain_checker::begins_rightly() const {
    if (begins_inside_ || begin_->lines == 0) return true;
    return std::any_of(bases_.lower_bound(begin_->lines), bases_.end(),
                       [](const auto& each) { return each.second.met; });
}

void chain_checker::check_bases() {
    if (!begins_rightly()) {
        ++report_.breaks_found;
        first_line_.what = "lines 1 to " + std::to_string(begin_->lines) +
                           " are missing before it" +
                           (bases_.empty() ? "" : ", and no deletion that was recorded ends there");
        report_.breaks.insert(report_.breaks.begin(), first_line_);
        report_.breaks.resize(std::min(report_.breaks.size(), breaks_shown_max));
    }
    for (const auto& [line, base] : bases_) {
        const auto number = std::to_string(line);
        if (base.contradicted) {
            note("two deletions were recorded that end with different lines " + number);
        } else if (line < begin_->lines || base.met) {
            continue;
        } else if (line > report_.end.lines) {
            note("a deletion was recorded that ends with line " + number + ", but line " +
                 std::to_string(report_.end.lines) + " is the last: the end was cut off");
        } else {
            note("line " + number + " is not the one with which a deletion that was recorded ends");
        }
    }
}

void chain_checker::check_head(const chain_head& head) {
    const auto number = std::to_string(head.lines);
    if (head.lines > report_.end.lines) {
        note("the head is of line " + number + ", but line " + std::to_string(report_.end.lines) +
             " is the last: the end was cut off");
    } else if (head.lines < begin_->lines) {
        const auto base = bases_.find(head.lines);
        if (base != bases_.end() && base->second.hash == head.hash) return;
        note("line " + number +
             " was deleted: nothing tells whether it was the one that the head " +
             head.to_string() + " is of");
    } else {
        note("line " + number + " is not the one that the head " + head.to_string() + " is of");
    }
}

chain_report chain_checker::finish() {
    file_.clear();
    line_in_file_ = 0;
    if (!begin_) {
        // All that there was can have been deleted on purpose.
        if (!bases_.empty()) report_.end = {bases_.rbegin()->first, bases_.rbegin()->second.hash};
        begin_ = report_.end;
        meet();
    }
    if (!begins_inside_ && begins_rightly()) report_.deleted_lines = begin_->lines;
    check_bases();
    for (std::size_t i = 0; i < known_.size(); ++i) {
        if (!met_[i]) check_head(known_[i]);
    }
    if (!known_.empty() && known_.front().lines <= report_.end.lines) {
        report_.lines_after_head = report_.end.lines - known_.front().lines;
    }
    return std::move(report_);
}

}  // namespace tallyfs::journal
