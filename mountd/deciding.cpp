#include "mountd/deciding.hpp"

#include "mountd/settings.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/reader.hpp>
#include <tallyfs/notify/callback.hpp>
#include <tallyfs/state/action_kind.hpp>
#include <tallyfs/state/policy_change_kind.hpp>
#include <tallyfs/state/setting_change_kind.hpp>

#include <algorithm>
#include <array>
#include <future>
#include <pwd.h>
#include <unistd.h>

namespace tallyfs::mountd {

namespace {

/// "mike" for uid 1000; "uid:1000" where the system has no name.
std::string name_of(std::uint32_t uid) {
    std::array<char, 4096> buffer{};
    ::passwd entry{};
    ::passwd* found = nullptr;
    if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
        return entry.pw_name;
    }
    return "uid:" + std::to_string(uid);
}

/// Where nobody is configured, whoever runs the daemon decides; root does not, by being root.
approval::people people_of(const options& given) {
    if (!given.people.empty() || ::geteuid() == 0) return approval::people(given.people);
    approval::person owner;
    owner.name = name_of(::geteuid());
    owner.uid = ::geteuid();
    owner.roles = {"owner", "operator"};
    return approval::people({std::move(owner)});
}

bool has_role(const approval::person& person, std::string_view role) {
    return std::ranges::find(person.roles, role) != person.roles.end();
}

bool has_other_operators(const approval::people& people) {
    return std::ranges::any_of(people.list(), [](const approval::person& person) {
        return has_role(person, "operator") && person.uid && *person.uid != ::geteuid();
    });
}

}  // namespace

deciding::deciding(const options& given, const std::filesystem::path& state_directory,
                   const clock_source& clock, state::proxy_settings& proxy,
                   const journal::open_calls& open_calls, capture::recorder& captures,
                   retention::sweeper& sweeper, retention::gauge& gauge)
    : people_(people_of(given)),
      chains_(given.chains),
      lines_(state_directory / "journal" / "actions", clock),
      policies_(permissions_, given.policies_need_approval),
      budgets_(clock),
      actions_(lines_, state_directory / "actions.head", given.proxy.node,
               [this](const record::action& past) { past_.push_back(past); }),
      databases_({given, state_directory, clock, actions_, desk_, errors_,
                  [this](const tree::user& user) { return operator_of(user); }}),
      audits_({given, state_directory, clock, actions_, desk_, errors_, databases_,
               [this](const tree::user& user) { return auditor_of(user); },
               [this](std::string event, std::string subject, std::string detail) {
                   return record(std::move(event), std::move(subject), std::move(detail));
               },
               past_}),
      settings_(definitions(given, proxy, captures, sweeper, gauge)),
      given_(permissions_, actions_, clock),
      approvals_({people_, chains_, kinds(captures), actions_, desk_, errors_, clock,
                  [this] { changed_(); },
                  [allowed = given.notify.callbacks_allowed](std::string_view callback) {
                      return notify::callback_problem(callback, allowed);
                  }}),
      control_({settings_, actions_, desk_, errors_,
                [this](const tree::user& user) { return operator_of(user); },
                [this] { changed_(); }, has_other_operators(people_)}),
      canceller_({cancellations_, actions_, desk_, errors_,
                  [this](const tree::user& user) { return operator_of(user); },
                  [&open_calls](const uuid& id) {
                      const auto running = open_calls.list();
                      return std::ranges::any_of(
                          running, [&](const auto& call) { return call.so_far.id == id; });
                  },
                  [this] { changed_(); }}) {
    for (const auto& past : past_) {
        settings_.replay(past);
        given_.replay(past);
        approvals_.replay(past);
        gauge.replay(past);
        databases_.replay(past);
        audits_.auditor().replay(past);
    }
    settings_.put_in_force();
    databases_.put_in_force();
    for (const auto& past : past_) budgets_.replay(past);  // of the budgets that there are now
    past_ = {};
    budgets_.on_warning([this](const policy::budget_level& level) { warn_of_budget(level); });
    given_.put_in_force();
    permissions_.on_question(
        [this](const state::question& what, const state::permissions::answer& done) {
            const bool posted = desk_.post([this, what, done] { answer_question(what, done); });
            if (!posted) done({"", "", "too many requests wait at this moment"});
        });
}

std::vector<state::approval_kind> deciding::kinds(capture::recorder& captures) {
    std::vector<state::approval_kind> all{given_.kind(),
                                          budgets_.kind(actions_),
                                          captures.kind(actions_),
                                          state::policy_change_kind(settings_, actions_),
                                          state::setting_change_kind(settings_, actions_),
                                          state::action_kind()};
    for (auto& one : databases_.kinds()) all.push_back(audits_.announced(std::move(one)));
    for (auto& one : audits_.auditor().kinds()) all.push_back(std::move(one));
    return all;
}

bool deciding::record(std::string event, std::string subject, std::string detail) {
    std::promise<bool> recorded;
    auto done = recorded.get_future();
    const bool posted = desk_.post(
        [this, recorded = std::make_shared<std::promise<bool>>(std::move(recorded)),
         event = std::move(event), subject = std::move(subject), detail = std::move(detail)] {
            recorded->set_value(actions_.record(event, subject, {}, detail).has_value());
            changed_();
        });
    // A desk that stops runs what waits.
    return posted && done.get();
}

std::vector<state::setting_definition> deciding::definitions(const options& given,
                                                             state::proxy_settings& proxy,
                                                             capture::recorder& captures,
                                                             retention::sweeper& sweeper,
                                                             retention::gauge& gauge) {
    auto all = policies_.definitions();
    for (auto& one : captures.definitions()) all.push_back(std::move(one));
    for (auto& one : sweeper.definitions()) all.push_back(std::move(one));
    all.push_back(gauge.definition([&sweeper] { sweeper.look(); }));
    for (auto& one : databases_.definitions()) all.push_back(std::move(one));
    for (auto& one : audits_.auditor().definitions()) all.push_back(std::move(one));
    all.push_back(budget_setting(budgets_, budget_texts_));
    all.push_back(cancel_on_rm([this](bool allowed) { canceller_.allow_removal(allowed); }));
    for (auto& one : daemon_settings(given, proxy)) all.push_back(std::move(one));
    return all;
}

void deciding::warn_of_budget(const policy::budget_level& level) {
    const auto what = std::string(to_string(level.measure));
    spdlog::warn("budget {}: {} of {} {} are used", level.budget, level.used, level.limit, what);
    static_cast<void>(desk_.post([this, level, what] {
        const std::string detail = "{\"measure\":\"" + what +
                                   "\",\"used\":" + std::to_string(level.used) +
                                   ",\"limit\":" + std::to_string(level.limit) + "}";
        static_cast<void>(actions_.record("budget.warned", level.budget, {}, detail));
        changed_();
    }));
}

/// Reads only the open day, and only where there is a budget to fill.
void deciding::count_today(const journal::stream& calls) {
    if (!budgets_.any()) return;
    const auto today = calls.end().segment.date;
    journal::reader lines(calls, {{today, 1}, 0});
    record::call call;
    for (;;) {
        const auto batch = lines.next();
        if (!batch) {
            spdlog::error("the calls of today are not counted in the budgets: {}",
                          batch.error().message());
            return;
        }
        if (batch->text.empty()) return;
        for (auto rest = batch->text; !rest.empty();) {
            const auto end = rest.find('\n') + 1;
            if (parse_call(rest.substr(0, end), call)) budgets_.seed(call, today);
            rest.remove_prefix(end);
        }
    }
}

void deciding::answer_question(const state::question& what,
                               const state::permissions::answer& done) {
    const auto [entry, problem] =
        approvals_.open_for_policy(state::given_permissions::draft_of(what), what.principal);
    if (entry == nullptr) return done({"", "", problem});
    const auto step = std::max<std::uint32_t>(entry->current_step(), 1);
    done({directory_name(entry->request),
          "steps/" + std::to_string(step) + "-" + entry->request.chain.steps[step - 1].role +
              "/decision",
          ""});
}

/// The journal's day turns also when nobody decides anything.
void deciding::start() {
    desk_.start([this] {
        lines_.turn_day();
        approvals_.tick();
        databases_.tick(approvals_);
    });
    static_cast<void>(desk_.post([this] { approvals_.settle(); }));
}

void deciding::stop() {
    audits_.stop();
    databases_.stop();
    desk_.stop();
}

/// Whoever runs the daemon could change its configuration as well.
std::optional<record::actor> deciding::holder_of(const tree::user& user,
                                                 std::initializer_list<const char*> roles) const {
    const auto* person = people_.by_uid(user.uid);
    const bool holds = person != nullptr && std::ranges::any_of(roles, [&](const char* role) {
                           return has_role(*person, role);
                       });
    if (!holds && user.uid != ::geteuid()) return std::nullopt;
    return record::actor{person != nullptr ? person->name : name_of(user.uid), "uid", user.uid};
}

std::optional<record::actor> deciding::operator_of(const tree::user& user) const {
    return holder_of(user, {"operator"});
}

std::optional<record::actor> deciding::auditor_of(const tree::user& user) const {
    return holder_of(user, {"auditor", "operator"});
}

}  // namespace tallyfs::mountd
