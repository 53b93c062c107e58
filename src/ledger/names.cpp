#include "ledger/names.hpp"

#include <algorithm>
#include <numeric>

namespace tallyfs::ledger {

namespace {

/// With its length in front, so that no two lists of texts have the same key.
void append_key(std::string& key, std::string_view text) {
    key += static_cast<char>(text.size() & 0xff);
    key += static_cast<char>(text.size() >> 8 & 0xff);
    key += text;
}

void make_name_key(std::string& key, name_kind kind, std::string_view text) {
    key.assign(1, static_cast<char>(kind));
    key += text;
}

void make_group_key(std::string& key, std::string_view service, std::string_view task,
                    std::string_view model, std::string_view endpoint) {
    key.clear();
    append_key(key, service);
    append_key(key, task);
    append_key(key, model);
    append_key(key, endpoint);
}

std::string_view text_of(const std::optional<std::string>& text) {
    return text ? std::string_view(*text) : std::string_view();
}

}  // namespace

group_id name_table::enter(const record::call& c) {
    return enter(c.service, text_of(c.task), text_of(c.model), c.endpoint);
}

group_id name_table::enter(const group& of) {
    return enter(of.service, of.task, of.model, of.endpoint);
}

group_id name_table::enter(std::string_view service, std::string_view task, std::string_view model,
                           std::string_view endpoint) {
    make_group_key(key_, service, task, model, endpoint);
    if (const auto known = group_ids_.find(key_); known != group_ids_.end()) return known->second;
    const auto id = static_cast<group_id>(groups_.size());
    group_ids_.emplace(key_, id);
    group_names ids;
    ids.service = enter(name_kind::service, service);
    ids.task = enter(name_kind::task, task);
    ids.model = enter(name_kind::model, model);
    ids.endpoint = enter(name_kind::endpoint, endpoint);
    groups_.push_back(ids);
    return id;
}

name_id name_table::enter(name_kind kind, std::string_view text) {
    if (const auto known = find(kind, text)) return *known;
    add_name(kind, text);
    return static_cast<name_id>(names_.size() - 1);
}

void name_table::add_name(name_kind kind, std::string_view text) {
    std::string key;
    make_name_key(key, kind, text);
    name_ids_.emplace(std::move(key), static_cast<name_id>(names_.size()));
    names_.push_back({kind, std::string(text)});
}

bool name_table::add_group(const group_names& ids) {
    const auto known = [&](name_id id, name_kind kind) {
        return id < names_.size() && names_[id].kind == kind;
    };
    if (!known(ids.service, name_kind::service) || !known(ids.task, name_kind::task) ||
        !known(ids.model, name_kind::model) || !known(ids.endpoint, name_kind::endpoint)) {
        return false;
    }
    make_group_key(key_, at(ids.service).text, at(ids.task).text, at(ids.model).text,
                   at(ids.endpoint).text);
    group_ids_.emplace(key_, static_cast<group_id>(groups_.size()));
    groups_.push_back(ids);
    return true;
}

void name_table::shrink_to(const size& before) {
    for (; groups_.size() > before.groups; groups_.pop_back()) {
        const auto& ids = groups_.back();
        make_group_key(key_, at(ids.service).text, at(ids.task).text, at(ids.model).text,
                       at(ids.endpoint).text);
        group_ids_.erase(key_);
    }
    for (; names_.size() > before.names; names_.pop_back()) {
        make_name_key(key_, names_.back().kind, names_.back().text);
        name_ids_.erase(key_);
    }
}

group name_table::group_of(group_id id) const {
    const auto& ids = groups_[id];
    return {at(ids.service).text, at(ids.task).text, at(ids.model).text, at(ids.endpoint).text};
}

void name_table::assign_group(group& to, group_id id) const {
    const auto& ids = groups_[id];
    to.service = at(ids.service).text;
    to.task = at(ids.task).text;
    to.model = at(ids.model).text;
    to.endpoint = at(ids.endpoint).text;
}

std::optional<name_id> name_table::find(name_kind kind, std::string_view text) const {
    std::string key;
    make_name_key(key, kind, text);
    const auto known = name_ids_.find(key);
    return known == name_ids_.end() ? std::nullopt : std::optional(known->second);
}

std::vector<std::uint32_t> name_table::ranks() const {
    std::vector<group_id> order(groups_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](group_id left, group_id right) {
        const auto& a = groups_[left];
        const auto& b = groups_[right];
        if (a.service != b.service) return at(a.service).text < at(b.service).text;
        if (a.task != b.task) return at(a.task).text < at(b.task).text;
        if (a.model != b.model) return at(a.model).text < at(b.model).text;
        return at(a.endpoint).text < at(b.endpoint).text;
    });
    std::vector<std::uint32_t> ranks(order.size());
    for (std::uint32_t rank = 0; rank < order.size(); ++rank) ranks[order[rank]] = rank;
    return ranks;
}

}  // namespace tallyfs::ledger
