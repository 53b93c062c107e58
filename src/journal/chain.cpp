#include "journal/chain_checker.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/chain.hpp>

namespace tallyfs::journal {

chain::chain(stream& lines, std::filesystem::path head_file,
             const std::function<void(std::string_view line)>& each_line, const chain_past& past)
    : lines_(lines), head_file_(std::move(head_file)) {
    const auto kept = read_chain_head(head_file_);
    std::vector<chain_head> known;
    if (kept && *kept) known.push_back(**kept);
    found_ = past.whole ? verify_chain(lines.directory(), known, each_line, past.bases)
                        : verify_end(lines.directory(), known, each_line, past.bases);
    head_ = found_.end;
    if (!known.empty()) kept_ = known.front();
    if (!known.empty() && known.front().lines > found_.end.lines) head_ = known.front();
    if (known.empty() && found_.end.lines == 0) {
        if (const auto begun = replace_file(head_file_, head_.to_string() + "\n"); !begun) {
            throw startup_error("cannot write " + head_file_.string() + ": " +
                                begun.error().message());
        }
    }
    if (known.empty() && found_.end.lines > 0) {
        ++found_.breaks_found;
        found_.breaks.push_back({"", 0,
                                 head_file_.filename().string() +
                                     (kept ? " is gone" : " cannot be read") +
                                     ": nothing tells whether the end was cut off"});
    }
    for (const auto& broken : found_.breaks) {
        spdlog::error("the chain of {} is broken: {}{}{}", lines.directory().filename().string(),
                      broken.file, broken.line > 0 ? ":" + std::to_string(broken.line) + " " : "",
                      broken.what);
    }
}

result<chain::appended> chain::append(const line_writer& write_line) {
    std::vector<batch_line> lines;
    const auto written = append_all(
        1,
        [&](std::size_t, std::string& out, wall_time now, std::uint64_t number,
            std::string_view previous) { write_line(out, now, number, previous); },
        lines, false);
    if (!written) return written.error();
    appended done{lines.front().number, true};
    const std::lock_guard lock(sync_mutex_);
    const auto head = this->head();
    if (const auto synced = lines_.sync(); !synced) {
        done.durable = false;
    } else if (const auto kept = keep_head(head); !kept) {
        // The line is safe; the next one writes the head again, and a start takes it from the end.
        spdlog::error("cannot keep the head of the chain in {}: {}", head_file_.string(),
                      kept.error().message());
    }
    return done;
}

result<std::uint64_t> chain::append_all(std::size_t count, const batch_writer& write_line,
                                        std::vector<batch_line>& lines, bool sync) {
    lines.clear();
    result<void> done;
    {
        const std::lock_guard lock(append_mutex_);
        while (done && lines.size() < count) {
            const auto first = lines.size();
            const auto before = head();
            hashes_.clear();
            placed_.clear();
            done = lines_.append_lines(
                count - first,
                [&](std::size_t i, std::string& out, wall_time now) {
                    const auto begin = out.size();
                    write_line(first + i, out, now, before.lines + i + 1,
                               i == 0 ? before.hash : hashes_[i - 1]);
                    const auto line = std::string_view(out).substr(begin);
                    hashes_.push_back(
                        sha256_hex(line.substr(0, line.empty() ? 0 : line.size() - 1)));
                },
                placed_);
            for (const auto& [at, bytes] : placed_) {
                lines.push_back({before.lines + 1 + lines.size() - first, at, bytes});
            }
            if (placed_.empty()) continue;
            set_head({before.lines + placed_.size(), std::move(hashes_[placed_.size() - 1])});
        }
    }
    if (!done) return done.error();
    if (sync) done = this->sync();
    if (!done) return done.error();
    return lines.empty() ? head().lines : lines.back().number;
}

result<void> chain::sync() {
    const std::lock_guard lock(sync_mutex_);
    // Of lines that are appended meanwhile nobody knows whether they are synced.
    const auto head = this->head();
    if (auto synced = lines_.sync(); !synced) return synced;
    return keep_head(head);
}

/// Under sync_mutex_.
result<void> chain::keep_head(const chain_head& head) {
    if (head == kept_) return {};
    if (auto replaced = replace_file(head_file_, head.to_string() + "\n"); !replaced) {
        return replaced;
    }
    kept_ = head;
    return {};
}

void chain::set_head(chain_head head) {
    const std::lock_guard lock(head_mutex_);
    head_ = std::move(head);
}

chain_head chain::head() const {
    const std::lock_guard lock(head_mutex_);
    return head_;
}

}  // namespace tallyfs::journal
