#include "trail/directory_files.hpp"

namespace tallyfs::trail {

const std::string_view audit_readme = R"(# audit
Who touched production data by hand: the events of PostgreSQL's pgAudit, kept
for years in a chain that can be proved, without the noise.

    cat status.txt                  servers, and the alerts that are open
    cat selftest.txt                whether silence means that all is well
    cat setup.sql                   what a server lacks, as SQL for psql
    ls alerts/open                  each alert with its evidence
    jq -r '[.user,.command,.object,.rows]|@tsv' alerts/open/7-*/evidence.jsonl
    cat 'find/user=jd class=WRITE'  from all days, by user, object, class, time

A server's log is configured in tallyfs.toml (docs/configuration.md, "Audit"):

    [audit]
    people = ["jd", "*_human"]
    services = ["app_*"]
    [[audit_servers]]
    cluster = "prod/orders-cl"
    log = "/var/log/postgresql/*.json"

Acknowledge an alert, or close it with a reason. Neither hides the next one:

    echo ack > alerts/open/7-person-dml/state
    echo 'close: restored from backup, DB-123' > alerts/open/7-person-dml/state

Announce work: it is recorded as such, and pages nobody:

    echo user=jd cluster=orders-cl for=2h ticket=DB-123 > expected/new/db-123
    cat expected/new/db-123

| name | what |
|---|---|
| `status.txt` | each server: alive or blind, events kept, noise dropped |
| `day/` `today.jsonl` | every event, a line each, in a chain |
| `alerts/open/` `alerts/closed/` | one directory an alert: `alert.json`, |
| | `evidence.jsonl` (its events), `state` (read it, write to it); |
| | the newest 1,000 are listed, every open one is found by its name |
| `expected/` | announced work: `expected.csv`; announce in `new/` |
| `find/` | resolves, not listed: find/README.md |
| `noise.csv` | what was dropped, by day, server and reason |
| `selftest.txt` | the audit of the audit, once in five minutes |
| `setup.sql` | what is missing on each server, and what mends it |

Thresholds, business hours, what pages and what is noise: ../control/audit/.
An alert is one rule, one user and five minutes; every one is recorded.
Statements have no literals unless ../control/audit/statements says otherwise.
`tallyfs verify` proves that no event was changed, added or taken away.
)";

const std::string_view find_readme = R"(# audit/find
Any name made of words is a file with the events that match all of them, oldest
first, the newest 10,000; where there are older ones, or looking for them takes
too long, a last line {"more":...} says so:

    cat 'user=jd'
    cat 'user=jd class=WRITE from=2026-11-01 until=2026-11-15'
    cat user=jd,object=public.orders,command=DELETE
    cat 'rule=bulk-delete day=2026-11-20'

| word | matches |
|---|---|
| `user` `database` `object` `cluster` | a name, exactly as the log has it |
| `class` | READ, WRITE, DDL, ROLE, FUNCTION or MISC |
| `command` | DELETE, SELECT, …: one word |
| `kind` | statement, error, settings, gap, forged, unreadable |
| `rule` | a rule that the event breaks: person-dml, bulk-delete, denied, … |
| `day` `from` `until` | when it was logged: days, or times with an offset |

In a name a blank is %20, a comma %2C, a slash %2F and % itself %25.
)";

}  // namespace tallyfs::trail
