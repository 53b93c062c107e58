#include "views/directories.hpp"

#include <tallyfs/tree/make.hpp>

namespace tallyfs::views {

day current_day(const sources& from) {
    return from.calls.end().segment.date;
}

std::shared_ptr<const tree::directory> make_root(const sources& from) {
    auto owned = std::make_shared<const sources>(from);
    const auto& s = *owned;
    auto calls = make_calls_directory(s);
    auto usage = make_usage_directory(s);
    auto control = make_control_directory(s);
    auto actions = make_actions_directory(s);
    auto approvals = make_approvals_directory(s);
    auto status_txt = std::make_shared<tree::live_file>();
    auto status_js = std::make_shared<tree::live_file>();
    auto metrics = std::make_shared<tree::live_file>();
    const auto newest_line = [owned] { return owned->ledger.stamp_of_all().changed; };

    auto root = std::make_shared<tree::fixed_directory>();
    root->add("README.md", [] { return tree::readme_node(root_readme); })
        .add("actions", [=] { return tree::directory_node(actions, owned->facts.started); })
        .add("approvals", [=] { return tree::directory_node(approvals, owned->facts.started); })
        .add("control", [=] { return tree::directory_node(control, owned->facts.started); })
        .add("calls", [=] { return tree::directory_node(calls, newest_line()); })
        .add("metrics", [=] { return metrics->node(metrics_text(*owned), owned->live.now); })
        .add("status.json", [=] { return status_js->node(status_json(*owned), owned->live.now); })
        .add("status.txt", [=] { return status_txt->node(status_text(*owned), owned->live.now); })
        .add("usage", [=] { return tree::directory_node(usage, newest_line()); });
    for (const auto& one : s.supplied) {
        root->add(one.name,
                  [=] { return tree::directory_node(one.directory, owned->facts.started); });
    }
    return root;
}

}  // namespace tallyfs::views
