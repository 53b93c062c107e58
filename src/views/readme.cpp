#include "views/directories.hpp"

namespace tallyfs::views {

const std::string_view root_readme = R"(# tallyfs
Who used Ollama for what, as files. Point services at the proxy instead of at
Ollama (port 11433 instead of 11434) and read here what they did.

    cat status.txt               what needs you, what runs now, today so far
    cat usage/today.txt          which service eats the inference time
    cat usage/today.json         the same for programs
    tail -n 3 calls/today.jsonl | jq .
    grep '"outcome":"upstream_error"' calls/today.jsonl
    ls calls/inflight            what runs at this moment
    cat calls/by-id/ID/call.json one call, by its id
    cat databases/status.txt     what is wrong with PostgreSQL, worst first
    cat audit/status.txt         who touched data by hand, and alerts about it
    rsync -a . /some/backup      all of it is plain files

| name | what |
|---|---|
| `status.txt` `status.json` | one screen, as of the last second |
| `calls/` | every call, a line each: calls/README.md |
| `usage/` | sums by day, month, service and model: usage/README.md |
| `databases/` | PostgreSQL servers: what is wrong, and what would help |
| `audit/` | PostgreSQL audit logs: events, alerts, and whether it is blind |
| `approvals/` | what waits for a person's word: approvals/README.md |
| `control/` | settings: read one, echo another value: control/README.md |
| `actions/` | every change and decision, in a chain that can be proved |
| `notify/` | who is told, and how far they have got: notify/README.md |
| `metrics` | the same figures for Prometheus |

Times in .txt files are local, in .json, .jsonl and .csv UTC.
)";

const std::string_view calls_readme = R"(# calls
`day/<date>.jsonl` holds a line for each call, appended when its response ended.
`today.jsonl` leads to the day that is open. A day that is over never changes.
`inflight/` has a file for each call that runs now (`echo ID > inflight/cancel`
ends one), `by-id/<id>/call.json` finds
any call by its id (and is not listed, as there may be millions). `captures/`
has what was kept of calls where ../control/capture asks for it, for the user
alone whom the daemon runs as; by-id/<id>/ has the same files.

    tail -f today.jsonl | jq -c '[.service, .model, .duration_ms]'
    jq -r 'select(.duration_ms > 10000) | .id' today.jsonl
    grep -h '"service":"n8n"' day/* | jq -s 'map(.output_tokens // 0) | add'

| field | meaning |
|---|---|
| `time` | when the line was written, UTC; minus `duration_ms` is the start |
| `service` `task` `service_from` | who called, by own word |
| `principal` | who called, as the system tells it: key, unit, uid, address |
| `client` `process` | the other end of the connection; the local process |
| `endpoint` | Ollama's route; `load` and `unload` when a call did only that |
| `model` `model_answered` | as asked for, as answered |
| `outcome` | ok, client_gone, upstream_error, truncated, refused, timeout, … |
| `prompt_tokens` `output_tokens` | what Ollama counted, or `estimated` |
| | where it reported nothing |
| `duration_ms` | from the request's first byte to the end of the response |
| `first_byte_ms` `first_token_ms` | waiting for the answer to begin |
| `queue_ms` `load_ms` `prompt_eval_ms` `eval_ms` | Ollama's own times |
| `cold_start` `evicted_model` | it had to be loaded; what it pushed out |
| `context_limit` `prompt_cut` | the prompt was longer than num_ctx and cut |
| `prompt_hash` | the same for the same prompt; keyed, cannot be reversed |
| `options` | what makes Ollama load a model anew: num_ctx and the like |
)";

const std::string_view usage_readme = R"(# usage
`today.txt` is for people, `.json` and `.csv` hold the same for programs.

| name | what |
|---|---|
| `day/` `month/` `total.*` | sums of a day, a month, all days |
| `today.*` `this-month.*` | links to the newest of them |
| `services/<service>/` | the same for one service, its days and its tasks |
| `models/<model>/` | the same for one model |
| `days.csv` | a row a day, to plot |
| `cold-starts.csv` | who waited how long for a model to load |
| `swaps.csv` | which call made which model push out which |
| `duplicates.csv` | prompts that were sent more than once, and what that cost |
| `rollups.jsonl` | what is kept of days whose calls ../control deletes |

BUSY is the time that a model worked for a call: prompt evaluation, output and,
after a cold start, the load, as Ollama reports them; where it reports nothing,
the duration of the call. Time in Ollama's queue is not in it. SHARE is the
share of BUSY. ERR counts calls that ended neither ok nor by a client that left.

A .csv of a day has a row for each quarter of an hour, service, task, model and
endpoint; the others a row a day. Every figure is a sum over calls/day/*.jsonl:

    jq -s 'map(.output_tokens // 0) | add' ../calls/today.jsonl
    cut -d, -f2,11 today.csv | sort | uniq -c
    sqlite3 :memory: -cmd '.mode csv' -cmd '.import days.csv d' \
        'select day, calls, output_tokens from d'
)";

const std::string_view actions_readme = R"(# actions
Every change of a setting, every request, decision and effect, a line each, on
the disk before it takes effect. `today.jsonl` leads to the day that is open.

    jq -r '[.time, .by, .event, .subject] | @tsv' today.jsonl
    cat chain.txt

Each line carries the SHA-256 of the line before it (`prev`), so a line that was
changed, removed or inserted is found by `tallyfs verify`; an end that was cut
off is found by the head, the number and hash of the last line. Keep the head
outside this machine: who owns the machine can forge lines and head together,
but not a copy of the head that is elsewhere.

| field | meaning |
|---|---|
| `n` `prev` | number of the line; hash of the one before, without its newline |
| `event` `subject` | what was done, and to what |
| `by` `known_by` `uid` | who did it, and how that is known |
| `detail` | what changed: fields depend on the event |
)";

}  // namespace tallyfs::views