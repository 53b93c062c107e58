#include <tallyfs/journal/chain_day.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace tallyfs::journal {

namespace json = boost::json;

std::string deletion_detail(day date, const chain_day& deleted) {
    json::object detail{{"day", date.to_string()}, {"lines", deleted.lines}, {"base", nullptr}};
    if (deleted.lines > 0) detail["base"] = deleted.end.to_string();
    return json::serialize(detail);
}

std::optional<chain_head> base_of(const record::action& action) {
    if (action.event != audit_deleted) return std::nullopt;
    error_code failure;
    const auto detail = json::parse(action.detail, failure);
    if (failure || !detail.is_object()) return std::nullopt;
    const auto* const base = detail.get_object().if_contains("base");
    if (base == nullptr || !base->is_string()) return std::nullopt;
    return chain_head::parse(base->get_string());
}

std::vector<chain_head> read_bases(const std::filesystem::path& actions) {
    std::vector<chain_head> bases;
    static_cast<void>(verify_chain(actions, {}, [&](std::string_view line) {
        // Only those are worth being taken apart.
        if (line.find(audit_deleted) == std::string_view::npos) return;
        const auto action = record::parse_action(line);
        if (!action) return;
        if (auto base = base_of(*action)) bases.push_back(std::move(*base));
    }));
    return bases;
}

}  // namespace tallyfs::journal
