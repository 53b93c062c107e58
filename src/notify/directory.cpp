#include "notify/status_text.hpp"

#include <tallyfs/notify/notifier.hpp>

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

/// The text changes with the program only: rsync does not send it again after each start.
constexpr wall_time readme_changed{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

/// Counts as changed when its bytes are others than those of the last look-up.
class shown_file {
  public:
    tree::node node(std::string bytes, wall_time now) {
        const auto version = std::hash<std::string>()(bytes);
        if (version != version_ || changed_ == wall_time{}) {
            version_ = version;
            changed_ = now;
        }
        return {tree::text_file{version, [bytes = std::move(bytes)] { return bytes; }}, changed_};
    }

  private:
    std::uint64_t version_ = 0;
    wall_time changed_{};
};

}  // namespace

std::shared_ptr<const tree::directory> make_directory(const notifier& from,
                                                      std::function<wall_time()> now) {
    auto text = std::make_shared<shown_file>();
    auto json = std::make_shared<shown_file>();
    auto directory = std::make_shared<tree::fixed_directory>();
    directory
        ->add("README.md",
              [] {
                  return tree::node{tree::text_file{std::hash<std::string_view>()(readme),
                                                    [] { return std::string(readme); }},
                                    readme_changed};
              })
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
