// What a collector told, read back from its stream in words.
// Format: docs/formats.md, "A health event's line".
#pragma once

#include "support/catch.hpp"

#include <tallyfs/journal/reader.hpp>
#include <tallyfs/record/health_event.hpp>

#include <string>
#include <vector>

namespace tallyfs::test {

/// "finding.opened idle_in_transaction", "database.back app", …, of one server.
inline std::vector<std::string> told_in(const journal::stream& events,
                                        const std::string& cluster = "orders-cl") {
    std::vector<std::string> all;
    journal::reader reader(events);
    for (;;) {
        const auto lines = reader.next();
        REQUIRE(lines);
        if (lines->text.empty()) return all;
        for (auto rest = lines->text; !rest.empty();) {
            const auto end = rest.find('\n');
            const auto e = record::parse_health_event(rest.substr(0, end));
            rest.remove_prefix(end + 1);
            REQUIRE(e);
            if (e->cluster != cluster) continue;
            const auto& about = e->rule.empty() ? e->database : e->rule;
            all.push_back(e->event + (about.empty() ? "" : " " + about));
        }
    }
}

}  // namespace tallyfs::test
