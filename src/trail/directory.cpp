#include "trail/directory_files.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/state/segments_directory.hpp>
#include <tallyfs/tree/inbox.hpp>
#include <tallyfs/tree/make.hpp>

namespace tallyfs::trail {

namespace {

/// A file whose text is made at each look-up.
void add_live(tree::fixed_directory& into, const std::string& name,
              const directory_sources& sources, std::function<std::string()> text) {
    const auto file = std::make_shared<tree::live_file>();
    into.add(name,
             [file, sources, text = std::move(text)] { return file->node(text(), sources.now()); });
}

std::shared_ptr<const tree::directory> alerts_directory(const directory_sources& sources) {
    auto both = std::make_shared<tree::fixed_directory>();
    for (const bool closed : {false, true}) {
        const auto one = make_alerts_directory(sources, closed);
        both->add(closed ? "closed" : "open",
                  [one, started = sources.started] { return tree::directory_node(one, started); });
    }
    return both;
}

std::shared_ptr<const tree::directory> expected_directory(const directory_sources& sources) {
    auto& expected = sources.from.expected;
    auto files = std::make_shared<tree::fixed_directory>();
    add_live(*files, "expected.csv", sources,
             [&expected] { return expected_csv(*expected.list()); });
    const auto inbox = std::make_shared<tree::inbox_directory>(tree::inbox_directory::parts{
        [&expected](std::uint32_t uid, std::string_view name) { return expected.inbox(uid, name); },
        [&expected](const tree::user& by, std::string name, std::string text, tree::answer answer) {
            expected.announce(by, std::move(name), std::move(text), std::move(answer));
        },
        sources.now, [](std::string_view) { return false; }});
    files->add("new", [inbox, started = sources.started] {
        auto node = tree::directory_node(inbox, started);
        node.access.mode = 0777;
        return node;
    });
    return files;
}

}  // namespace

std::shared_ptr<const tree::directory> auditor::directory(std::function<wall_time()> now) {
    auto& i = *state_;
    const directory_sources sources{i, std::move(now), i.parts.clock.wall()};
    auto files = std::make_shared<tree::fixed_directory>();
    files->add("README.md", [] { return tree::readme_node(audit_readme); });
    add_live(*files, "status.txt", sources, [&i] { return status_text(i); });
    add_live(*files, "selftest.txt", sources, [&i] { return audit::self_test_text(i.reports()); });
    add_live(*files, "setup.sql", sources, [&i] {
        std::vector<audit::setup_input> all;
        for (const auto& one : i.servers) {
            if (const auto made = one.tester->setup()) {
                all.push_back(*made);
                continue;
            }
            audit::setup_input none;
            none.cluster = one.feed->what().cluster;
            none.server_problem = "nobody has looked at it yet";
            all.push_back(std::move(none));
        }
        return audit::setup_sql(all);
    });
    add_live(*files, "noise.csv", sources, [&i] { return noise_csv(i); });
    const auto& lines = i.store.lines();
    const auto day = std::make_shared<state::segments_directory>(lines);
    const auto changed = [&lines] { return zone::start_of(lines.end().segment.date); };
    files->add("day", [=] { return tree::directory_node(day, changed()); })
        .add("today.jsonl", [=, &lines] {
            return tree::link_node("day/" + lines.end().segment.file_name(), changed());
        });
    for (const auto& [name, made] : {std::pair("alerts", alerts_directory(sources)),
                                     std::pair("expected", expected_directory(sources)),
                                     std::pair("find", make_find_directory(sources))}) {
        files->add(name, [made = made, started = sources.started] {
            return tree::directory_node(made, started);
        });
    }
    return files;
}

}  // namespace tallyfs::trail
