#include "postgres/directory_files.hpp"

namespace tallyfs::postgres {

const std::string_view databases_readme = R"(# databases
What is wrong with your PostgreSQL servers, since when, the figures that prove
it, and what would help. Nothing is changed without a person's approval.

    cat status.txt                          all of them, the worst first
    cat prod/orders-cl/app/status.txt       one database, on one screen
    cat prod/orders-cl/status.txt           its server: sessions, locks, slots

Register a database, and read back whether it can be looked at:

    echo env=prod cluster=orders-cl database=app host=10.2.4.10 \
        credential=monitor owner=anna > new/app
    cat new/app

A role with pg_monitor is enough. Passwords are in the configuration
([[credentials]]), never here: the program's docs/databases.md says how.

What a finding recommends waits in ../approvals/ for a person's word, with the
exact SQL and its undo, or can be read and run by hand:

    cat ../approvals/waiting.txt
    cat ../approvals/pending/0057-*/{evidence.md,plan.sql}
    echo approve > ../approvals/pending/0057-*/steps/1-owner/decision
    psql -h 10.2.4.10 -d app -f prod/orders-cl/app/recommendations.sql

Known, and not to be told again until then:

    echo rule=dead_ratio place=prod/orders-cl/app until=2026-12-01 \
        'reason=known, DB-12' > ../control/health/mutes/db-12

| name | what |
|---|---|
| `status.txt` `findings.csv` | all databases, the worst first |
| `new/` | a file in it registers a database |
| `day/` `today.jsonl` | each finding that opened, changed or closed, a line |
| **of a server** | |
| `sessions.csv` `connections.csv` | who is connected and does what |
| `locks.csv` | who waits for whom, and who is at the root of it |
| `waits.csv` | active sessions on average, by what they wait for |
| `xmin-holders.csv` | who keeps vacuum from removing dead rows |
| `slots.csv` `wraparound.json` | replication slots; transaction ids left |
| **of a database** | |
| `status.txt` `findings.json` | what is wrong, and what was ruled out |
| `diagnosis.md` `diagnosis/2026-11-20T13:28.md` | each hypothesis with its |
| | figure, for now and for a past minute (not listed) |
| `recommendations.sql` | what the findings recommend, for psql |
| `tables.csv` | what autovacuum compares for each table, where that comes |
| | from (table or server), and what is left until it comes |
| `queries.csv` | the statements that take most time, without literals |
| `schema.sql` `drift.diff` `migrations.csv` `roles.csv` | the schema, what |
| | differs from its registered state, what was applied |
| `snapshot` | when the last full look was; `echo now > snapshot` |
| `history/` | figures of past days |

A server is looked at every 10 seconds, a database in full every 30 minutes:
../control/health/ has these and every threshold. A file's time is that of the
look it shows. Times in .txt and comments are local, others UTC.
)";

}  // namespace tallyfs::postgres
