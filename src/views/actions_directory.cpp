#include "views/directories.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/state/segments_directory.hpp>
#include <tallyfs/tree/make.hpp>

#include <spdlog/fmt/fmt.h>

namespace tallyfs::views {

namespace {

std::string chain_text(const state::action_log& actions) {
    const auto& found = actions.found();
    const auto head = actions.head();
    std::string text =
        "Chain of the actions  " + counted(static_cast<std::int64_t>(head.lines), "line") + "\n\n";
    text += "head " + std::to_string(head.lines) + ":\n     " + head.hash + "\n\n";
    if (found.intact()) {
        text +=
            "Intact when the daemon started: each line carried the hash of the one\n"
            "before it, up to the head that was kept.\n";
    } else {
        text += fmt::format("BROKEN, found when the daemon started: {}\n",
                            counted(static_cast<std::int64_t>(found.breaks_found), "place"));
        for (const auto& place : found.breaks) {
            const auto where = place.file.empty() ? std::string("end")
                                                  : fmt::format("{}:{}", place.file, place.line);
            text += "  " + ascii(where) + "  " + ascii(place.what) + "\n";
        }
    }
    text +=
        "\nCheck again, also without the daemon, and against a head kept elsewhere:\n"
        "    tallyfs verify --head \\\n        " +
        head.to_string() + "\n";
    return text;
}

}  // namespace

std::shared_ptr<const tree::directory> make_actions_directory(const sources& from) {
    auto day = std::make_shared<state::segments_directory>(from.actions.lines());
    auto directory = std::make_shared<tree::fixed_directory>();
    const auto changed = [&from] {
        return zone::start_of(from.actions.lines().end().segment.date);
    };
    directory->add("README.md", [] { return tree::readme_node(actions_readme); })
        .add("chain.txt",
             [&from] {
                 const auto version = from.actions.head().lines;
                 const auto segments = from.actions.lines().segments();
                 const auto when = segments.empty() ? from.facts.started : segments.back().changed;
                 return tree::text_node(version, when,
                                        [&from] { return chain_text(from.actions); });
             })
        .add("day", [=] { return tree::directory_node(day, changed()); })
        .add("today.jsonl", [=, &from] {
            return tree::link_node("day/" + from.actions.lines().end().segment.file_name(),
                                   changed());
        });
    return directory;
}

}  // namespace tallyfs::views
