#include <tallyfs/journal/stream.hpp>

#include <algorithm>

namespace tallyfs::journal {

namespace {

std::vector<segment_status>::const_iterator first_from(const std::vector<segment_status>& segments,
                                                       const segment_id& id) {
    return std::lower_bound(segments.begin(), segments.end(), id,
                            [](const segment_status& s, const segment_id& i) { return s.id < i; });
}

}  // namespace

stream_status stream::status() const {
    const std::lock_guard lock(state_mutex_);
    stream_status status = counts_;
    if (!segments_.empty()) status.end = {segments_.back().id, segments_.back().bytes};
    status.change_count = change_count();
    status.failing = append_failing_ || begin_failing_ || sync_failing_;
    return status;
}

position stream::end() const {
    const std::lock_guard lock(state_mutex_);
    if (segments_.empty()) return {};
    return {segments_.back().id, segments_.back().bytes};
}

std::vector<segment_status> stream::segments() const {
    const std::lock_guard lock(state_mutex_);
    return segments_;
}

std::optional<segment_status> stream::segment_from(const segment_id& id) const {
    const std::lock_guard lock(state_mutex_);
    const auto found = first_from(segments_, id);
    if (found == segments_.end()) return std::nullopt;
    return *found;
}

std::uint64_t stream::bytes_after(const position& at) const {
    const std::lock_guard lock(state_mutex_);
    std::uint64_t bytes = 0;
    for (auto each = first_from(segments_, at.segment); each != segments_.end(); ++each) {
        bytes += each->bytes;
        if (each->id == at.segment) bytes -= std::min(each->bytes, at.offset);
    }
    return bytes;
}

std::uint64_t stream::change_count() const noexcept {
    return change_count_.load(std::memory_order_acquire);
}

}  // namespace tallyfs::journal
