#include "mountd/databases.hpp"

#include <tallyfs/health/mutes.hpp>

#include <charconv>

namespace tallyfs::mountd {

namespace {

using namespace std::chrono_literals;
using state::judged_value;
using state::setting_definition;

/// Of a text that was judged to be one.
std::int64_t number_of(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

std::shared_ptr<const postgres::collector_settings> databases::current() const {
    const std::lock_guard lock(mutex_);
    return settings_;
}

void databases::change(const std::function<void(postgres::collector_settings&)>& edit) {
    auto next = std::make_shared<postgres::collector_settings>(*current());
    edit(*next);
    collector_.configure(*next);
    const std::lock_guard lock(mutex_);
    settings_ = std::move(next);
}

setting_definition databases::threshold(const health::threshold_definition& one) {
    return {.name = "health/" + std::string(one.name),
            .meaning = std::string(one.meaning),
            .allowed = std::to_string(one.min) + " to " + std::to_string(one.max),
            .unit = std::string(one.unit),
            .default_value = std::to_string(health::thresholds{}.*one.value),
            .needs_newline = true,
            .judge = state::whole_number(one.min, one.max),
            .apply = [this, value = one.value](const std::string&, const std::string* text) {
                change([&](auto& all) { all.limits.*value = number_of(*text); });
            }};
}

setting_definition databases::interval(const char* name, const char* meaning, const char* unit,
                                       std::int64_t max, std::chrono::milliseconds a_unit,
                                       std::chrono::milliseconds postgres::intervals::*value) {
    return {.name = "health/" + std::string(name),
            .meaning = meaning,
            .allowed = "1 to " + std::to_string(max),
            .unit = unit,
            .default_value = std::to_string(postgres::intervals{}.*value / a_unit),
            .needs_newline = true,
            .judge = state::whole_number(1, max),
            .apply = [this, value, a_unit](const std::string&, const std::string* text) {
                change([&](auto& all) { all.every.*value = number_of(*text) * a_unit; });
            }};
}

setting_definition databases::query_texts() {
    return {.name = "health/query_texts",
            .meaning = "Whether literals stay in the texts of queries that are shown and kept.",
            .allowed = "masked or plain",
            .default_value = "masked",
            .by_request = "kind=setting-change setting=health/query_texts value=plain reason=WHY",
            .judge = state::one_of({"masked", "plain"}),
            .apply = [this](const std::string&, const std::string* text) {
                change([&](auto& all) { all.mask_queries = *text == "masked"; });
            }};
}

setting_definition databases::mutes() {
    return {.name = "health/mutes",
            .meaning = "Findings that are known and stay silent for a while: one mute a file.",
            .allowed =
                "rule=, until= (a day), reason= (to the end), and place=, subject= to narrow it. "
                "Such as: rule=slots place=prod/orders-cl until=2026-12-01 reason=moved in DB-12",
            .collection = true,
            .judge = [](std::string_view text) -> judged_value {
                auto parsed = health::parse_mute(text);
                if (!parsed.problem.empty()) return {"", std::move(parsed.problem)};
                return {std::string(text), ""};
            },
            .apply =
                [this](const std::string& entry, const std::string* text) {
                    mutes_.erase(entry);
                    if (text != nullptr) mutes_[entry] = health::parse_mute(*text).value;
                    for (auto& [name, one] : mutes_) one.by = "control/health/mutes/" + name;
                    change([&](auto& all) {
                        all.mutes.clear();
                        for (const auto& [name, one] : mutes_) all.mutes.push_back(one);
                    });
                }};
}

std::vector<setting_definition> databases::definitions() {
    std::vector<setting_definition> all;
    all.push_back(interval("sample_seconds",
                           "How often sessions, locks and slots of each server are looked at.",
                           "seconds", 3600, 1s, &postgres::intervals::sample));
    all.push_back(interval("snapshot_minutes",
                           "How often all tables of each database are looked at.", "minutes",
                           24 * 60, 1min, &postgres::intervals::snapshot));
    all.push_back(query_texts());
    for (const auto& one : health::threshold_definitions()) all.push_back(threshold(one));
    all.push_back(mutes());
    all.push_back(proposals_.definition());
    for (auto& one : history_.definitions()) all.push_back(std::move(one));
    return all;
}

}  // namespace tallyfs::mountd
