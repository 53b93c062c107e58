#include <tallyfs/base/day.hpp>
#include <tallyfs/postgres/schema_registry.hpp>

namespace tallyfs::postgres {

std::string drift_text(const schema_view* seen) {
    if (seen == nullptr) {
        return "# Not known yet: the first full snapshot since the start compares the schema.\n";
    }
    if (!seen->problem.empty()) return "# Not known: " + seen->problem + "\n";
    if (!seen->drift.empty()) return seen->drift;
    return "# The schema is the one registered on " +
           zone::day_of(seen->registered.since).to_string() + " (" + seen->registered.why + ").\n";
}

std::string migrations_text(const schema_view* seen) {
    if (seen == nullptr) return health::migrations_csv({});
    auto text = health::migrations_csv(seen->migrations);
    if (!seen->migrations_problem.empty()) text += "# " + seen->migrations_problem + "\n";
    return text;
}

}  // namespace tallyfs::postgres
