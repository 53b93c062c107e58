#include "notify/status_text.hpp"

#include <tallyfs/notify/notifier.hpp>
#include <tallyfs/tree/make.hpp>

namespace tallyfs::notify {

namespace {

const std::string_view readme = R"(# notify
Who is told about requests for approval, decisions, budgets, settings and
alarms, and how far each of them has got.

    cat status.txt
    jq '.targets[] | select(.actions_behind > 0)' status.json

A target is configured in tallyfs.toml and takes effect with the next start:

    [[notify]]
    name = "ops"
    format = "mattermost"      # or slack, pagerduty, opsgenie, ntfy, json
    url_file = "/etc/tallyfs/ops.url"     # mode 0600: the address is a secret
    events = ["approvals", "alerts"]      # or budgets, settings; default: all

    [heartbeat]                # for a watcher outside of this machine
    url_file = "/etc/tallyfs/heartbeat.url"

With format = "slack-direct" or "mattermost-direct" those who can decide get a
link of their own. docs/notify.md has all of it.

`tallyfs check-config` says what is wrong with it. Each target has a place of
its own in actions/: after a failure or a restart it goes on there, nothing is
lost, and the one message that was on its way may come twice. No message holds
a prompt, SQL or a secret.
)";

}  // namespace

std::shared_ptr<const tree::directory> make_directory(const notifier& from,
                                                      std::function<wall_time()> now) {
    auto text = std::make_shared<tree::live_file>();
    auto json = std::make_shared<tree::live_file>();
    auto directory = std::make_shared<tree::fixed_directory>();
    directory->add("README.md", [] { return tree::readme_node(readme); })
        .add("status.json",
             [json, now, &from] {
                 const auto at = now();
                 return json->node(status_json(from.targets(), from.heartbeat(), at), at);
             })
        .add("status.txt", [text, now, &from] {
            const auto at = now();
            return text->node(status_text(from.targets(), from.heartbeat(), at), at);
        });
    return directory;
}

}  // namespace tallyfs::notify
