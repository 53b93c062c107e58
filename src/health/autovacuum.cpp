#include <tallyfs/base/text.hpp>
#include <tallyfs/health/autovacuum.hpp>

#include <charconv>
#include <unordered_map>

namespace tallyfs::health {

namespace {

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || at != end) return std::nullopt;
    return value;
}

/// PostgreSQL's parse_bool() takes any unambiguous beginning of a word, in any case.
bool is_off(std::string_view text) {
    const auto word = to_lower(text);
    if (word.empty()) return false;
    const auto begins = [&](std::string_view whole) { return whole.starts_with(word); };
    return word == "0" || begins("false") || begins("no") || (word.size() > 1 && begins("off"));
}

/// The value of a reloption. Those of the TOAST table have names that begin with "toast." where
/// they are listed here at all, and are not meant.
std::optional<std::string_view> option(const table& t, std::string_view name) {
    for (const std::string_view one : t.options) {
        const auto sign = one.find('=');
        if (sign != one.npos && one.substr(0, sign) == name) return one.substr(sign + 1);
    }
    return std::nullopt;
}

struct known_setting {
    std::string_view name;
    double fallback;  ///< what PostgreSQL comes with
    double least;     ///< a table's value below this one means that it has none
};
constexpr known_setting vacuum_threshold{"autovacuum_vacuum_threshold", 50, 0};
constexpr known_setting vacuum_scale_factor{"autovacuum_vacuum_scale_factor", 0.2, 0};
constexpr known_setting insert_threshold{"autovacuum_vacuum_insert_threshold", 1000, -1};
constexpr known_setting insert_scale_factor{"autovacuum_vacuum_insert_scale_factor", 0.2, 0};
constexpr known_setting analyze_threshold{"autovacuum_analyze_threshold", 50, 0};
constexpr known_setting analyze_scale_factor{"autovacuum_analyze_scale_factor", 0.1, 0};
constexpr known_setting freeze_age_max{"autovacuum_freeze_max_age", 200'000'000, 0};
constexpr known_setting mxid_freeze_age_max{"autovacuum_multixact_freeze_max_age", 400'000'000, 0};

threshold_setting effective(const table& t, const server_settings& settings,
                            const known_setting& of) {
    if (const auto text = option(t, of.name)) {
        const auto value = number(*text);
        if (value && *value >= of.least) return {*value, true};
    }
    return {setting_number(settings, of.name, of.fallback), false};
}

threshold_setting lower_one(const table& t, const server_settings& settings,
                            const known_setting& of) {
    const threshold_setting server{setting_number(settings, of.name, of.fallback), false};
    const auto own = effective(t, settings, of);
    return own.from_table && own.value < server.value ? own : server;
}

double threshold(const threshold_setting& base, const threshold_setting& scale, const table& t) {
    return base.value + scale.value * std::max(t.row_estimate, 0.0);
}

/// float4 in every step, as in relation_needs_vacanalyze(): it decides at the boundary.
bool is_over(std::int64_t rows, const threshold_setting& base, const threshold_setting& scale,
             const table& t) {
    const auto estimate = static_cast<float>(std::max(t.row_estimate, 0.0));
    const float limit = static_cast<float>(base.value) + static_cast<float>(scale.value) * estimate;
    return static_cast<float>(rows) > limit;
}

}  // namespace

double setting_number(const server_settings& settings, std::string_view name, double fallback) {
    const auto found = settings.find(name);
    return found == settings.end() ? fallback : number(found->second).value_or(fallback);
}

bool vacuum_terms::vacuum_due(const table& t) const noexcept {
    return enabled && is_over(t.dead_rows, vacuum_threshold, vacuum_scale_factor, t);
}

bool vacuum_terms::insert_due(const table& t) const noexcept {
    return enabled && insert_at && t.inserted_since_vacuum &&
           is_over(*t.inserted_since_vacuum, insert_threshold, insert_scale_factor, t);
}

bool vacuum_terms::analyze_due(const table& t) const noexcept {
    return enabled && is_over(t.changed_since_analyze, analyze_threshold, analyze_scale_factor, t);
}

/// A TOAST table without options of its own has those of its table. How full the members of
/// multixacts are can make the server come earlier; it does not tell us.
bool vacuum_terms::freeze_due(const table& t) const noexcept {
    const auto xid_age = static_cast<double>(std::max(t.xid_age, t.toast_xid_age));
    return xid_age > freeze_age_max.value ||
           static_cast<double>(t.mxid_age) > mxid_freeze_age_max.value;
}

vacuum_terms terms_of(const table& t, const server_settings& settings) {
    const auto server_off = [&](std::string_view name) {
        const auto found = settings.find(name);
        return found != settings.end() && is_off(found->second);
    };
    // Without counters the launcher starts workers against wraparound only.
    const bool server_on = !server_off("autovacuum") && !server_off("track_counts");
    const auto own = option(t, "autovacuum_enabled");
    const bool table_on = !own || !is_off(*own);

    vacuum_terms made;
    made.enabled = server_on && table_on;
    made.enabled_from_table = own && (server_on || !table_on);
    made.vacuum_threshold = effective(t, settings, vacuum_threshold);
    made.vacuum_scale_factor = effective(t, settings, vacuum_scale_factor);
    made.insert_threshold = effective(t, settings, insert_threshold);
    made.insert_scale_factor = effective(t, settings, insert_scale_factor);
    made.analyze_threshold = effective(t, settings, analyze_threshold);
    made.analyze_scale_factor = effective(t, settings, analyze_scale_factor);
    made.freeze_age_max = lower_one(t, settings, freeze_age_max);
    made.mxid_freeze_age_max = lower_one(t, settings, mxid_freeze_age_max);
    made.vacuum_at = threshold(made.vacuum_threshold, made.vacuum_scale_factor, t);
    if (made.insert_threshold.value >= 0 && t.inserted_since_vacuum) {
        made.insert_at = threshold(made.insert_threshold, made.insert_scale_factor, t);
    }
    made.analyze_at = threshold(made.analyze_threshold, made.analyze_scale_factor, t);
    return made;
}

void carry_over(const snapshot* before, snapshot& now, const server_settings& settings) {
    std::unordered_map<std::uint32_t, moment> known;
    if (before != nullptr) {
        for (const auto& t : before->tables) known.emplace(t.oid, t.due_since);
    }
    for (auto& t : now.tables) {
        t.due_since.reset();
        const auto terms = terms_of(t, settings);
        if (!terms.vacuum_due(t) && !terms.insert_due(t)) continue;
        const auto found = known.find(t.oid);
        t.due_since = found != known.end() && found->second ? found->second : now.taken;
    }
}

}  // namespace tallyfs::health
