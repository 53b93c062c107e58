#include "mountd/deciding.hpp"

#include <tallyfs/base/log.hpp>

#include <algorithm>
#include <array>
#include <pwd.h>
#include <unistd.h>

namespace tallyfs::mountd {

namespace {

using state::setting_definition;

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

setting_definition log_level(const options& given) {
    return {.name = "log_level",
            .meaning = "How much the daemon says in its own log.",
            .allowed = "error, warn, info or debug",
            .default_value = given.log_level,
            .judge = state::one_of({"error", "warn", "info", "debug"}),
            .apply = [](const std::string&, const std::string* value) {
                spdlog::set_level(spdlog::level::from_str(*value));
            }};
}

setting_definition on_journal_failure(const options& given, state::proxy_settings& proxy) {
    return {.name = "on_journal_failure",
            .meaning =
                "What becomes of calls while the journal cannot be written: they continue, "
                "counted but not recorded, or they are refused with 503.",
            .allowed = "continue or refuse",
            .default_value = given.refuse_when_unrecorded ? "refuse" : "continue",
            .judge = state::one_of({"continue", "refuse"}),
            .apply = [&proxy](const std::string&, const std::string* value) {
                proxy.refuse_when_unrecorded = *value == "refuse";
            }};
}

setting_definition usage_injection(const options& given, state::proxy_settings& proxy) {
    return {.name = "usage_injection",
            .meaning =
                "Whether a chat stream in OpenAI's dialect is asked for its usage, and the "
                "event that adds is taken out again. Off: such calls have no token counts.",
            .allowed = "on or off",
            .default_value = given.usage_injection ? "on" : "off",
            .judge = state::on_or_off(),
            .apply = [&proxy](const std::string&, const std::string* value) {
                proxy.usage_injection = *value == "on";
            }};
}

std::vector<setting_definition> definitions(const options& given, state::proxy_settings& proxy,
                                            policies& rules) {
    auto all = rules.definitions();
    all.push_back(log_level(given));
    all.push_back(on_journal_failure(given, proxy));
    all.push_back(usage_injection(given, proxy));
    return all;
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

}  // namespace

deciding::deciding(const options& given, const std::filesystem::path& state_directory,
                   const clock_source& clock, state::proxy_settings& proxy)
    : people_(people_of(given)),
      chains_(given.chains),
      lines_(state_directory / "journal" / "actions", clock),
      policies_(permissions_),
      settings_(definitions(given, proxy, policies_)),
      actions_(lines_, state_directory / "actions.head", given.proxy.node,
               [this](const record::action& past) { past_.push_back(past); }),
      given_(permissions_, actions_, clock),
      approvals_(
          {people_, chains_, kinds(), actions_, desk_, errors_, clock, [this] { changed_(); }}),
      control_({settings_, actions_, desk_, errors_,
                [this](const tree::user& user) { return operator_of(user); },
                [this] { changed_(); }}) {
    for (const auto& past : past_) {
        settings_.replay(past);
        given_.replay(past);
        approvals_.replay(past);
    }
    past_ = {};
    settings_.put_in_force();
    given_.put_in_force();
    permissions_.on_question(
        [this](const state::question& what, const state::permissions::answer& done) {
            const bool posted = desk_.post([this, what, done] { answer_question(what, done); });
            if (!posted) done({"", "", "too many requests wait at this moment"});
        });
}

std::vector<state::approval_kind> deciding::kinds() {
    return {given_.kind()};
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
    });
    static_cast<void>(desk_.post([this] { approvals_.settle(); }));
}

/// Whoever runs the daemon could change its configuration as well.
std::optional<record::actor> deciding::operator_of(const tree::user& user) const {
    const auto* person = people_.by_uid(user.uid);
    const bool has_role =
        person != nullptr && std::ranges::find(person->roles, "operator") != person->roles.end();
    if (!has_role && user.uid != ::geteuid()) return std::nullopt;
    return record::actor{person != nullptr ? person->name : name_of(user.uid), "uid", user.uid};
}

}  // namespace tallyfs::mountd
