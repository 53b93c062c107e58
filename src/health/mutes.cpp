#include <tallyfs/base/day.hpp>
#include <tallyfs/health/mutes.hpp>

namespace tallyfs::health {

namespace {

/// "prod" holds "prod/orders-cl", and that "prod/orders-cl/app".
bool holds(std::string_view place, std::string_view path) {
    return place.empty() ||
           (path.starts_with(place) && (path.size() == place.size() || path[place.size()] == '/'));
}

}  // namespace

std::string muted_by(std::span<const mute> mutes, const cluster_id& server, const finding& found,
                     wall_time now) {
    const auto path = found.database.empty() ? server.path() : server.path() + "/" + found.database;
    for (const auto& one : mutes) {
        const bool meant = one.rule == found.rule && holds(one.place, path) &&
                           (one.subject.empty() || one.subject == found.subject);
        if (meant && now < one.until) {
            return one.by + " until " + zone::day_of(one.until).to_string() + ": " + one.reason;
        }
    }
    return {};
}

}  // namespace tallyfs::health
