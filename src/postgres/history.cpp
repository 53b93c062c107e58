#include "postgres/history_place.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/postgres/history.hpp>

namespace tallyfs::postgres {

namespace {

/// What a problem is said of, until the same kind of file can be written again.
std::filesystem::path any_day(const history_place& at, history_kind kind) {
    return at.directory() / ("<day>" + history_file{{}, kind}.name().substr(10));
}

}  // namespace

history::history(std::filesystem::path directory, const clock_source& clock)
    : directory_(std::move(directory)), clock_(clock) {}

history::~history() {
    for (const auto& [key, at] : places_) write_minutes(*at, at->end());
}

std::shared_ptr<history_place> history::place_of(const health::cluster_id& server,
                                                 const std::string& database) {
    const std::lock_guard lock(mutex_);
    auto& at = places_[{server, database}];
    if (!at) {
        at = std::make_shared<history_place>(directory_ / encode_name(server.environment) /
                                             encode_name(server.cluster) / encode_name(database));
    }
    return at;
}

void history::note(const std::filesystem::path& where, const error_code& failure) {
    const std::lock_guard lock(mutex_);
    if (!failure) {
        problems_.erase(where);
        return;
    }
    auto& said = problems_[where];
    const auto now = "cannot write to " + where.string() + ": " + failure.message();
    if (said != now) spdlog::error("{}", now);
    said = now;
}

std::string history::problem() const {
    const std::lock_guard lock(mutex_);
    if (problems_.empty()) return {};
    auto text = problems_.begin()->second;
    if (problems_.size() > 1) {
        text += " (and " + std::to_string(problems_.size() - 1) + " more)";
    }
    return text;
}

void history::write_minutes(history_place& at, std::span<const health::activity> minutes) {
    const history_file file{at.open_day(), history_kind::activity};
    for (const auto& minute : minutes) {
        const auto bytes = append_line(at.path(file), file.header(), health::to_line(minute));
        if (bytes) at.set_activity_bytes(*bytes);
        note(any_day(at, file.kind), bytes ? error_code{} : bytes.error());
    }
}

void history::add(const health::cluster_id& server, std::span<const std::string> databases,
                  const health::sample& sample, const health::wait_profile& waits) {
    const auto holders = health::xmin_holders(sample);
    for (const auto& database : databases) {
        const auto at = place_of(server, database);
        write_minutes(*at, at->begin_day_of(sample.taken));
        at->open(sample.taken);
        write_minutes(*at, at->add(sample, holders, database, waits));
    }
}

void history::add(const health::registration& database, const health::snapshot& snapshot,
                  const health::snapshot* before) {
    const auto at = place_of(database.cluster, database.database);
    write_minutes(*at, at->begin_day_of(snapshot.taken));
    at->open(snapshot.taken);
    at->put_in(snapshot);
    const auto renew = [&](history_kind kind, auto renewed) {
        const history_file file{at->open_day(), kind};
        const auto path = at->path(file);
        const auto old = read_history(path);
        if (!old) return note(any_day(*at, kind), old.error());
        const std::string text = renewed(*old, snapshot, before);
        if (text == *old || text == file.header()) return;
        const auto written = replace_history(path, text);
        note(any_day(*at, kind), written ? error_code{} : written.error());
    };
    renew(history_kind::tables, health::tables_of_day);
    renew(history_kind::queries, health::statements_of_day);
}

std::optional<health::activity> history::recent(const health::cluster_id& server,
                                                const std::string& database) {
    return place_of(server, database)->recent();
}

bool history::forget_before(day first_kept) {
    if (first_kept.number() <= forgotten_before_) return true;
    bool all_gone = true;
    std::error_code none;
    std::filesystem::recursive_directory_iterator entries(directory_, none);
    for (; !none && entries != std::filesystem::recursive_directory_iterator();
         entries.increment(none)) {
        if (entries.depth() > 3) entries.disable_recursion_pending();
        const auto file = history_file::parse(entries->path().filename().string());
        if (!file || file->date >= first_kept) continue;
        std::error_code failure;
        std::filesystem::remove(entries->path(), failure);
        if (!failure) continue;
        all_gone = false;
        note(directory_, error_code(failure.value(), boost::system::system_category()));
    }
    if (!all_gone) return false;
    note(directory_, {});
    forgotten_before_ = first_kept.number();
    return true;
}

std::vector<state::setting_definition> history::definitions() {
    state::setting_definition days;
    days.name = "retention_health_days";
    days.meaning =
        "How long the history of databases is kept: the files of older days are deleted. 0 keeps "
        "them for ever.";
    days.allowed = "0, or 2 to 36500";
    days.unit = "days";
    days.default_value = "400";
    days.needs_newline = true;
    days.judge = [](std::string_view text) -> state::judged_value {
        const auto judged = state::whole_number(0, 36'500)(text);
        if (judged.reason.empty() && judged.value != "1") return judged;
        return {"", "is neither 0 nor a whole number from 2 to 36500"};
    };
    days.apply = [this](const std::string&, const std::string* value) {
        days_kept_ = std::stoi(*value);
    };
    return {std::move(days)};
}

void history::sweep() {
    const int kept = days_kept_;
    if (kept == 0) return;
    const auto today = zone::day_of(clock_.wall());
    static_cast<void>(forget_before(day(today.date() - std::chrono::days(kept - 1))));
}

}  // namespace tallyfs::postgres
