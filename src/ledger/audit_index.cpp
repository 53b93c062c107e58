

#include "ledger/arithmetic.hpp"
#include "ledger/audit_blocks.hpp"
#include "ledger/journal_lines.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/log.hpp>

#include <algorithm>

namespace tallyfs::ledger {

error_code audit_index::implementation::open_existing() {
    current = std::make_unique<audit_session>(file, false);
    database& opened = current->file;
    std::string mismatch;
    if (opened.good()) mismatch = find_mismatch(opened, audit_index_format);
    if (opened.good() && mismatch.empty()) {
        current->statements.emplace(opened);
        const auto loaded = load();
        if (loaded) return {};
        opened.fail(loaded.error().value());
    }
    const auto failure = opened.take_failure();
    current.reset();
    if (is_locked(failure)) return failure;
    reset_reason = failure ? reason_to_begin_anew(failure) : mismatch;
    return {};
}

result<void> audit_index::implementation::create() {
    current.reset();
    now = {};
    names.clear();
    runs.clear();
    young.clear();
    written_to = {};
    ++epoch;
    if (auto removed = remove_files(file); !removed) return removed;
    auto made = std::make_unique<audit_session>(file, true);
    if (const auto failure = made->file.take_failure()) return failure;
    if (auto created = create_audit_tables(made->file); !created) return created;
    made->statements.emplace(made->file);
    if (const auto failure = made->file.take_failure()) return failure;
    current = std::move(made);
    return {};
}

error_code audit_index::implementation::note(const error_code& failure) {
    if (!is_unusable(failure)) return failure;
    reset_reason = reason_to_begin_anew(failure);
    spdlog::error("the index of the audit is begun anew: {}", reset_reason);
    if (const auto created = create(); !created) {
        spdlog::error("cannot begin {}: {}", file.string(), created.error().message());
    }
    return failure;
}

/// After a full disk, say, none is open.
error_code audit_index::implementation::usable() {
    if (current) return {};
    if (const auto created = create(); !created) return created.error();
    return {};
}

audit_index::audit_index(std::filesystem::path file, std::size_t names)
    : implementation_(std::make_unique<implementation>(std::move(file), names)) {
    auto& self = *implementation_;
    const auto complain = [&](const error_code& why) {
        throw startup_error("cannot open the index of the audit " + self.file.string() + ": " +
                            why.message() + " (another process has it open)");
    };
    std::error_code ignored;
    if (std::filesystem::exists(self.file, ignored)) {
        if (const auto failure = self.open_existing()) complain(failure);
    }
    if (self.current) return;
    const auto created = self.create();
    if (!created && is_locked(created.error())) complain(created.error());
    if (!created) {
        spdlog::error("cannot begin {}: {}", self.file.string(), created.error().message());
    }
}

audit_index::~audit_index() {
    if (!implementation_->current) return;
    if (const auto written = flush(); !written) {
        spdlog::warn("the index of the audit lacks its newest lines: {}",
                     written.error().message());
    }
}

std::string audit_index::was_reset() const {
    const std::lock_guard lock(implementation_->mutex);
    return implementation_->reset_reason;
}

std::uint64_t audit_index::resets() const noexcept {
    return implementation_->epoch;
}

journal::position audit_index::checkpoint() const {
    const std::lock_guard lock(implementation_->mutex);
    return implementation_->now.checkpoint;
}

result<void> audit_index::add(const std::vector<indexed_event>& events) {
    auto& self = *implementation_;
    const std::lock_guard lock(self.mutex);
    if (auto written = self.write_in_time(); !written) return written;
    auto checkpoint = self.now.checkpoint;
    for (const auto& [event, at, bytes] : events) {
        if (event == nullptr || bytes == 0 || !is_next(checkpoint, at)) {
            return make_error_code(boost::system::errc::invalid_argument);
        }
        checkpoint = {at.segment, at.offset + bytes};
    }
    for (const auto& [event, at, bytes] : events) self.take(*event, at, bytes);
    return {};
}

result<void> audit_index::apply(const journal::batch& lines) {
    auto& self = *implementation_;
    if (lines.text.empty()) return {};
    const std::lock_guard lock(self.mutex);
    if (auto written = self.write_in_time(); !written) return written;
    journal::position at{lines.segment, lines.offset};
    if (!is_next(self.now.checkpoint, at) || lines.text.back() != '\n') {
        return make_error_code(boost::system::errc::invalid_argument);
    }
    for (auto rest = lines.text; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n') + 1);
        if (const auto event = record::parse_audit_event(line)) {
            self.take(*event, at, line.size());
        } else {
            self.take_unreadable(at, line.size());
        }
        at.offset += line.size();
        rest.remove_prefix(line.size());
    }
    return {};
}

result<void> audit_index::flush() {
    const std::lock_guard lock(implementation_->mutex);
    return implementation_->write();
}

result<std::string> audit_index::reconcile(const std::vector<journal::segment_status>& segments) {
    auto& self = *implementation_;
    const std::lock_guard lock(self.mutex);
    const auto& last = self.now.last_line;
    const auto is_last = [&](std::string_view line) {
        if (line.empty() || line.back() != '\n') return false;
        if (last.number == 0) return true;
        const auto link = record::read_chain_link(line);
        return link && link->number == last.number && hash_of(link->previous) == last.link_hash;
    };
    const auto bytes = std::min<std::uint64_t>(last.bytes, limits::line_bytes_max);
    auto reason = find_disagreement(self.now.checkpoint, bytes, segments, is_last);
    if (reason.empty()) return reason;
    if (auto cleared = self.create(); !cleared) return cleared.error();
    return reason;
}

result<void> audit_index::clear() {
    const std::lock_guard lock(implementation_->mutex);
    return implementation_->create();
}

result<void> audit_index::forget_day(day date) {
    const std::lock_guard lock(implementation_->mutex);
    return implementation_->forget(date);
}

std::optional<day> audit_index::last_forgotten() const {
    const std::lock_guard lock(implementation_->mutex);
    return implementation_->now.last_forgotten;
}

}  // namespace tallyfs::ledger
