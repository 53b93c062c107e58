#include <tallyfs/base/text.hpp>
#include <tallyfs/health/migrations.hpp>

#include <algorithm>
#include <set>

namespace tallyfs::health {

namespace {

migration_status status_of(const migration_file& file, const std::set<std::string>& applied,
                           const std::map<std::string, std::string>& checksums) {
    migration_status made;
    made.version = file.version;
    made.file = file.name;
    made.sha256 = file.sha256;
    if (const auto then = checksums.find(file.version); then != checksums.end()) {
        made.sha256_when_applied = then->second;
    }
    if (!applied.contains(file.version)) {
        const bool late = !applied.empty() && file.version < *applied.rbegin();
        made.state = late ? migration_state::out_of_order : migration_state::pending;
        made.sha256_when_applied.clear();
        made.problem = file.problem;
        return made;
    }
    const bool comparable = !made.sha256.empty() && !made.sha256_when_applied.empty();
    made.state = comparable && made.sha256 != made.sha256_when_applied ? migration_state::changed
                                                                       : migration_state::applied;
    // How it is written is of no interest any more, unless it could not even be read.
    if (file.sha256.empty()) made.problem = file.problem;
    return made;
}

}  // namespace

std::string_view to_string(migration_state value) noexcept {
    switch (value) {
        case migration_state::applied:
            return "applied";
        case migration_state::changed:
            return "changed";
        case migration_state::file_missing:
            return "file_missing";
        case migration_state::pending:
            return "pending";
        case migration_state::out_of_order:
            break;
    }
    return "out_of_order";
}

std::vector<migration_status> migration_states(
    const migration_directory& directory, std::span<const std::string> applied,
    const std::map<std::string, std::string>& checksums) {
    const std::set<std::string> versions(applied.begin(), applied.end());
    std::vector<migration_status> made;
    std::map<std::string, std::string> file_of;
    for (const auto& file : directory.files) {
        auto status = status_of(file, versions, checksums);
        const auto [first, is_first] = file_of.emplace(file.version, file.name);
        if (!is_first) status.problem = "has the version of " + first->second;
        made.push_back(std::move(status));
    }
    for (const auto& version : versions) {
        if (file_of.contains(version)) continue;
        migration_status status;
        status.version = version;
        status.state = directory.known ? migration_state::file_missing : migration_state::applied;
        const auto then = checksums.find(version);
        if (then != checksums.end()) status.sha256_when_applied = then->second;
        made.push_back(std::move(status));
    }
    std::ranges::sort(made, {}, [](const migration_status& one) {
        return std::pair(std::string_view(one.version), std::string_view(one.file));
    });
    return made;
}

std::string migrations_csv(std::span<const migration_status> states) {
    std::string csv = "version,file,state,sha256,sha256_when_applied,problem\n";
    for (const auto& one : states) {
        append_csv_field(csv, one.version);
        for (const std::string_view field :
             {std::string_view(one.file), to_string(one.state), std::string_view(one.sha256),
              std::string_view(one.sha256_when_applied), std::string_view(one.problem)}) {
            csv += ',';
            append_csv_field(csv, field);
        }
        csv += '\n';
    }
    return csv;
}

}  // namespace tallyfs::health
