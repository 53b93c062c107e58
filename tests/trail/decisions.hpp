// What alerts and expected work need: an actions stream, a desk that runs, and a clock that is set.
// Types: include/tallyfs/state/desk.hpp, include/tallyfs/state/action_log.hpp.
#pragma once

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"
#include "trail/alerts.hpp"
#include "trail/expectations.hpp"

#include <future>
#include <string>

namespace tallyfs::test {

struct decisions {
    temporary_directory directory;
    manual_clock clock{*parse_rfc3339("2026-11-20T12:00:00Z")};
    journal::stream lines{directory.path() / "actions", clock};
    state::action_log actions{lines, directory.path() / "actions.head", "node",
                              [](const record::action&) {}};
    state::last_errors errors;
    std::shared_ptr<trail::judging> judged = std::make_shared<trail::judging>();
    state::desk desk;

    decisions() {
        for (const auto rule : audit::all_rules()) {
            judged->pages[static_cast<std::size_t>(rule)] = audit::default_paging(rule);
        }
        desk.start();
    }
    ~decisions() { desk.stop(); }

    static std::optional<record::actor> anna(const tree::user&) {
        return record::actor{"anna", "uid", 1000};
    }
    trail::alerts::parts for_alerts() {
        return {actions, desk, errors, clock, [this] { return judged; }, anna, [] {}};
    }
    trail::expectations::parts for_expectations() {
        return {actions, desk, errors, clock, true, anna, [] {}};
    }
};

}  // namespace tallyfs::test
