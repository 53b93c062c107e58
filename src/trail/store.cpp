#include "trail/store.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/reader.hpp>
#include <tallyfs/ledger/ledger.hpp>

namespace tallyfs::trail {

namespace {

constexpr std::size_t batch_bytes = std::size_t{4} << 20;

}  // namespace

store::store(const std::filesystem::path& state_directory, const clock_source& clock,
             std::vector<journal::chain_head> bases)
    : lines_(state_directory / "journal" / "audit", clock),
      chain_(lines_, state_directory / "audit.head", nullptr, {std::move(bases), false}),
      index_(state_directory / "audit.sqlite") {
    const auto reason = index_.reconcile(lines_.segments());
    resets_known_ = index_.resets();
    if (!reason) {
        spdlog::error("the index of the audit cannot be used: {}", reason.error().message());
    } else if (!reason->empty()) {
        spdlog::warn("the index of the audit is made anew: {}", *reason);
    }
    for (const auto& one : chain_.found().breaks) {
        spdlog::error("the audit's chain does not hold: {}:{}: {}", one.file, one.line, one.what);
    }
    // After a clean stop it has all: who posts or searches at once is answered.
    static_cast<void>(catch_up_locked());
}

std::size_t store::append(std::span<record::audit_event> events) {
    const std::lock_guard lock(mutex_);
    std::vector<journal::batch_line> places;
    places.reserve(events.size());
    const auto appended = chain_.append_all(
        events.size(),
        [&events](std::size_t i, std::string& out, wall_time now, std::uint64_t number,
                  std::string_view previous) {
            auto& event = events[i];
            event.time = now;
            event.number = number;
            event.previous = previous;
            append_line(out, event);
        },
        places, false);
    append_failed(appended ? error_code() : appended.error());
    index(events.first(places.size()), places);
    return places.size();
}

void store::index(std::span<const record::audit_event> events,
                  const std::vector<journal::batch_line>& places) {
    if (places.empty()) return;
    if (!can_find()) return;  // tick() comes to these lines too
    std::vector<ledger::indexed_event> indexed;
    indexed.reserve(places.size());
    const auto next = index_.checkpoint();
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (places[i].at < next) continue;
        indexed.push_back({&events[i], places[i].at, places[i].bytes});
    }
    if (indexed.empty()) return;
    if (const auto added = index_.add(indexed); !added) index_failed(added.error());
    ++changes_;
}

store::line_end store::end() const {
    const std::lock_guard lock(mutex_);
    return {lines_.end(), chain_.head().lines};
}

result<void> store::sync() {
    return chain_.sync();
}

bool store::catch_up_locked() {
    journal::reader lines(lines_, index_.checkpoint());
    const auto batch = lines.next(batch_bytes);
    if (!batch) {
        index_failed(batch.error());
        return false;
    }
    if (batch->text.empty()) {
        index_behind_ = false;
        ++changes_;
        index_failure_ = {};
        caught_up_.notify_all();
        return false;
    }
    if (const auto applied = index_.apply(*batch); !applied) {
        index_failed(applied.error());
        return false;
    }
    return true;
}

/// Said once: it is tried again until it can be recorded.
void store::append_failed(const error_code& why) {
    if (append_failure_ == why) return;
    append_failure_ = why;
    if (why) {
        spdlog::error("audit events cannot be recorded, and wait: {}", why.message());
    } else {
        spdlog::info("audit events are recorded again");
    }
}

/// Said once: it is tried again with every second.
void store::index_failed(const error_code& why) {
    index_behind_ = true;
    if (index_failure_ == why) return;
    index_failure_ = why;
    spdlog::error("the index of the audit does not follow: {}", why.message());
}

void store::tick(const std::function<bool()>& stopping) {
    lines_.turn_day();
    for (bool more = true; more && !stopping();) {
        // Appends come in between: the log is not held up by what is old.
        const std::lock_guard lock(mutex_);
        if (ledger::is_damage(index_failure_) || index_.resets() != resets_known_) {
            const auto cleared = index_.clear();
            if (!cleared) return index_failed(cleared.error());
            resets_known_ = index_.resets();
            index_behind_ = true;
            index_failure_ = {};
        }
        more = index_behind_ && catch_up_locked();
    }
    const std::lock_guard lock(mutex_);
    if (const auto flushed = index_.flush(); !flushed) index_failed(flushed.error());
}

bool store::await_index(const std::function<bool()>& stopping) {
    while (!can_find()) {
        if (stopping()) return false;
        std::unique_lock lock(mutex_);
        caught_up_.wait_for(lock, std::chrono::milliseconds(100), [this] { return can_find(); });
    }
    return true;
}

result<ledger::audit_found> store::find(
    const ledger::audit_query& query,
    const std::function<void(std::string_view line, const record::audit_event&)>& show) const {
    // Without the mutex, which an append holds while the disk writes.
    const auto behind = make_error_code(boost::system::errc::resource_unavailable_try_again);
    if (!can_find()) return behind;
    auto found = index_.find(query, lines_.directory(), show);
    if (!found && !can_find()) return behind;  // damage: it is begun anew
    return found;
}

}  // namespace tallyfs::trail
