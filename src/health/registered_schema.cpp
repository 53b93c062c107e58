#include <tallyfs/health/schema.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tallyfs::health {

namespace {

using nlohmann::json;
constexpr int format_version = 1;

/// Throws json::exception where something is of another type or missing.
registered_schema read(const json& object) {
    registered_schema state;
    object.at("database").get_to(state.database);
    object.at("why").get_to(state.why);
    object.at("fingerprint").get_to(state.fingerprint);
    object.at("drifted").get_to(state.drifted);
    object.at("applied").get_to(state.applied);
    object.at("checksums").get_to(state.checksums);
    for (const auto& item : object.at("items")) {
        state.items.push_back({item.at(0).get<std::string>(), item.at(1).get<std::string>(),
                               item.at(2).get<std::string>()});
    }
    return state;
}

}  // namespace

std::string to_json(const registered_schema& state) {
    auto items = json::array();
    for (const auto& item : state.items) {
        items.push_back(json::array({item.kind, item.name, item.definition}));
    }
    const json object{{"v", format_version},
                      {"database", state.database},
                      {"since", to_rfc3339(state.since)},
                      {"why", state.why},
                      {"fingerprint", state.fingerprint},
                      {"drifted", state.drifted},
                      {"applied", state.applied},
                      {"checksums", state.checksums},
                      {"items", std::move(items)}};
    // A database in another encoding than UTF-8 can hold names that are not.
    return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<registered_schema> parse_registered_schema(std::string_view text) {
    const auto object = json::parse(text, nullptr, false);
    if (!object.is_object() || object.value("v", json()) != format_version) return std::nullopt;
    try {
        auto state = read(object);
        const auto since = parse_rfc3339(object.at("since").get<std::string>());
        if (!since || !std::ranges::is_sorted(state.items)) return std::nullopt;
        state.since = *since;
        return state;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

}  // namespace tallyfs::health
