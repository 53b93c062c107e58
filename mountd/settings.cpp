#include "mountd/settings.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/log.hpp>

namespace tallyfs::mountd {

namespace {

using state::judged_value;
using state::setting_definition;

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

/// "http://127.0.0.1:11434"
std::string url_of(const state::upstream_address& address) {
    return "http://" + address.text;
}

setting_definition upstream(const options& given, state::proxy_settings& proxy) {
    return {.name = "upstream",
            .meaning =
                "Where Ollama listens. Calls that have begun stay where they are; the next ones "
                "go to the new place.",
            .allowed = "http://HOST:PORT",
            .default_value = url_of(given.upstream),
            .judge = [&given](std::string_view text) -> judged_value {
                try {
                    const auto address = parse_upstream(std::string(text));
                    return {url_of(address), problem_of_upstream(address, given)};
                } catch (const startup_error& problem) {
                    return {"", problem.what()};
                }
            },
            .apply = [&proxy](
                         const std::string&,
                         const std::string* value) { proxy.upstream.set(parse_upstream(*value)); }};
}

}  // namespace

setting_definition cancel_on_rm(std::function<void(bool)> allow) {
    return {.name = "cancel_on_rm",
            .meaning =
                "Whether rm of a file in calls/inflight/ cancels that call, as writing its "
                "id to calls/inflight/cancel does.",
            .allowed = "on or off",
            .default_value = "off",
            .judge = state::on_or_off(),
            .apply = [allow = std::move(allow)](const std::string&, const std::string* value) {
                allow(*value == "on");
            }};
}

setting_definition budget_setting(state::budgets& budgets,
                                  std::map<std::string, std::string>& texts) {
    const auto with = [&texts](const std::string& entry, const std::string* value) {
        auto wanted = texts;
        wanted.erase(entry);
        if (value != nullptr) wanted[entry] = *value;
        return wanted;
    };
    return {.name = "budgets",
            .meaning =
                "How much a caller, a service or a model may use: one budget a file. What "
                "it stands at is in usage/budgets.txt.",
            .allowed =
                "principal=, service=, model= and limits: tokens_per_day=, "
                "seconds_per_day=, calls_at_once=, calls_per_minute=. Such as: "
                "principal=uid:1001 tokens_per_day=200000",
            .collection = true,
            .judge = [](std::string_view text) -> judged_value {
                const auto parsed = policy::parse_budget("budget", text);
                if (!parsed) return {"", "is no budget: " + parsed.error().message()};
                return {std::string(text), ""};
            },
            .fits =
                [with](const std::string& entry, const std::string* value) {
                    return state::budgets::problem_of(with(entry, value));
                },
            .apply =
                [&budgets, &texts, with](const std::string& entry, const std::string* value) {
                    texts = with(entry, value);
                    budgets.replace(texts);
                }};
}

std::vector<setting_definition> daemon_settings(const options& given,
                                                state::proxy_settings& proxy) {
    return {log_level(given), on_journal_failure(given, proxy), upstream(given, proxy),
            usage_injection(given, proxy)};
}

}  // namespace tallyfs::mountd
