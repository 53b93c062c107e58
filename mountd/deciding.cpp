#include "mountd/deciding.hpp"

#include <tallyfs/base/log.hpp>

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

std::vector<setting_definition> definitions(const options& given, state::proxy_settings& proxy) {
    return {log_level(given), on_journal_failure(given, proxy), usage_injection(given, proxy)};
}

}  // namespace

deciding::deciding(const options& given, const std::filesystem::path& state_directory,
                   const clock_source& clock, state::proxy_settings& proxy)
    : lines_(state_directory / "journal" / "actions", clock),
      settings_(definitions(given, proxy)),
      actions_(lines_, state_directory / "actions.head", given.proxy.node,
               [this](const record::action& past) { settings_.replay(past); }),
      control_({settings_, actions_, desk_, errors_,
                [this](const tree::user& user) { return operator_of(user); },
                [this] { changed_(); }}) {
    settings_.put_in_force();
}

/// The journal's day turns also when nobody decides anything.
void deciding::start() {
    desk_.start([this] { lines_.turn_day(); });
}

/// Whoever runs the daemon could change its configuration as well.
std::optional<record::actor> deciding::operator_of(const tree::user& user) const {
    if (user.uid != ::geteuid()) return std::nullopt;
    return record::actor{name_of(user.uid), "uid", user.uid};
}

}  // namespace tallyfs::mountd
