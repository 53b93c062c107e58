#include "mountd/audits.hpp"

#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/health/sql_script.hpp>
#include <tallyfs/journal/chain_day.hpp>

namespace tallyfs::mountd {

namespace {

using namespace std::chrono_literals;

/// The server's clock may be a little behind, and a migration takes its time.
constexpr auto before_start = 1min;
constexpr auto after_start = 1h;
/// What a first migration makes, besides what its plan says.
constexpr std::string_view table_of_migrations =
    "CREATE TABLE public.schema_migrations (version varchar PRIMARY KEY)";

/// Each statement of a plan, and all of it, as events have them: it may be sent at once.
std::vector<std::string> statements_of(const std::string& plan) {
    std::vector<std::string> all{masked(plan, record::audit_statement_bytes_max),
                                 std::string(table_of_migrations)};
    for (const auto& one : health::statements_of(plan)) {
        all.push_back(masked(one.text, record::audit_statement_bytes_max));
    }
    return all;
}

/// Programs as configured, and what tallyfs itself comes as.
std::vector<std::string> services_of(const options& given) {
    auto services = given.audit.services;
    for (const auto& one : given.databases.credentials) services.push_back(one.role);
    return services;
}

std::vector<journal::chain_head> bases_of(const std::vector<record::action>& past) {
    std::vector<journal::chain_head> bases;
    for (const auto& one : past) {
        if (auto base = journal::base_of(one)) bases.push_back(std::move(*base));
    }
    return bases;
}

}  // namespace

audits::audits(parts with)
    : parts_(std::move(with)),
      accounts_(parts_.given.audit.people, services_of(parts_.given)),
      auditor_({parts_.given.audit, parts_.given.proxy.node, parts_.state_directory, parts_.clock,
                parts_.actions, parts_.desk, parts_.errors, parts_.auditor_of,
                [this](const std::string& cluster) { return probe_of(cluster); }, accounts_,
                bases_of(parts_.past), parts_.record}) {}

trail::probe_functions audits::probe_of(const std::string& cluster) {
    probes_[cluster] = std::make_unique<postgres::audit_probe>();
    return {[this, cluster] { return look_at(cluster); },
            [this, cluster] { return send_canary(cluster); }};
}

std::optional<health::registration> audits::registered(const std::string& cluster) const {
    for (const auto& one : parts_.databases.registered()->databases) {
        if (one.active && one.cluster.path() == cluster) return one;
    }
    return std::nullopt;
}

trail::probe_functions::look audits::look_at(const std::string& cluster) {
    const auto where = registered(cluster);
    if (!where) return {std::nullopt, "", ""};
    const auto endpoint = parts_.databases.endpoint_of(*where);
    if (!endpoint) return {std::nullopt, endpoint.error().what, ""};
    auto seen = probes_.at(cluster)->look(*endpoint, accounts_);
    if (!seen) return {std::nullopt, seen.error().what, endpoint->role};
    return {std::move(*seen), "", endpoint->role};
}

std::optional<audit::canary> audits::send_canary(const std::string& cluster) {
    const auto where = registered(cluster);
    if (!where) return std::nullopt;
    const auto endpoint = parts_.databases.endpoint_of(*where);
    if (endpoint) return probes_.at(cluster)->send_canary(*endpoint);
    audit::canary none;
    none.problem = endpoint.error().what;
    return none;
}

state::approval_kind audits::announced(state::approval_kind kind) {
    if (!kind.begin) return kind;
    kind.begin = [this, begin = std::move(kind.begin)](const approval::request& what,
                                                       state::approval_kind::ended ended) {
        expect(what);
        begin(what, std::move(ended));
    };
    return kind;
}

/// By the statements and the role: nobody else has its password.
void audits::expect(const approval::request& what) {
    const auto& given = parts_.given;
    const auto place = what.asked.parameters.find("database");
    if (place == what.asked.parameters.end() || given.audit.servers.empty()) return;
    const auto all = parts_.databases.registered();
    const auto of = std::ranges::find(all->databases, place->second, &health::registration::path);
    if (of == all->databases.end()) return;
    const auto role = std::ranges::find(given.databases.credentials, of->remedies_credential,
                                        &postgres::credential::name);
    if (role == given.databases.credentials.end()) return;
    audit::expected_work work;
    work.user = role->role;
    work.cluster = of->cluster.path();
    work.database = of->database;
    work.from = parts_.clock.wall() - before_start;
    work.until = work.from + before_start + after_start;
    work.ticket = "request " + approval::number_text(what.number);
    work.statements = statements_of(what.asked.plan);
    auditor_.expect_own(std::move(work));
}

void audits::stop() {
    for (const auto& [cluster, probe] : probes_) probe->abandon();
    auditor_.stop();
}

}  // namespace tallyfs::mountd
