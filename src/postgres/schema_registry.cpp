#include "postgres/migration_files.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/postgres/schema_registry.hpp>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

/// Of a schema of 100,000 items.
constexpr std::size_t file_bytes_max = 64 * 1024 * 1024;

health::registered_schema state_of(const health::registration& of, const health::snapshot& now,
                                   std::string why) {
    health::registered_schema state;
    state.database = of.path();
    state.since = now.taken;
    state.why = std::move(why);
    state.fingerprint = now.schema_fingerprint;
    state.items = now.schema;
    state.applied = now.applied_migrations;
    return state;
}

/// Why nothing is known of what is applied; "" if it is.
std::string migrations_hidden(const health::snapshot& now) {
    for (const auto& text : now.missing) {
        if (text.find("schema_migrations") != std::string::npos) return text;
    }
    return "";
}

bool migrations_changed(const health::registered_schema& state, const health::snapshot& now) {
    return now.has_migrations_table && migrations_hidden(now).empty() &&
           now.applied_migrations != state.applied;
}

std::string why_changed(const health::registered_schema& state, const health::snapshot& now) {
    std::vector<std::string> changed;
    std::ranges::set_symmetric_difference(state.applied, now.applied_migrations,
                                          std::back_inserter(changed));
    constexpr std::size_t named_max = 5;
    std::string why = changed.size() == 1 ? "migration" : "migrations";
    for (std::size_t i = 0; i < std::min(changed.size(), named_max); ++i) why += " " + changed[i];
    return why + (changed.size() > named_max ? " and more" : "");
}

/// The file that is there stands for the one that was applied by others, from then on.
bool note_checksums(health::registered_schema& state, const health::migration_directory& files) {
    const auto before = state.checksums;
    std::erase_if(state.checksums, [&](const auto& one) {
        return !std::ranges::binary_search(state.applied, one.first);
    });
    for (const auto& file : files.files) {
        if (!file.sha256.empty() && std::ranges::binary_search(state.applied, file.version)) {
            state.checksums.emplace(file.version, file.sha256);
        }
    }
    return state.checksums != before;
}

}  // namespace

std::filesystem::path schema_registry::file_of(std::string_view path) const {
    return directory_ / encode_name(path);
}

result<std::optional<health::registered_schema>> schema_registry::read(
    std::string_view path) const {
    const auto text = read_file(file_of(path), file_bytes_max);
    if (!text) {
        if (text.error() == boost::system::errc::no_such_file_or_directory) {
            return std::optional<health::registered_schema>();
        }
        return text.error();
    }
    auto state = health::parse_registered_schema(*text);
    if (!state || state->database != path) {
        return make_error_code(boost::system::errc::bad_message);
    }
    return std::optional(std::move(*state));
}

result<void> schema_registry::keep(const health::registered_schema& state) const {
    std::error_code failure;
    if (std::filesystem::create_directories(directory_, failure)) {
        std::filesystem::permissions(directory_, std::filesystem::perms::owner_all, failure);
    }
    return replace_file(file_of(state.database), health::to_json(state));
}

void schema_registry::put(const std::string& path, schema_view view) {
    auto made = std::make_shared<const schema_view>(std::move(view));
    const std::lock_guard lock(mutex_);
    views_[path] = std::move(made);
}

std::shared_ptr<const schema_view> schema_registry::find(std::string_view path) const {
    const std::lock_guard lock(mutex_);
    const auto place = views_.find(path);
    return place != views_.end() ? place->second : nullptr;
}

void schema_registry::show(health::registered_schema full, const health::registration& of,
                           const health::snapshot& now, const health::migration_directory& files) {
    schema_view view;
    view.drift = full.drifted ? health::drift_diff(full, now) : "";
    view.finding = health::drift_finding(full, now);
    view.migrations_problem = migrations_hidden(now);
    if (view.migrations_problem.empty()) {
        view.migrations_problem = files.problem;
        view.migrations = health::migration_states(files, now.applied_migrations, full.checksums);
    }
    view.seen = now.schema_fingerprint;
    view.taken = now.taken;
    full.items = {};
    view.registered = std::move(full);
    put(of.path(), std::move(view));
}

void schema_registry::observe(const health::registration& of, const health::snapshot& now,
                              const health::snapshot* before) {
    const auto path = of.path();
    const auto files = read_migrations(of.migrations);
    const std::lock_guard lock(writing_);
    const auto last = find(path);
    // A schema that could not be read says nothing; one that was read before the registered state
    // was made would seem to have drifted from it.
    if (now.schema_fingerprint.empty()) return;
    if (last && now.taken < last->registered.since) return;
    auto full = read(path);
    if (!full) {
        schema_view view;
        view.problem = "the registered state cannot be read (" + full.error().message() +
                       "): accept the schema as it is now, as a new baseline";
        spdlog::error("{}: {}", file_of(path).string(), view.problem);
        view.seen = now.schema_fingerprint;
        view.taken = now.taken;
        return put(path, std::move(view));
    }
    bool changed = !*full;
    auto state = *full ? std::move(**full) : state_of(of, now, "seen first");
    if (migrations_changed(state, now)) {
        changed = true;
        auto why = why_changed(state, now);
        if (!state.drifted) {
            auto checksums = std::move(state.checksums);
            state = state_of(of, now, std::move(why));
            state.checksums = std::move(checksums);
        } else if (before != nullptr && !before->schema_fingerprint.empty()) {
            state = health::after_migrations(std::move(state), before->schema, now);
            state.why = std::move(why);
        } else {
            state.applied = now.applied_migrations;  // what they changed stays a drift
        }
    }
    const bool drifted = state.fingerprint != now.schema_fingerprint;
    changed = note_checksums(state, files) || changed || drifted != state.drifted;
    state.drifted = drifted;
    if (changed) {
        if (const auto kept = keep(state); !kept) {
            spdlog::error("{} cannot be written: {}", file_of(path).string(),
                          kept.error().message());
        }
    }
    show(std::move(state), of, now, files);
}

std::vector<health::finding> schema_registry::findings(const health::registration& of,
                                                       const health::snapshot& now) const {
    const auto view = find(of.path());
    if (!view || !view->finding || view->seen != now.schema_fingerprint) return {};
    return {*view->finding};
}

result<void> schema_registry::replace(const health::registration& of,
                                      health::registered_schema state,
                                      const health::snapshot& now) {
    const auto files = read_migrations(of.migrations);
    note_checksums(state, files);
    state.drifted = state.fingerprint != now.schema_fingerprint;
    if (auto kept = keep(state); !kept) return kept;
    show(std::move(state), of, now, files);
    return {};
}

result<void> schema_registry::accept(const health::registration& of, const health::snapshot& now,
                                     std::string why) {
    const std::lock_guard lock(writing_);
    auto state = state_of(of, now, std::move(why));
    // One that cannot be read is what this replaces.
    if (auto old = read(of.path()); old && *old) {
        state.checksums = std::move((*old)->checksums);
        if (!migrations_hidden(now).empty()) state.applied = std::move((*old)->applied);
    }
    return replace(of, std::move(state), now);
}

result<void> schema_registry::migrated(const health::registration& of,
                                       std::span<const health::schema_item> before,
                                       const health::snapshot& now, std::string why,
                                       const std::map<std::string, std::string>& checksums) {
    const std::lock_guard lock(writing_);
    auto old = read(of.path());
    if (!old) return old.error();
    auto state =
        *old ? health::after_migrations(std::move(**old), before, now) : state_of(of, now, "");
    state.why = std::move(why);
    for (const auto& [version, sha256] : checksums) state.checksums[version] = sha256;
    return replace(of, std::move(state), now);
}

}  // namespace tallyfs::postgres
