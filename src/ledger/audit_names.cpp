#include "ledger/audit_names.hpp"

#include "ledger/arithmetic.hpp"

#include <algorithm>
#include <limits>

namespace tallyfs::ledger {

namespace {

/// Shorter than every limit of a field of the line.
constexpr std::size_t plain_bytes_max = 200;

/// Kinds do not share a hash but by accident.
std::uint64_t hash_of_name(audit_name kind, std::string_view text) {
    constexpr std::uint64_t far_apart = 0x9e3779b97f4a7c15U;
    const auto hash = hash_of(text, (static_cast<std::uint64_t>(kind) + 1) * far_apart);
    return hash ^ (hash >> 32U);
}

}  // namespace

bool is_plain_name(std::string_view text) noexcept {
    return text.size() <= plain_bytes_max && std::ranges::all_of(text, [](char c) {
               return c >= ' ' && c <= '~' && c != '"' && c != '\\';
           });
}

audit_names::numbered& audit_names::enter(audit_name kind, std::string_view text) {
    const auto index = static_cast<std::size_t>(kind);
    auto& last = recent_[index];
    if (last.entry != nullptr && last.text == text) return *last.entry;
    const auto hash = hash_of_name(kind, text);
    auto found = ids_.find(hash);
    if (found == ids_.end()) {
        if (ids_.size() >= names_max_ || next_ == std::numeric_limits<audit_name_id>::max()) {
            return others_[index];
        }
        found = ids_.emplace(hash, numbered{next_}).first;
        unsaved_.push_back({next_, kind, std::string(text)});
        ++next_;
    }
    last.text = text;
    last.entry = &found->second;
    return found->second;
}

audit_name_id audit_names::find(audit_name kind, std::string_view text) const {
    const auto found = ids_.find(hash_of_name(kind, text));
    return found == ids_.end() ? static_cast<audit_name_id>(kind) : found->second.id;
}

bool audit_names::restore(audit_name_id id, audit_name kind, std::string_view text) {
    if (id < next_) return false;
    next_ = id;
    if (next_ != std::numeric_limits<audit_name_id>::max()) ++next_;
    return ids_.emplace(hash_of_name(kind, text), numbered{id}).second;
}

void audit_names::clear() {
    ids_.clear();
    recent_ = {};
    unsaved_.clear();
    next_ = audit_name_kinds;
    for (std::size_t kind = 0; kind < audit_name_kinds; ++kind) {
        others_[kind] = {static_cast<audit_name_id>(kind)};
    }
}

}  // namespace tallyfs::ledger
