#include "trail/checkpoint.hpp"

#include <nlohmann/json.hpp>

namespace tallyfs::trail {

namespace {

using nlohmann::json;

constexpr int version = 1;

std::int64_t micros(wall_time time) {
    return time.time_since_epoch().count();
}
wall_time time_of(const json& value) {
    return wall_time(std::chrono::microseconds(value.get<std::int64_t>()));
}

json noise_json(const noise_counts& all) {
    json days = json::object();
    for (const auto& [date, reasons] : all) days[date.to_string()] = reasons;
    return days;
}

noise_counts noise_of(const json& days) {
    noise_counts all;
    for (const auto& [name, reasons] : days.items()) {
        const auto date = day::parse(name);
        if (!date) throw std::invalid_argument("no day");
        for (const auto& [reason, count] : reasons.items()) {
            all[*date][reason] = count.get<std::uint64_t>();
        }
    }
    return all;
}

}  // namespace

std::string to_json(const checkpoint& all) {
    json sessions = json::object();
    for (const auto& [session, at] : all.sessions) {
        sessions[session] = json::array({at.line, micros(at.logged)});
    }
    const json made = {
        {"v", version},
        {"log", all.log_place},
        {"archives", all.archives_place},
        {"segment", all.segment},
        {"offset", all.offset},
        {"number", all.number},
        {"newest", micros(all.newest)},
        {"windows_from", micros(all.windows_from)},
        {"sessions", std::move(sessions)},
        {"begun_until", all.begun_until ? json(micros(*all.begun_until)) : json(nullptr)},
        {"noise", noise_json(all.noise)},
        {"entries", all.entries}};
    return made.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<checkpoint> parse_checkpoint(std::string_view text) {
    // Written by us and replaced whole: what does not fit is not worth a word on where.
    try {
        const auto read = json::parse(text);
        if (read.at("v") != version) return std::nullopt;
        checkpoint made;
        made.log_place = read.at("log").get<std::string>();
        made.archives_place = read.at("archives").get<std::string>();
        made.segment = read.at("segment").get<std::string>();
        made.offset = read.at("offset").get<std::uint64_t>();
        made.number = read.at("number").get<std::uint64_t>();
        made.newest = time_of(read.at("newest"));
        made.windows_from = time_of(read.at("windows_from"));
        for (const auto& [session, at] : read.at("sessions").items()) {
            made.sessions[session] = {at.at(0).get<std::int64_t>(), time_of(at.at(1))};
        }
        const auto begun_until = read.find("begun_until");
        if (begun_until != read.end() && !begun_until->is_null()) {
            made.begun_until = time_of(*begun_until);
        }
        made.noise = noise_of(read.at("noise"));
        made.entries = read.at("entries").get<std::uint64_t>();
        return made;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

}  // namespace tallyfs::trail
