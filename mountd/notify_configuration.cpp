#include "mountd/notify_configuration.hpp"

#include "mountd/deciding.hpp"
#include "mountd/table_reader.hpp"

#include <tallyfs/base/nearest.hpp>
#include <tallyfs/notify/callback.hpp>

#include <sys/stat.h>

namespace tallyfs::mountd {

namespace {

constexpr std::int64_t timeout_seconds_max = 60;
constexpr std::int64_t interval_seconds_max = 86'400;

/// From `<name>_file` or `<name>_env`; "" where neither is given. Blanks around it are no part.
std::string secret(table_reader& table, const std::string& name) {
    std::string file;
    const auto key = name + "_file";
    table.take(key.c_str(), file);
    struct ::stat found {};
    if (!file.empty() && ::stat(file.c_str(), &found) == 0 &&
        (found.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        table.wrong(key.c_str(), "\"" + file + "\" is open to other users: chmod 600 " + file);
    }
    auto value = read_secret(table, name);
    while (value.ends_with(' ') || value.ends_with('\t')) value.pop_back();
    return value;
}

/// `url`, `url_file` or `url_env`; `otherwise` where none is given.
notify::web_address read_address(table_reader& table, std::string_view otherwise,
                                 bool secret_path) {
    std::string plain;
    table.take("url", plain);
    const auto hidden = secret(table, "url");
    if (!plain.empty() && !hidden.empty()) {
        table.wrong("url", "is given beside url_file or url_env: one of them");
    }
    auto text = hidden.empty() ? plain : hidden;
    if (text.empty()) text = otherwise;
    if (text.empty()) table.wrong("url_file", "is missing, or url_env, or url");
    const auto address = notify::parse_web_address(text);
    if (!address) {
        table.wrong(hidden.empty() ? "url" : "url_file",
                    "holds no address such as https://host/path, without a name and password");
    }
    if (hidden.empty() && secret_path && !address->is_loopback()) {
        table.wrong("url",
                    "would be a secret in this file: put the address into a file of mode "
                    "0600 and name that as url_file");
    }
    return *address;
}

notify::target read_target(table_reader& table) {
    notify::target made;
    std::string format;
    table.take("name", made.name);
    table.take("format", format);
    table.take_names("events", made.events);
    table.take("template", made.body_template);
    table.require(made.name, "name");
    table.require(format, "format");
    const auto known = notify::parse_format(format);
    if (!known) {
        table.wrong("format", "\"" + format +
                                  "\" is unknown: mattermost, slack, pagerduty, opsgenie, ntfy, "
                                  "json, slack-direct or mattermost-direct" +
                                  did_you_mean(format, notify::format_names()));
    }
    made.format = *known;
    // Whoever knows the address of such a webhook can write there.
    const bool secret_path =
        made.format == notify::format::slack || made.format == notify::format::mattermost;
    made.address = read_address(table, notify::default_address(made.format), secret_path);
    made.token = secret(table, "token");
    if (const auto problem = notify::problem_of(made); !problem.empty()) {
        table.wrong(problem.substr(0, problem.find(' ')).c_str(),
                    problem.substr(std::min(problem.find(' ') + 1, problem.size())));
    }
    return made;
}

void read_callbacks(table_reader& table, notify::options& into) {
    std::vector<std::string> allowed;
    table.take_names("allowed", allowed);
    if (allowed.size() > notify::callback_addresses_max)
        table.wrong("allowed", "holds more than 32");
    for (const auto& text : allowed) {
        if (const auto problem = notify::allowed_problem(text); !problem.empty())
            table.wrong("allowed", problem);
        into.callbacks_allowed.push_back(*notify::parse_web_address(text));
    }
}

void read_defaults(table_reader& table, notify::options& into) {
    auto seconds = static_cast<std::int64_t>(into.timeout.count());
    table.take("link", into.link);
    table.take("timeout_seconds", seconds);
    if (seconds < 1 || seconds > timeout_seconds_max) {
        table.wrong("timeout_seconds", "must be 1 to 60");
    }
    into.timeout = std::chrono::seconds(seconds);
    while (into.link.ends_with('/')) into.link.pop_back();
    // Parentheses and the like would end a link in Markdown.
    constexpr std::string_view special = "()<>[]\"'`|\\*?";
    if (!into.link.empty() && (!notify::parse_web_address(into.link) ||
                               into.link.find_first_of(special) != std::string::npos)) {
        table.wrong("link",
                    "must be the address of the admin, as people reach it: "
                    "\"https://tally.example.org\"");
    }
}

notify::heartbeat read_heartbeat(table_reader& table) {
    notify::heartbeat made;
    auto seconds = static_cast<std::int64_t>(made.interval.count());
    table.take("method", made.method);
    table.take("interval_seconds", seconds);
    made.address = read_address(table, "", false);
    if (made.method != "GET" && made.method != "POST") {
        table.wrong("method", "must be \"GET\" or \"POST\"");
    }
    if (seconds < 1 || seconds > interval_seconds_max) {
        table.wrong("interval_seconds", "must be 1 to 86400");
    }
    made.interval = std::chrono::seconds(seconds);
    return made;
}

}  // namespace

void read_notify(table_reader& reader, options& into) {
    auto& given = into.notify;
    reader.take_tables("notify_defaults",
                       [&](table_reader& table) { read_defaults(table, given); });
    reader.take_tables("notify", [&](table_reader& table) {
        auto made = read_target(table);
        if (std::ranges::find(given.targets, made.name, &notify::target::name) !=
            given.targets.end()) {
            table.wrong("name", "\"" + made.name + "\" is there twice");
        }
        if (given.targets.size() == notify::targets_max) table.wrong("name", "is one too many: 32");
        given.targets.push_back(std::move(made));
    });
    reader.take_tables("callbacks", [&](table_reader& table) { read_callbacks(table, given); });
    reader.take_tables("heartbeat",
                       [&](table_reader& table) { given.heartbeat = read_heartbeat(table); });
}

notify::notifier::parts notify_parts(const options& given,
                                     const std::filesystem::path& state_directory,
                                     deciding& decided, const clock_source& clock,
                                     const state::answer_links& answers) {
    auto wanted = given.notify;
    if (wanted.link.empty()) {
        const bool v6 = given.admin_host.find(':') != std::string::npos;
        wanted.link = "http://" + (v6 ? "[" + given.admin_host + "]" : given.admin_host) + ":" +
                      std::to_string(given.admin_port);
    }
    const auto request = [&decided](std::uint32_t number) {
        const auto found = decided.approvals().find(number);
        return found ? std::optional(found->request) : std::nullopt;
    };
    const auto told = [&decided](std::string_view name, std::string_view value) {
        return may_tell(decided.control().settings().find(name), value);
    };
    auto link = wanted.link;
    return {std::move(wanted),
            {request, decided.approvals().people(), told, std::move(link)},
            decided.actions(),
            clock,
            state_directory / "notify",
            [&decided](std::uint32_t number) { return decided.approvals().find(number); },
            [&answers](const state::answer& what) { return answers.sign(what); }};
}

bool may_tell(const state::setting_definition* setting, std::string_view value) {
    if (setting == nullptr || setting->collection || value.empty() || value.size() > 32) {
        return false;
    }
    const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    if (!std::ranges::all_of(value, is_word)) return false;
    const std::string_view allowed = setting->allowed;
    const bool number = std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c); });
    // "0 to 3650": numbers are allowed there, and nothing else is.
    if (number) return allowed.find(" to ") != std::string_view::npos;
    for (std::size_t at = 0; (at = allowed.find(value, at)) != std::string_view::npos; ++at) {
        const auto end = at + value.size();
        const bool begins = at == 0 || !is_word(static_cast<unsigned char>(allowed[at - 1]));
        const bool ends =
            end == allowed.size() || !is_word(static_cast<unsigned char>(allowed[end]));
        if (begins && ends) return true;
    }
    return false;
}

}  // namespace tallyfs::mountd
