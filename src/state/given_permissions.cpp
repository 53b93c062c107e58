#include <tallyfs/base/log.hpp>
#include <tallyfs/state/given_permissions.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::state {

namespace {

namespace json = boost::json;

constexpr std::string_view given = "permission.given";
constexpr std::string_view taken_back = "permission.taken_back";
constexpr int days_default = 30;
constexpr int days_max = 366;

const std::string* find(const approval::parameters& all, const std::string& name) {
    const auto place = all.find(name);
    return place != all.end() && !place->second.empty() ? &place->second : nullptr;
}

std::string value_or_empty(const approval::parameters& all, const std::string& name) {
    const auto* value = find(all, name);
    return value != nullptr ? *value : std::string();
}

/// 0: not a number of days.
int days_of(const approval::parameters& all) {
    const auto* text = find(all, "days");
    if (text == nullptr) return days_default;
    int days = 0;
    const auto* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, days);
    return read.ec == std::errc{} && read.ptr == end && days >= 1 && days <= days_max ? days : 0;
}

std::string what_of(const approval::parameters& all) {
    if (const auto* endpoint = find(all, "endpoint")) return *endpoint;
    return value_or_empty(all, "model");
}

std::string prepare(approval::draft& asked) {
    const auto& all = asked.parameters;
    for (const auto& [name, value] : all) {
        if (name != "model" && name != "endpoint" && name != "principal" && name != "days" &&
            name != "rule") {
            return "a cloud-model has no \"" + name + "\": it has model, endpoint, principal, days";
        }
    }
    if (find(all, "principal") == nullptr) {
        return "principal=… is missing: who may use it, as calls/today.jsonl names them";
    }
    if (what_of(all).empty())
        return "model=… is missing, or endpoint=… for a route that sends data";
    const int days = days_of(all);
    if (days == 0) return "days=… is no whole number from 1 to 366";
    const auto until = std::to_string(days) + (days == 1 ? " day" : " days");
    const auto& principal = *find(all, "principal");
    asked.title = "Allow " + what_of(all) + " for " + principal;
    asked.plan = "let calls of " + principal + " to " + what_of(all) + " pass for " + until +
                 ", counted from the approval";
    asked.undo = "take this permission back at once";
    return "";
}

std::string detail_of(const policy::grant& grant) {
    return json::serialize(json::object{{"rule", grant.rule},
                                        {"principal", grant.principal},
                                        {"model", grant.model},
                                        {"endpoint", grant.endpoint},
                                        {"until", to_rfc3339(grant.until)}});
}

}  // namespace

void given_permissions::add(policy::grant grant) {
    remove(grant.name);
    ever_given_.insert(grant.name);
    list_.push_back(std::move(grant));
}

void given_permissions::remove(std::string_view name) {
    std::erase_if(list_, [&](const auto& one) { return one.name == name; });
}

void given_permissions::replay(const record::action& past) {
    if (past.event == taken_back) {
        ever_taken_back_.insert(past.subject);
        return remove(past.subject);
    }
    if (past.event != given) return;
    error_code failure;
    const auto detail = json::parse(past.detail, failure);
    const auto text = [&](const char* name) {
        const auto* value =
            !failure && detail.is_object() ? detail.get_object().if_contains(name) : nullptr;
        return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                      : std::string();
    };
    const auto until = parse_rfc3339(text("until"));
    if (!until) {
        spdlog::error("action {} gives a permission that cannot be read", past.number);
        return;
    }
    add({past.subject, text("rule"), text("principal"), text("model"), text("endpoint"), *until});
}

void given_permissions::put_in_force() {
    const auto now = clock_.wall();
    std::erase_if(list_, [&](const auto& one) { return one.until <= now; });
    in_force_.set_grants(policy::grants(list_));
}

approval_kind given_permissions::kind() {
    return {.name = "cloud-model",
            .meaning =
                "Let a caller use a model that runs elsewhere, or a route that sends data "
                "out, for some days.",
            .parameters = "principal=uid:1000 model=NAME (or endpoint=/api/push) [days=30]",
            .prepare = prepare,
            .execute =
                [this](const approval::request& request) {
                    return request.undo_of != 0 ? take_back(request) : give(request);
                },
            .probe = [this](const approval::request& request) { return probe(request); }};
}

approval_kind::effect given_permissions::give(const approval::request& request) {
    const auto& all = request.asked.parameters;
    policy::grant grant{
        approval::number_text(request.number), value_or_empty(all, "rule"),
        value_or_empty(all, "principal"),      value_or_empty(all, "model"),
        value_or_empty(all, "endpoint"),       clock_.wall() + std::chrono::days(days_of(all))};
    const auto recorded = actions_.record(std::string(given), grant.name, {}, detail_of(grant));
    if (!recorded) return {false, "cannot be recorded: " + recorded.error().message()};
    const auto until = to_rfc3339(grant.until);
    add(std::move(grant));
    put_in_force();
    return {true, "permitted until " + until};
}

approval_kind::effect given_permissions::take_back(const approval::request& request) {
    const auto name = approval::number_text(request.undo_of);
    const auto recorded = actions_.record(std::string(taken_back), name, {}, "{}");
    if (!recorded) return {false, "cannot be recorded: " + recorded.error().message()};
    ever_taken_back_.insert(name);
    remove(name);
    put_in_force();
    return {true, "taken back"};
}

approval::probe given_permissions::probe(const approval::request& request) const {
    const bool undoing = request.undo_of != 0;
    const auto name = approval::number_text(undoing ? request.undo_of : request.number);
    // Given once counts, also if it has ended since: it is never given twice.
    const bool there = undoing ? ever_taken_back_.contains(name) : ever_given_.contains(name);
    return there ? approval::probe::effect_there : approval::probe::effect_absent;
}

approval::draft given_permissions::draft_of(const question& asked) {
    approval::draft draft;
    draft.kind = "cloud-model";
    draft.parameters["principal"] = asked.principal;
    if (!asked.endpoint.empty()) {
        draft.parameters["endpoint"] = asked.endpoint;
    } else {
        draft.parameters["model"] = asked.model;
    }
    draft.parameters["rule"] = asked.rule;
    draft.reason = "a call was refused until a person allows it (policy " + asked.rule + ")";
    draft.evidence = "Caller: " + asked.principal + ", which calls itself " + asked.service + "\n";
    if (!asked.remote_host.empty()) {
        draft.evidence +=
            "The model runs at " + asked.remote_host + ": prompts and answers go there.\n";
    }
    if (!asked.endpoint.empty()) {
        draft.evidence += "The route " + asked.endpoint + " sends data out of the house.\n";
    }
    return draft;
}

}  // namespace tallyfs::state
