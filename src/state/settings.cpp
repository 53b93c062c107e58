#include <tallyfs/base/log.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/state/settings.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace tallyfs::state {

namespace {

namespace json = boost::json;

constexpr std::size_t history_max = 1000;
constexpr std::size_t entries_max = 200;  // texts of one collection
constexpr std::size_t entry_name_bytes_max = 64;
constexpr std::size_t encoded_entry_bytes_max = 255;  // NAME_MAX
constexpr std::size_t value_bytes_max = 4096;
constexpr std::string_view changed = "setting.changed";
constexpr std::string_view removed = "setting.removed";

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const auto begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

/// Names that are safe in a shell, sort as people expect, and hide nothing.
std::string entry_problem(std::string_view entry) {
    const auto ordinary = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    };
    if (entry.empty() || entry.size() > entry_name_bytes_max || entry.front() == '.' ||
        !std::ranges::all_of(entry, ordinary)) {
        return "a name here has 1 to 64 letters, digits, '-', '_' and '.', and begins with none";
    }
    return "";
}

/// Names that callers gave themselves, encoded as one directory entry each.
std::string encoded_entry_problem(std::string_view entry) {
    const auto unusual = [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/'; };
    if (entry.empty() || entry.size() > encoded_entry_bytes_max || !is_utf8(entry) ||
        std::ranges::any_of(entry, unusual)) {
        return "this is no name of a directory";
    }
    return "";
}

std::string key_of(const setting_definition& definition, const std::string& entry) {
    if (!definition.collection) return definition.name;
    const auto key = definition.name + "/" + entry;
    return definition.leaf.empty() ? key : key + "/" + definition.leaf;
}

/// The entry that a key of this collection is for; "" if it is none of its keys.
std::string entry_of(const setting_definition& definition, std::string_view key) {
    const auto suffix = definition.leaf.empty() ? std::string() : "/" + definition.leaf;
    const auto prefix = definition.name + "/";
    if (!key.starts_with(prefix) || !key.ends_with(suffix)) return "";
    if (key.size() <= prefix.size() + suffix.size()) return "";
    key.remove_prefix(prefix.size());
    key.remove_suffix(suffix.size());
    return std::string(key);
}

std::string text_problem(std::string_view text) {
    if (text.empty()) return "is empty";
    if (text.size() > value_bytes_max) return "is longer than 4096 bytes";
    if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 && c != '\t'; })) {
        return "has more than one line, or control characters";
    }
    if (!is_utf8(text)) return "is not UTF-8";
    return "";
}

}  // namespace

settings::settings(std::vector<setting_definition> definitions)
    : definitions_(std::move(definitions)) {
    settings_snapshot first;
    for (const auto& definition : definitions_) {
        if (!definition.collection)
            first.values[definition.name] = {definition.default_value, 0, {}};
    }
    replayed_ = std::make_shared<settings_snapshot>(std::move(first));
    current_ = replayed_;
}

const setting_definition* settings::find(std::string_view name) const {
    const auto place = std::ranges::find(definitions_, name, &setting_definition::name);
    return place != definitions_.end() ? &*place : nullptr;
}

/// Names have levels ("health/dead_rows_min"), and so have the keys of collections.
const setting_definition* settings::definition_of(std::string_view key) const {
    const auto place = std::ranges::find_if(definitions_, [&](const auto& one) {
        return one.collection ? !entry_of(one, key).empty() : one.name == key;
    });
    return place != definitions_.end() ? &*place : nullptr;
}

std::shared_ptr<const settings_snapshot> settings::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

settings::proposal settings::propose(std::string_view name, std::string_view entry,
                                     std::string_view text) const {
    proposal wanted;
    wanted.definition = find(name);
    if (wanted.definition == nullptr) {
        wanted.reason = "there is no setting " + std::string(name);
        return wanted;
    }
    const auto& definition = *wanted.definition;
    wanted.entry = entry;
    wanted.key = key_of(definition, wanted.entry);
    const auto value = trimmed(text);
    if (definition.collection) {
        wanted.reason =
            definition.leaf.empty() ? entry_problem(entry) : encoded_entry_problem(entry);
    }
    if (wanted.reason.empty()) wanted.reason = text_problem(value);
    if (wanted.reason.empty() && definition.needs_newline && !text.ends_with('\n')) {
        wanted.reason =
            "does not end with a newline, as echo writes it: half of it would be "
            "a value as well";
    }
    if (!wanted.reason.empty()) return wanted;
    if (value == "default" && !definition.leaf.empty()) {
        wanted.removal = true;
        wanted.changes = current()->values.contains(wanted.key);
        return wanted;
    }
    if (value == "default" && !definition.collection) {
        wanted.value = definition.default_value;
    } else {
        auto judged = definition.judge(value);
        wanted.value = std::move(judged.value);
        wanted.reason = std::move(judged.reason);
        if (!wanted.reason.empty()) return wanted;
    }
    if (definition.fits) wanted.reason = definition.fits(wanted.entry, &wanted.value);
    if (!wanted.reason.empty()) return wanted;
    const auto now = current();
    const auto place = now->values.find(wanted.key);
    wanted.changes = place == now->values.end() || place->second.text != wanted.value;
    const auto prefix = definition.name + "/";
    const auto entries = std::ranges::count_if(
        now->values, [&](const auto& one) { return one.first.starts_with(prefix); });
    if (definition.collection && place == now->values.end() &&
        static_cast<std::size_t>(entries) >= entries_max) {
        wanted.reason = "there are 200 already";
    }
    return wanted;
}

settings::proposal settings::propose_removal(std::string_view name, std::string_view entry) const {
    proposal wanted;
    wanted.definition = find(name);
    wanted.removal = true;
    wanted.entry = entry;
    wanted.key = std::string(name) + "/" + wanted.entry;
    if (wanted.definition != nullptr) wanted.key = key_of(*wanted.definition, wanted.entry);
    if (wanted.definition == nullptr || !wanted.definition->collection) {
        wanted.reason = "cannot be removed; echo default > " + std::string(name) + " restores it";
    } else if (!current()->values.contains(wanted.key)) {
        wanted.reason = "there is no " + wanted.key;
    } else if (wanted.definition->fits) {
        wanted.reason = wanted.definition->fits(wanted.entry, nullptr);
    }
    return wanted;
}

result<void> settings::change(const proposal& wanted, const record::actor& by, action_log& actions,
                              const std::string& request) {
    const auto now = current();
    const auto place = now->values.find(wanted.key);
    json::object detail;
    if (place != now->values.end()) detail["from"] = place->second.text;
    if (!wanted.removal) detail["to"] = wanted.value;
    if (!request.empty()) detail["request"] = request;
    const auto recorded = actions.record(std::string(wanted.removal ? removed : changed),
                                         wanted.key, by, json::serialize(detail));
    if (!recorded) return recorded.error();
    take(*recorded, wanted.value, wanted.removal);
    wanted.definition->apply(wanted.entry, wanted.removal ? nullptr : &wanted.value);
    return {};
}

void settings::take(const record::action& change, const std::string& value, bool removal) {
    // Nobody else reads before put_in_force(): years of changes are replayed in place.
    auto next = replayed_ ? replayed_ : std::make_shared<settings_snapshot>(*current());
    if (removal) {
        next->values.erase(change.subject);
    } else {
        next->values[change.subject] = {value, change.number, change.time};
    }
    next->history.push_back(change);
    if (next->history.size() > history_max) next->history.pop_front();
    ++next->changes;
    const std::lock_guard lock(mutex_);
    current_ = std::move(next);
}

void settings::replay(const record::action& past) {
    if (past.event != changed && past.event != removed) return;
    error_code failure;
    const auto detail = json::parse(past.detail, failure);
    const auto* to =
        !failure && detail.is_object() ? detail.get_object().if_contains("to") : nullptr;
    const bool told = to != nullptr && to->is_string();
    const std::string value(told ? std::string_view(to->get_string()) : std::string_view());
    const auto* definition = definition_of(past.subject);
    if (definition == nullptr) {
        spdlog::warn("action {} changed {}, a setting that this version does not know", past.number,
                     past.subject);
        return;
    }
    if (past.event == changed && (!told || !definition->judge(value).reason.empty())) {
        spdlog::warn("{} was set to \"{}\" by action {}, which this version does not allow",
                     past.subject, value, past.number);
        return;
    }
    take(past, value, past.event == removed);
}

void settings::put_in_force() {
    replayed_.reset();
    const auto now = current();
    // In the order of the definitions: some build on others.
    for (const auto& definition : definitions_) {
        if (!definition.collection) {
            definition.apply("", &now->values.at(definition.name).text);
            continue;
        }
        const auto prefix = definition.name + "/";
        for (auto one = now->values.lower_bound(prefix);
             one != now->values.end() && one->first.starts_with(prefix); ++one) {
            definition.apply(entry_of(definition, one->first), &one->second.text);
        }
    }
}

}  // namespace tallyfs::state
