"""What watching databases costs: the server that is looked at, and the daemon that looks."""
import contextlib
import os
import shutil
import time
import unittest

import machine
import proxies
import results
import support
import postgres

NOBODY = "127.0.0.1:9"  # there are no calls
CREDENTIAL = """
[[credentials]]
name = "monitor"
role = "postgres"
hosts = ["127.0.0.1"]
"""


class Watching(proxies.Tallyfs):
    """A daemon with these databases registered; nothing is decided about calls."""
    decided = {}
    databases = ""

    def __init__(self, directory, upstream, core):
        os.makedirs(directory)
        registry = os.path.join(directory, "registry.csv")
        with open(registry, "w", encoding="ascii") as file:
            file.write("env,cluster,database,host,port,credential\n" + self.databases)
        self.settings = f'registry_file = "{registry}"\n' + CREDENTIAL
        super().__init__(directory, upstream, core)


@contextlib.contextmanager
def server(tables, *settings):
    """A cluster with so many tables of some rows each, in the database bench."""
    case = unittest.TestCase()
    try:
        cluster = postgres.Cluster(case, "autovacuum=off", *settings)
        cluster.psql("CREATE DATABASE bench")
        cluster.psql(f"""DO $$ BEGIN FOR i IN 1..{tables} LOOP
            EXECUTE format('CREATE TABLE table_%s (id int PRIMARY KEY, name text, at timestamptz)', i);
            EXECUTE format('INSERT INTO table_%s SELECT n, md5(n::text) FROM generate_series(1, 50) n', i);
            IF i % 100 = 0 THEN COMMIT; END IF; END LOOP; END $$""", "bench")
        yield cluster
    finally:
        case.doCleanups()


def watching(bench, databases):
    made = type("Watched", (Watching,), {"databases": databases})
    return bench.started(made, NOBODY)


def server_seconds(cluster):
    """Processor time of all its processes, also of those that have ended."""
    with open(f"{cluster.data}/postmaster.pid", encoding="ascii") as file:
        parent = int(file.readline())
    ticks = 0
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        with open(f"/proc/{parent}/stat", encoding="ascii") as file:
            ticks = sum(int(one) for one in file.read().rsplit(")", 1)[1].split()[11:15])
    seconds = ticks / os.sysconf("SC_CLK_TCK")
    for child in machine.children(parent):
        with contextlib.suppress(OSError):
            seconds += machine.processor_seconds(child)
    return seconds


def full(daemon, place):
    path = daemon.path("databases", place, "tables.csv")
    return os.path.exists(path) and os.path.getsize(path) > 0


def cost_of_server(bench):
    """The looks of every second and every 10 seconds over a while, and full snapshots by
    themselves, of which there is one in half an hour."""
    tables = 50 if bench.smoke else 1_000
    seconds = bench.seconds(30)
    with server(tables) as cluster:
        row = f"prod,bench,bench,127.0.0.1,{cluster.port},monitor\n"
        began = server_seconds(cluster)
        time.sleep(seconds)
        idle = (server_seconds(cluster) - began) / seconds
        with watching(bench, row) as daemon:
            support.wait_until(lambda: full(daemon, "prod/bench/bench"), 120)
            began = server_seconds(cluster)
            time.sleep(seconds)
            light = (server_seconds(cluster) - began) / seconds - idle
            snapshots = []
            for _ in range(1 if bench.smoke else 3):
                before = server_seconds(cluster)
                with open(daemon.path("databases/prod/bench/bench/snapshot"), "w",
                          encoding="ascii") as file:
                    file.write("now\n")
                snapshots.append(server_seconds(cluster) - before)
    percent = (light + max(snapshots) / 1800) * 100
    return [results.Result(f"server's processor time for being watched, {tables:,} tables",
                           "% of a core", percent, budget=results.at_most(1), judged="value",
                           rounds=[{"light_percent": light * 100, "snapshot_seconds": one}
                                   for one in snapshots],
                           note=f"a full snapshot takes {max(snapshots) * 1000:.0f} ms of it, every "
                                f"half hour; the looks were measured for {seconds:.0f} s")]


def cost_of_daemon(bench):
    """Ten names of one server, each with its databases: a connection and a thread a name."""
    clusters, each = (2, 3) if bench.smoke else (10, 30)
    count = clusters * each
    seconds = bench.seconds(60)
    with server(100, "max_connections=100") as cluster:
        for i in range(each):
            cluster.psql(f"CREATE DATABASE bench_{i} TEMPLATE bench")
        places = [(f"c{c}", f"bench_{i}") for c in range(clusters) for i in range(each)]
        rows = "".join(f"prod,{name},{database},127.0.0.1,{cluster.port},monitor\n"
                       for name, database in places)
        with watching(bench, rows) as daemon:
            support.wait_until(lambda: all(full(daemon, f"prod/{name}/{database}")
                                           for name, database in places), 300)
            began = machine.processor_seconds(daemon.process.pid)
            time.sleep(seconds)
            percent = (machine.processor_seconds(daemon.process.pid) - began) / seconds * 100
            memory = machine.memory_mb(daemon.process.pid)
    return [results.Result(f"tallyfs watching {count} databases, processor time", "% of a core",
                           percent, budget=results.at_most(5), judged="value",
                           note=f"{each} databases of 100 tables each under {clusters} names of one "
                                f"server, over {seconds:.0f} s, between full snapshots"),
            results.Result("  memory of tallyfs", "MB", memory, budget=results.at_most(200),
                           judged="value")]


def databases(bench):
    if postgres.binaries() is None or shutil.which("setpriv") is None:
        return [results.Result("databases", "", failed="PostgreSQL 12 to 17 is not installed")]
    return cost_of_server(bench) + cost_of_daemon(bench)


ROWS = {"databases": databases}
