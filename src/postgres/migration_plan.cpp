#include "postgres/migration_plan.hpp"

#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/readable.hpp>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

using health::direction;

constexpr std::string_view whole_line = "-- in one transaction, together with its record\n";
constexpr std::string_view stepwise_line =
    "-- NOT in one transaction: statement by statement, then its record\n";

std::string sql_of(const std::vector<health::migration_section>& sections, bool marked) {
    std::string text;
    for (const auto& section : sections) {
        if (marked && !section.transaction) text += "-- transaction:false\n";
        text += section.sql;
        text.erase(text.find_last_not_of('\n') + 1);
        text += '\n';
    }
    return text;
}

}  // namespace

std::string value_of(const approval::parameters& all, const std::string& name) {
    const auto place = all.find(name);
    return place != all.end() ? place->second : std::string();
}

std::string unknown_parameter(const approval::parameters& all,
                              std::span<const std::string_view> known) {
    for (const auto& [name, value] : all) {
        if (std::ranges::find(known, name) != known.end()) continue;
        return "it has no \"" + name + "\"" + did_you_mean(name, known);
    }
    return "";
}

outcome<health::registration> registration_of(const registered& all,
                                              const approval::parameters& asked) {
    const auto path = value_of(asked, "database");
    if (path.empty()) return failure{"", "database=ENV/CLUSTER/DB is missing"};
    const auto place = std::ranges::find(all.databases, path, &health::registration::path);
    if (place == all.databases.end()) return failure{"", "no database " + path + " is registered"};
    return *place;
}

std::string settle_environment(approval::draft& asked, const health::registration& of) {
    const auto& environment = of.cluster.environment;
    if (!asked.environment.empty() && asked.environment != environment) {
        return "env=" + asked.environment + " is not that of " + of.path();
    }
    asked.environment = environment;
    return "";
}

std::string place_text(const health::registration& of) {
    return of.path() + " at " + of.host + ":" + std::to_string(of.port);
}

std::string planned_migration::text(direction direction) const {
    if (direction == direction::down && what.is_empty(direction)) return "";
    auto head = "-- " + std::string(to_string(direction)) + " of " + source.path + "\n-- on " +
                place_text(choice.of) + "\n-- SHA-256 of the file: " + source.sha256 + "\n";
    head += what.is_atomic(direction) ? whole_line : stepwise_line;
    auto plan = head + sql_of(what.sections(direction), !what.is_atomic(direction));
    if (plan.size() <= approval::plan_bytes_max) return plan;
    return head + "-- " + grouped(static_cast<std::int64_t>(plan.size() - head.size())) +
           " bytes of SQL, too long to be shown here: read it in the file\n";
}

std::string planned_migration::sql() const {
    return sql_of(what.sections(choice.way), false);
}

outcome<migration_choice> chosen(const registered& all, const approval::parameters& asked,
                                 bool undoing) {
    auto of = registration_of(all, asked);
    if (!of) return of.error();
    migration_choice made;
    made.of = std::move(*of);
    made.version = value_of(asked, "version");
    const auto way = value_of(asked, "direction");
    if (made.version.empty()) {
        return failure{"", "version=… is missing: the digits that the file's name begins with"};
    }
    if (way != "up" && way != "down") return failure{"", "direction=… has to be up or down"};
    made.way = (way == "up") != undoing ? direction::up : direction::down;
    return made;
}

outcome<planned_migration> planned(const registered& all, const approval::parameters& asked,
                                   bool undoing) {
    auto choice = chosen(all, asked, undoing);
    if (!choice) return choice.error();
    auto source = find_migration(choice->of.migrations, choice->version);
    if (!source) return source.error();
    auto read = health::parse_migration(source->content);
    if (!read) return failure{"", source->name + ", " + read.error().message()};
    return planned_migration{std::move(*choice), std::move(*source), std::move(*read)};
}

bool is_atomic_plan(std::string_view plan) {
    // Among the lines of the heading, which come before all SQL.
    return plan.find(whole_line) < plan.find(stepwise_line);
}

}  // namespace tallyfs::postgres
