#include <tallyfs/capture/recorder.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace tallyfs::capture {

namespace {

namespace json = boost::json;
using approval::probe;
using policy::capture_mode;
using state::approval_kind;
using state::setting_definition;

constexpr int days_max = 3650;

capture_mode mode_from(const std::string& value) {
    return policy::parse_capture_mode(value).value_or(capture_mode::off);
}

struct wish {
    selection what;
    std::string shown;    ///< "of service n8n"
    std::string subject;  ///< "n8n"
    std::string problem;  ///< "" or why it cannot be
};

wish wish_of(const approval::parameters& all) {
    wish wanted;
    if (all.size() != 1) {
        wanted.problem = "say exactly one of day=2026-11-20, id=ID and service=NAME";
        return wanted;
    }
    const auto& [name, value] = *all.begin();
    wanted.subject = value;
    wanted.shown = "of " + name + " " + value;
    if (name == "day") {
        wanted.what.date = day::parse(value);
        if (!wanted.what.date) wanted.problem = "day=" + value + " is no day such as 2026-11-20";
    } else if (name == "id") {
        wanted.what.id = uuid::parse(value);
        if (!wanted.what.id) wanted.problem = "id=" + value + " is no id of a call";
    } else if (name == "service") {
        wanted.what.service = value;
        if (value.empty()) wanted.problem = "service= is empty";
    } else {
        wanted.problem = "a delete-captures has no \"" + name + "\": it has day, id or service";
    }
    return wanted;
}

std::string counted(std::uint64_t number, const char* what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::string prepare(const shelf& captures, approval::draft& asked) {
    const auto wanted = wish_of(asked.parameters);
    if (!wanted.problem.empty()) return wanted.problem;
    const auto there = captures.count(wanted.what);
    if (there.captures == 0) return "there are no captures " + wanted.shown;
    asked.title = "Delete what was kept of calls " + wanted.shown;
    asked.plan = "delete " + counted(there.captures, "capture") + " " + wanted.shown + ": " +
                 counted(there.files, "file") + ", " + counted(there.bytes, "byte") +
                 ". The lines of the calls stay; captures of later calls stay";
    return "";
}

approval_kind::effect remove(shelf& captures, state::action_log& actions,
                             const approval::request& request) {
    auto wanted = wish_of(request.asked.parameters);
    if (!wanted.problem.empty()) return {false, wanted.problem};
    wanted.what.until = request.created;
    const auto count = captures.count(wanted.what).captures;
    json::object detail;
    for (const auto& [name, value] : request.asked.parameters) detail[name] = value;
    detail["count"] = count;
    detail["request"] = approval::number_text(request.number);
    const auto recorded =
        actions.record("captures.deleted", wanted.subject, {}, json::serialize(detail));
    if (!recorded) return {false, "cannot be recorded: " + recorded.error().message()};
    const auto removed = captures.remove(wanted.what);
    if (!removed) return {false, "not all could be deleted: " + removed.error().message()};
    return {true, counted(*removed, "capture") + " deleted"};
}

}  // namespace

approval_kind recorder::kind(state::action_log& actions) {
    return {.name = "delete-captures",
            .meaning = "Delete what was kept of calls: of a day, of one call, or of a service.",
            .parameters = "day=2026-11-20 (or id=ID, or service=NAME)",
            .prepare = [this](approval::draft& asked) { return prepare(shelf_, asked); },
            .execute =
                [this, &actions](const approval::request& request) {
                    return remove(shelf_, actions, request);
                },
            // What is left of them is deleted by doing it again.
            .probe =
                [this](const approval::request& request) {
                    auto wanted = wish_of(request.asked.parameters);
                    wanted.what.until = request.created;
                    return shelf_.count(wanted.what).captures == 0 ? probe::effect_there
                                                                   : probe::effect_absent;
                }};
}

std::vector<setting_definition> recorder::definitions() {
    const std::string modes_allowed = "off, metadata or full";
    const auto judge = state::one_of({"off", "metadata", "full"});
    setting_definition everywhere{
        .name = "capture",
        .meaning =
            "What is kept of a call besides its line: nothing, the request without its texts, or "
            "request and response, redacted. It is in calls/captures/.",
        .allowed = modes_allowed,
        .default_value = "off",
        .judge = judge,
        .apply = [this](const std::string&, const std::string* value) {
            change([&](modes& all) { all.everywhere = mode_from(*value); });
        }};
    setting_definition services{
        .name = "services",
        .meaning = "The same for one service, whatever `capture` says; `default` removes it.",
        .allowed = modes_allowed + ", or default",
        .collection = true,
        .leaf = "capture",
        .judge = judge,
        .apply = [this](const std::string& entry, const std::string* value) {
            change([&](modes& all) {
                all.services.erase(entry);
                if (value != nullptr) all.services[entry] = mode_from(*value);
            });
        }};
    setting_definition retention{
        .name = "retention_captures_days",
        .meaning =
            "How long captures are kept: older days are deleted whole, which is recorded. 0 keeps "
            "them for ever.",
        .allowed = "0 to 3650",
        .unit = "days",
        .default_value = "30",
        .needs_newline = true,
        .judge = state::whole_number(0, days_max),
        .apply = [this](const std::string&, const std::string* value) {
            {
                const std::lock_guard lock(mutex_);
                days_kept_ = std::stoi(*value);
                look_for_expired_ = true;
            }
            wake_.notify_one();
        }};
    return {std::move(everywhere), std::move(services), std::move(retention)};
}

}  // namespace tallyfs::capture
