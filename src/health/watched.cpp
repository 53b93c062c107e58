#include <tallyfs/health/watched.hpp>

namespace tallyfs::health {

namespace {

/// "prod/orders-cl/app", or the server's path for what is about all of it.
std::string place_of(const watched_server& server, const finding& found) {
    return found.database.empty() ? server.id.path() : server.id.path() + "/" + found.database;
}

void add_to(summary& into, const watched_server& server, const finding*& worst) {
    for (const auto& one : server.databases) {
        if (!one.what.active) continue;
        ++into.databases;
        if (!one.reach.problem.empty() || !server.reach.problem.empty()) ++into.unreachable;
    }
    for (const auto& standing : server.findings) {
        if (!standing.muted_by.empty()) continue;
        const auto& found = standing.finding;
        ++(found.severity == severity::critical  ? into.critical
           : found.severity == severity::warning ? into.warning
                                                 : into.info);
        if (worst == nullptr || found.severity > worst->severity) {
            worst = &found;
            into.worst = place_of(server, found) + ": " + found.title;
        }
    }
}

}  // namespace

summary summary_of(const watched_servers& all) {
    summary made;
    const finding* worst = nullptr;
    for (const auto& server : all) add_to(made, *server, worst);
    return made;
}

}  // namespace tallyfs::health
