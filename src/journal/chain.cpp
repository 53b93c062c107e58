#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/chain.hpp>
#include <tallyfs/record/chain_link.hpp>

namespace tallyfs::journal {

chain::chain(stream& lines, std::filesystem::path head_file,
             const std::function<void(std::string_view line)>& each_line)
    : lines_(lines), head_file_(std::move(head_file)) {
    const auto kept = read_chain_head(head_file_);
    std::vector<chain_head> known;
    if (kept && *kept) known.push_back(**kept);
    found_ = verify_chain(lines.directory(), known, each_line);
    head_ = found_.end;
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
    const std::lock_guard lock(append_mutex_);
    const auto before = head();
    chain_head after{before.lines + 1, {}};
    const auto written = lines_.append([&](std::string& out, wall_time now) {
        const auto begin = out.size();
        write_line(out, now, after.lines, before.hash);
        after.hash = sha256_hex(std::string_view(out).substr(begin, out.size() - begin - 1));
    });
    if (!written) return written.error();
    {
        const std::lock_guard head_lock(head_mutex_);
        head_ = after;
    }
    appended done{after.lines, true};
    if (const auto synced = lines_.sync(); !synced) {
        done.durable = false;
    } else if (const auto kept = replace_file(head_file_, after.to_string() + "\n"); !kept) {
        // The line is safe; the next one writes the head again, and a start takes it from the end.
        spdlog::error("cannot keep the head of the chain in {}: {}", head_file_.string(),
                      kept.error().message());
    }
    return done;
}

chain_head chain::head() const {
    const std::lock_guard lock(head_mutex_);
    return head_;
}

}  // namespace tallyfs::journal
