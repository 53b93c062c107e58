#include "postgres/registration_merge.hpp"
#include "postgres/registration_report.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/postgres/registry.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cerrno>

namespace tallyfs::postgres {

namespace {

constexpr std::string_view registered_event = "database.registered";
constexpr std::string_view forgotten_event = "database.forgotten";
constexpr std::string_view people_source = "new";
/// Answers in databases/new that are remembered, of all users.
constexpr std::size_t inbox_max = 1'000;
/// New databases that wait for their first look.
constexpr std::size_t checks_max = health::registrations_max;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string detail_of(const health::registration& what) {
    std::string detail = "{\"text\":";
    append_json_string(detail, canonical_text(what));
    return detail + "}";
}

/// "forget prod/orders-cl/app": the path behind the verb; "" for another text.
std::string path_behind(std::string_view verb, std::string_view text) {
    if (!text.starts_with(verb)) return {};
    auto path = text.substr(verb.size());
    if (!path.starts_with(' ')) return {};
    path = trimmed(path);
    if (path.starts_with("databases/")) path.remove_prefix(std::string_view("databases/").size());
    return std::string(path);
}

}  // namespace

/// A shell sees what is refused at once, and nothing of what is judged when it closes the file.
bool registry::is_part(std::string_view text) {
    for (const auto verb : {"forget ", "activate ", "deactivate "}) {
        if (text.starts_with(verb)) return false;
    }
    constexpr std::array<std::string_view, 5> needed{
        "env=", "cluster=", "database=", "host=", "credential="};
    return !std::ranges::all_of(needed, [text](std::string_view word) {
        return text.find(word) != std::string_view::npos;
    });
}

void registry::replay(const record::action& past) {
    const bool forgotten = past.event == forgotten_event;
    if (!forgotten && past.event != registered_event) return;
    if (forgotten) {
        const std::lock_guard lock(mutex_);
        std::erase_if(sources_[from_people].entries,
                      [&](const auto& one) { return one.path() == past.subject; });
        return;
    }
    error_code failure;
    const auto detail = boost::json::parse(past.detail, failure);
    const auto* text =
        !failure && detail.is_object() ? detail.get_object().if_contains("text") : nullptr;
    const auto read = text != nullptr && text->is_string()
                          ? health::parse_registration(std::string_view(text->get_string()))
                          : health::registration_problem{"it has no text"};
    if (!read) {
        spdlog::error("action {} registers a database that cannot be read: {}", past.number,
                      read.error().sentence);
        return;
    }
    put(*read);
}

/// In place of what was said of this path before.
void registry::put(const health::registration& what) {
    const std::lock_guard lock(mutex_);
    auto& entries = sources_[from_people].entries;
    std::erase_if(entries, [&](const auto& one) { return one.path() == what.path(); });
    entries.push_back(what);
    entries.back().source = people_source;
}

std::optional<health::registration> registry::created(std::string_view path) const {
    const std::lock_guard lock(mutex_);
    const auto& entries = sources_[from_people].entries;
    const auto place = std::ranges::find_if(entries, [&](const auto& one) {
        return one.path() == path || one.cluster.path() + "/" + encode_name(one.database) == path;
    });
    return place != entries.end() ? std::optional(*place) : std::nullopt;
}

/// Why it would not be used, as things are; or "".
std::string registry::refusal_of(const health::registration& wanted) const {
    std::vector<health::registration> said;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& one : sources_)
            said.insert(said.end(), one.entries.begin(), one.entries.end());
    }
    std::erase_if(said, [&](const auto& one) {
        return one.source == people_source && one.path() == wanted.path();
    });
    said.push_back(wanted);
    const auto all = merge(said, *credentials_);
    const auto used = std::ranges::find(all.databases, wanted.path(), &health::registration::path);
    if (used != all.databases.end() && used->source == people_source) return "";
    if (used != all.databases.end()) {
        return wanted.path() + " is registered in " + used->source + ": change it there";
    }
    for (const auto& refused : all.not_used) {
        if (refused.what == wanted) return refused.reason;
    }
    return "it would not be used";
}

void registry::remember(std::uint32_t uid, const std::string& name, std::string text) {
    {
        const std::lock_guard lock(mutex_);
        if (inbox_.size() >= inbox_max && !inbox_.contains(std::pair(uid, name))) inbox_.clear();
        inbox_[{uid, name}] = std::move(text);
        ++inbox_changes_;
    }
    listener_();
}

std::optional<std::string> registry::inbox(std::uint32_t uid, std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto place = inbox_.find(std::pair(uid, std::string(name)));
    return place != inbox_.end() ? std::optional(place->second) : std::nullopt;
}

void registry::register_new(const tree::user& by, std::string name, std::string text,
                            tree::answer answer) {
    const bool posted =
        parts_.desk.post([this, by, name = std::move(name), text = std::move(text), answer] {
            const auto failure = carry_out(by, name, text);
            parts_.errors.note(by.uid, failure);
            if (failure.number != 0) remember(by.uid, name, "refused: " + failure.sentence + "\n");
            listener_();
            answer(failure.code());
        });
    if (!posted) answer(error_code(EAGAIN, boost::system::generic_category()));
}

state::command_failure registry::carry_out(const tree::user& by, const std::string& name,
                                           const std::string& text) {
    const auto actor = parts_.operator_of(by);
    if (!actor) {
        return {EACCES, "databases/new: uid " + std::to_string(by.uid) +
                            " may not register databases; that takes the role operator"};
    }
    const auto words = trimmed(text);
    if (const auto path = path_behind("forget", words); !path.empty()) {
        auto failure = forget(path, *actor);
        if (failure.number == 0) remember(by.uid, name, path + " is forgotten\n");
        return failure;
    }
    std::optional<health::registration> wanted;
    for (const std::string_view verb : {"activate", "deactivate"}) {
        const auto path = path_behind(verb, words);
        if (path.empty()) continue;
        wanted = created(path);
        if (!wanted) return {ENOENT, path + " was not registered here"};
        wanted->active = verb == "activate";
    }
    if (!wanted) {
        const auto read = health::parse_registration(words);
        if (!read) return {EINVAL, "databases/new: " + read.error().sentence};
        wanted = *read;
        wanted->source = people_source;
    }
    if (auto failure = enter(*wanted, *actor); failure.number != 0) return failure;
    remember(by.uid, name, report_of(*wanted));
    if (!wanted->active) return {};
    {
        const std::lock_guard lock(mutex_);
        if (checks_.size() < checks_max) checks_.push_back({by.uid, name, *wanted});
    }
    wake_.notify_all();
    return {};
}

/// Recorded before it holds.
state::command_failure registry::enter(const health::registration& wanted,
                                       const record::actor& by) {
    if (created(wanted.path()) == wanted) return {};
    if (auto reason = refusal_of(wanted); !reason.empty()) {
        return {EINVAL, "databases/new: " + reason};
    }
    const auto recorded =
        parts_.actions.record(std::string(registered_event), wanted.path(), by, detail_of(wanted));
    if (!recorded) {
        return {
            recorded.error().value(),
            "nothing was registered, because it cannot be recorded: " + recorded.error().message()};
    }
    put(wanted);
    const std::lock_guard lock(mutex_);
    static_cast<void>(publish());
    return {};
}

state::command_failure registry::forget(const std::string& path, const record::actor& by) {
    const auto known = created(path);
    if (!known) {
        const auto all = current();
        const auto used = std::ranges::find(all->databases, path, &health::registration::path);
        if (used == all->databases.end()) return {ENOENT, path + " is not registered"};
        return {EINVAL, path + " is registered in " + used->source + ": take it out there"};
    }
    const auto recorded =
        parts_.actions.record(std::string(forgotten_event), known->path(), by, "{}");
    if (!recorded) {
        return {recorded.error().value(),
                path + " stays, because nothing can be recorded: " + recorded.error().message()};
    }
    const std::lock_guard lock(mutex_);
    std::erase_if(sources_[from_people].entries,
                  [&](const auto& one) { return one.path() == known->path(); });
    static_cast<void>(publish());
    return {};
}

void registry::run_checks() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || !checks_.empty(); });
        if (stopping_) return;
        const auto next = std::move(checks_.front());
        checks_.pop_front();
        lock.unlock();
        auto found = checked(next.what);
        // Changed or forgotten meanwhile: then the file says what became of that.
        if (created(next.what.path()) == next.what) remember(next.uid, next.name, std::move(found));
        lock.lock();
    }
}

}  // namespace tallyfs::postgres
