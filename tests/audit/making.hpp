// Entries for tests of what becomes of them.
// Format: include/tallyfs/audit/log_entry.hpp.
#pragma once

#include "audit/reading.hpp"

namespace tallyfs::test {

inline audit::log_entry some_entry() {
    audit::log_entry e;
    e.logged = *parse_rfc3339("2026-11-20T23:52:09.665000Z");
    e.user = "jd";
    e.database = "app";
    e.pid = 14679;
    e.remote = "127.0.0.1:37478";
    e.session = "6b00dd29.3957";
    e.line = 1;
    e.severity = "LOG";
    e.sqlstate = "00000";
    e.application = "psql";
    e.backend_type = "client backend";
    e.raw = "raw";
    e.trust = audit::trust::structured;
    return e;
}

inline std::vector<record::audit_event> made_of(audit::event_maker& maker,
                                                const audit::log_entry& entry) {
    std::vector<record::audit_event> events;
    maker.take(entry, [&](record::audit_event& event) { events.push_back(event); });
    return events;
}

}  // namespace tallyfs::test
