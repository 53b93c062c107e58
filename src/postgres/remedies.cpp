#include "postgres/background.hpp"
#include "postgres/remedy_execution.hpp"
#include "postgres/remedy_target.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/postgres/remedies.hpp>

namespace tallyfs::postgres {

namespace {

using approval::probe;

/// The SQL of a request as it reads today; "" in `problem` if it is what was approved.
struct approved_sql {
    std::string problem;
    health::registration what;
    health::script sql;
};
approved_sql sql_of(const registered& all, const approval::request& request) {
    const auto& asked = request.asked;
    const auto place = asked.parameters.find("database");
    auto target = target_of(all, place != asked.parameters.end() ? place->second : "");
    if (!target.problem.empty()) return {target.problem, {}, {}};
    auto plan = health::plan_of(asked.kind, asked.parameters);
    if (!plan.problem.empty()) return {plan.problem, {}, {}};
    const bool undoing = request.undo_of != 0;
    if (undoing && !plan.undo) return {"it cannot be undone", {}, {}};
    approved_sql made{"", std::move(target.what),
                      undoing ? std::move(*plan.undo) : std::move(plan.forward)};
    if (plan_text(made.what, made.sql) != asked.plan) {
        made.problem = "the database is registered in another way by now: ask again";
    }
    return made;
}

/// Where a slot or a prepared transaction is; "" if that does not matter or is not known.
std::string database_of(std::string_view kind, const approval::parameters& all,
                        const health::sample* now) {
    if (now == nullptr) return "";
    const auto value = [&](const char* name) {
        const auto place = all.find(name);
        return place != all.end() ? place->second : std::string();
    };
    for (const auto& one : now->prepared) {
        if (kind == "pg-resolve-prepared" && one.gid == value("gid")) return one.database;
    }
    for (const auto& one : now->slots) {
        if (kind == "pg-drop-slot" && one.name == value("slot")) return one.database;
    }
    return "";
}

}  // namespace

remedies::remedies(parts with)
    : parts_(std::move(with)), running_(std::make_unique<background>()) {}

remedies::~remedies() = default;

std::vector<state::approval_kind> remedies::kinds() {
    std::vector<state::approval_kind> made;
    for (const auto& one : health::remedy_kinds()) {
        state::approval_kind kind;
        kind.name = one.name;
        kind.meaning = one.meaning;
        kind.parameters = one.parameters;
        kind.plan_suffix = ".sql";
        kind.prepare = [this, name = one.name](approval::draft& asked) {
            return prepare(name, asked);
        };
        kind.begin = [this](const approval::request& what, state::approval_kind::ended ended) {
            begin(what, ended);
        };
        kind.begin_probe = [this](const approval::request& what,
                                  state::approval_kind::found found) {
            running_->begin_probe([this, what] { return look_for(what); }, std::move(found));
        };
        made.push_back(std::move(kind));
    }
    return made;
}

std::string remedies::prepare(std::string_view kind, approval::draft& asked) const {
    auto& all = asked.parameters;
    const auto registrations = parts_.registrations();
    auto target = target_of(*registrations, all["database"]);
    if (!target.problem.empty()) return target.problem;
    auto view = view_of(parts_.seen, target.what);
    if (const auto elsewhere = database_of(kind, all, view.sample()); !elsewhere.empty()) {
        target.what.database = elsewhere;
    }
    const auto& what = target.what;
    all["database"] = what.path();
    if (!asked.environment.empty() && asked.environment != what.cluster.environment) {
        return "env=" + asked.environment + " is not that of " + what.path();
    }
    asked.environment = what.cluster.environment;
    if (view.sample() != nullptr) {
        health::complete(kind, all, *view.sample(), view.snapshot(what.database));
    }
    const auto plan = health::plan_of(kind, all);
    if (!plan.problem.empty()) return plan.problem;
    asked.title = clip_utf8(plan.title + " (" + what.path() + ")", approval::title_bytes_max);
    asked.plan = plan_text(what, plan.forward);
    if (plan.undo) asked.undo = plan_text(what, *plan.undo);
    const auto* const standing =
        view.server != nullptr ? finding_of(*view.server, kind, all) : nullptr;
    if (standing != nullptr) {
        const auto key = standing->finding.key();
        if (key.size() <= approval::value_bytes_max) all["finding"] = key;
        if (!asked.evidence.empty()) asked.evidence += "\n\n";
        asked.evidence += evidence_text(standing->finding);
    }
    return "";
}

void remedies::begin(const approval::request& what, const state::approval_kind::ended& ended) {
    if (parts_.before) parts_.before(what);
    running_->begin([this, what] { return carry_out(what); }, ended);
}

/// On a thread of its own.
remedies::effect remedies::carry_out(const approval::request& what) {
    const auto approved = sql_of(*parts_.registrations(), what);
    if (!approved.problem.empty()) return {false, "nothing was changed: " + approved.problem};
    const auto view = view_of(parts_.seen, approved.what);
    if (what.asked.kind == "pg-drop-slot" && view.sample() != nullptr) {
        for (const auto& slot : view.sample()->slots) {
            const bool same = slot.name == what.asked.parameters.at("slot");
            if (same && slot.inactive_since && *slot.inactive_since > what.created) {
                return {false, "nothing was changed: it was in use again after this was asked for"};
            }
        }
    }
    const auto where = parts_.endpoints(approved.what, true);
    if (!where) return {false, "nothing was changed: " + where.error().what};
    patience limits;
    limits.statement = parts_.limits.statement;
    limits.lock = parts_.limits.lock;
    const auto made = running_->open(*where, limits);
    if (!made) return {false, "nothing was changed: " + made.error().what};
    remedy_execution execution(**made, what, parts_.limits,
                               [this](auto time) { return running_->wait(time); });
    auto done = execution.execute(approved.sql);
    return done ? std::move(*done) : after_loss(what, done.error().what);
}

/// The connection was lost in the middle: the server may have done it.
remedies::effect remedies::after_loss(const approval::request& what, const std::string& why) {
    if (running_->is_stopping()) return {};
    switch (look_for(what)) {
        case probe::effect_there:
            return {true, "done; the connection was lost before the answer came"};
        case probe::effect_absent:
            return {false, "nothing was changed: " + why};
        case probe::unknown:
            break;
    }
    return {false, "nobody can tell whether it was done: " + why, true};
}

probe remedies::look_for(const approval::request& what) {
    const auto approved = sql_of(*parts_.registrations(), what);
    if (approved.what.database.empty()) return probe::unknown;
    const auto where = parts_.endpoints(approved.what, true);
    if (!where) return probe::unknown;
    const auto made = running_->open(*where, patience{});
    if (!made) return probe::unknown;
    remedy_execution execution(**made, what, parts_.limits,
                               [this](auto time) { return running_->wait(time); });
    const auto seen = execution.probe();
    if (!seen) spdlog::warn("request {}: {}", what.number, seen.error().what);
    return seen ? *seen : probe::unknown;
}

void remedies::stop() {
    running_->stop();
}

}  // namespace tallyfs::postgres
