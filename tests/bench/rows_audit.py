"""How fast an audit log is read, taken apart, judged and kept, on one core."""
import json
import os
import time

import machine
import proxies
import results
import support

NOBODY = "127.0.0.1:9"  # there are no calls
USERS = 20
OBJECTS = 500
COMMANDS = (("WRITE", "UPDATE", "UPDATE public.table_{} SET name = 'nobody {}' WHERE id = {}"),
            ("WRITE", "INSERT", "INSERT INTO public.table_{} VALUES ('nobody {}', {})"),
            ("READ", "SELECT", "SELECT id, name FROM public.table_{} WHERE name = '{}' AND id = {}"),
            ("WRITE", "DELETE", "DELETE FROM public.table_{} WHERE name = '{}' AND id > {}"))


def csv_record(number, line, begins):
    """As PostgreSQL 15 and pgAudit 1.7 write one with log_relation and log_rows.

    pgAudit quotes a field only where it holds a comma, a quote or a line's end, and the log's own
    CSV doubles its quotes once more.
    """
    user = number % USERS
    table = number * 7 % OBJECTS
    kind, command, text = COMMANDS[number % len(COMMANDS)]
    seconds = begins + number // 500
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) + f".{number % 1000:03} UTC"
    statement = text.format(table, number, number % 9973)
    if "," in statement:
        statement = f'""{statement}""'
    message = (f"AUDIT: SESSION,{line},1,{kind},{command},TABLE,public.table_{table},"
               f"{statement},<none>,{number % 50}")
    return (f'{when},"app_{user:02}","app",{4000 + user},"10.2.4.{user}:5{user:04}",'
            f'6b00dd29.{4000 + user:x},{line},"{command}",2026-11-20 00:00:00 UTC,'
            f'3/{number},0,LOG,00000,"{message}",,,,,,,,,"orders","client backend",,'
            f"{number * 7919}\n")


def write_log(path, count):
    begins = int(time.time()) - count // 500 - 60
    with open(path, "w", encoding="ascii") as file:
        for number in range(count):
            file.write(csv_record(number, number // USERS + 1, begins))
    return os.path.getsize(path)


class Auditing(proxies.Tallyfs):
    """A daemon that reads one log; its users are programs, so that no alert is in the way."""
    decided = {}
    log = ""

    def __init__(self, directory, upstream, core):
        os.makedirs(directory)
        self.settings = ('[audit]\nservices = ["app_*"]\n\n[[audit_servers]]\n'
                         f'cluster = "prod/bench"\nlog = "{self.log}"\nfrom_oldest = true\n')
        super().__init__(directory, upstream, core)


def events_of(daemon):
    return json.loads(daemon.read("status.json"))["audit"]["events"]


def read_whole(bench, path, count):
    """Seconds of the clock and of the processor until all of it stands in the stream, and memory."""
    made = type("AuditingThis", (Auditing,), {"log": path})
    with bench.started(made, NOBODY) as daemon:
        began = time.monotonic()
        support.wait_until(lambda: events_of(daemon) >= count, 600)
        took = time.monotonic() - began
        used = machine.processor_seconds(daemon.process.pid)
        if events_of(daemon) != count:
            raise RuntimeError(f"{events_of(daemon)} events of {count} records")
        return took, used, machine.memory_mb(daemon.process.pid)


def audit(bench):
    count = 20_000 if bench.smoke else 400_000 if bench.quick else 1_000_000
    few = count // 10
    directory = bench.new_directory()
    os.makedirs(directory)
    rounds = []
    for size in (few, count, count, count):
        path = os.path.join(directory, f"{size}.csv")
        if not os.path.exists(path):
            write_log(path, size)
        took, used, memory = read_whole(bench, path, size)
        rounds.append({"records": size, "seconds": took, "processor_seconds": used,
                       "memory_mb": memory})
    whole = sorted(rounds[1:], key=lambda one: one["seconds"])[1]
    memory = max(one["memory_mb"] for one in rounds[1:])
    return [results.Result(f"audit log of {count:,} records, read, judged, kept and indexed",
                           "records/s", whole["records"] / whole["seconds"],
                           budget=results.at_least(50_000), judged="value", rounds=rounds,
                           note="on one core with everything else that the daemon does; "
                                f"{whole['processor_seconds'] / count * 1e6:.1f} µs of processor "
                                "time a record, every record kept"),
            results.Result(f"  memory more than of a log of {few:,}", "MB",
                           memory - rounds[0]["memory_mb"], budget=results.at_most(20),
                           judged="value",
                           note=f"{memory:.1f} MB in all. The index keeps up to 16.8 MB of its "
                                "pages, which a log of 1,400,000 records fills")]


ROWS = {"audit": audit}
