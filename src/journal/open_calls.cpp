#include "journal/open_calls_layout.hpp"

#include <tallyfs/journal/open_calls.hpp>

#include <algorithm>
#include <tuple>

namespace tallyfs::journal {

std::string_view to_string(phase value) noexcept {
    switch (value) {
        case phase::queued:
            return "queued";
        case phase::loading:
            return "loading";
        case phase::prefill:
            return "prefill";
        case phase::decoding:
            return "decoding";
    }
    return "queued";
}

open_calls::place::place(place&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)), index_(other.index_) {}

open_calls::place& open_calls::place::operator=(place&& other) noexcept {
    if (this == &other) return *this;
    release();
    table_ = std::exchange(other.table_, nullptr);
    index_ = other.index_;
    return *this;
}

open_calls::place::~place() {
    release();
}

void open_calls::place::release() noexcept {
    if (table_ == nullptr) return;
    open_calls& owner = *std::exchange(table_, nullptr);
    owner.table_->at(index_).in_use.store(0, std::memory_order_release);
    const std::lock_guard lock(owner.mutex_);
    owner.entered_[index_] = false;
    owner.free_.push_back(index_);  // never grows: as many were taken out
    owner.count_.fetch_sub(1, std::memory_order_relaxed);
}

void open_calls::place::update(const record::call& so_far) {
    if (table_ == nullptr) return;
    const std::lock_guard lock(table_->mutex_);
    layout::slot& slot = table_->table_->at(index_);
    const auto names = layout::decode_names(layout::names_of(slot));
    if (names) layout::store_names(slot, so_far, names->started, true);
}

call_progress& open_calls::place::progress() noexcept {
    thread_local call_progress nowhere;
    return table_ == nullptr ? nowhere : table_->table_->at(index_).progress;
}

open_calls::place open_calls::enter(const record::call& so_far, wall_time started) {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return {};
    place entered;
    entered.index_ = free_.back();
    free_.pop_back();
    layout::slot& slot = table_->at(entered.index_);
    slot.progress.now = phase::queued;
    slot.progress.output_tokens = 0;
    slot.progress.response_bytes = 0;
    slot.progress.first_byte_us = -1;
    slot.progress.first_token_us = -1;
    slot.ended_us = 0;
    layout::store_names(slot, so_far, started, false);
    const wall_time alive(std::chrono::microseconds(table_->header.alive_us.load()));
    if (alive < started) beat(started);
    // In use only now that everything else is there: a killed process leaves a whole call or none.
    auto& touched = table_->header.places_touched;
    touched.store(std::max(touched.load(), entered.index_ + 1), std::memory_order_release);
    slot.in_use.store(1, std::memory_order_release);
    entered_[entered.index_] = true;
    count_.fetch_add(1, std::memory_order_relaxed);
    entered.table_ = this;
    return entered;
}

void open_calls::beat(wall_time now) noexcept {
    table_->header.alive_us.store(now.time_since_epoch().count(), std::memory_order_relaxed);
}

std::uint32_t open_calls::count() const noexcept {
    return count_.load(std::memory_order_relaxed);
}

std::vector<open_call> open_calls::list() const {
    std::vector<layout::slot_copy> copies;
    copies.reserve(places_);
    {
        // Copied under the lock and read afterwards: the proxy enters calls meanwhile.
        const std::lock_guard lock(mutex_);
        const std::uint32_t touched = table_->header.places_touched.load();
        for (std::uint32_t i = 0; i < touched; ++i) {
            if (entered_[i]) copies.emplace_back(table_->at(i));
        }
    }
    std::vector<open_call> calls;
    calls.reserve(copies.size());
    for (const auto& copy : copies) {
        if (auto call = copy.read()) calls.push_back(std::move(*call));
    }
    std::sort(calls.begin(), calls.end(), [](const open_call& a, const open_call& b) {
        return std::tie(a.started, a.so_far.id) < std::tie(b.started, b.so_far.id);
    });
    return calls;
}

}  // namespace tallyfs::journal
