"""A year of data behind the mount: start, the screen of today, a backup, walks, a rebuild."""
import contextlib
import functools
import os
import re
import shutil
import statistics
import subprocess
import time

import proxies
import results
import rounds
import support
import year

NOBODY = "127.0.0.1:9"  # nothing listens there, and calls are recorded as failed
DAYS_A_MILLION = 37  # of calls, in a year of 10 million


class OnState(proxies.Tallyfs):
    """A daemon on a state directory that is there already."""

    def __init__(self, state, directory, upstream, core):
        os.makedirs(directory)
        os.symlink(state, os.path.join(directory, "state"))
        began = time.monotonic()
        super().__init__(directory, upstream, core)
        self.started_ms = (time.monotonic() - began) * 1000

    def behind(self):
        try:
            self.read("usage/total.json")
            return False
        except OSError:
            return True

    def memory_mb(self, name):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(name + r":\s+(\d+)", file.read())[1]) / 1000


@contextlib.contextmanager
def running(bench, state, kind=OnState):
    """A daemon on `state` that has applied what was added since the ledger was made."""
    with bench.started(functools.partial(kind, state), NOBODY) as daemon:
        support.wait_until(lambda: not daemon.behind(), 300)
        yield daemon


def start(bench):
    calls = year.calls_of_year(bench)
    state = year.state(bench, calls, year.DAYS)
    measured = []
    for _ in range(1 + (1 if bench.smoke else 7)):
        with bench.started(functools.partial(OnState, state), NOBODY) as daemon:
            measured.append({"ms": daemon.started_ms, "mb": daemon.memory_mb("VmRSS")})
    measured = measured[1:]  # the first one may have had to catch up
    return [results.Result(f"start to mounted, {calls:,} calls", "ms",
                           statistics.median(each["ms"] for each in measured),
                           budget=results.at_most(300), judged="value", rounds=measured,
                           note="from starting the program to its line \"ready\""),
            results.Result(f"memory at rest, {calls:,} calls", "MB",
                           statistics.median(each["mb"] for each in measured))]


def today(bench):
    """Each round a call is made, so that the screen has to be rendered anew."""
    calls = year.calls_of_year(bench)
    few = 1_000 if bench.smoke else 10_000
    states = {"tallyfs": (calls, year.DAYS), "few": (few, 1)}
    daemons = {}
    for name in states:
        state = year.state(bench, *states[name])
        daemons[name] = bench.stack.enter_context(running(bench, state))
    daemons["again"] = daemons["few"]

    def measure(daemon):
        support.post(daemon.proxy, "/as/bench/api/chat", {"model": "m", "messages": []})
        began = time.monotonic()
        text = daemon.read("usage/today.txt")
        took = time.monotonic() - began
        if "TOTAL" not in text:
            raise RuntimeError("usage/today.txt is not what it should be: " + text)
        return {"ms": took * 1000}
    measured = rounds.alternate(daemons, bench.rounds, measure)
    lines = results.compared(
        f"opening usage/today.txt, {calls:,} calls behind it", "ms", measured, "ms",
        results.at_most(1.5), "after a call each time; the reference has "
        f"{few:,} calls, all of today", reference="few", shown_as=f"{few:,} calls")
    return [*lines, results.Result("  the same, its time", "ms", lines[0].value,
                                   budget=results.at_most(5), judged="value")]


def link_closed_days(state, backup):
    """A backup of days that are over is the same file: no need to copy 9 GB for a bench."""
    source = os.path.join(state, "journal/calls")
    target = os.path.join(backup, "calls/day")
    os.makedirs(target, exist_ok=True)
    for name in sorted(os.listdir(source))[:-1]:
        if name.endswith(".jsonl") and not os.path.exists(os.path.join(target, name)):
            os.link(os.path.join(source, name), os.path.join(target, name))


def rsync(bench):
    """The second backup, by a daemon that was started again: it has to render everything."""
    calls = year.calls_of_year(bench)
    state = year.state(bench, calls, year.DAYS)
    backup = state + "-backup"
    link_closed_days(state, backup)

    def copy(daemon):
        began = time.monotonic()
        done = subprocess.run(["rsync", "-a", "--stats", daemon.mountpoint + "/", backup],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError("rsync: " + done.stderr.strip())
        files = re.search(r"Number of files: ([\d,]+)", done.stdout)[1]
        return time.monotonic() - began, files
    seconds = []
    try:
        for _ in range(2):
            with running(bench, state) as daemon:
                seconds += [copy(daemon), copy(daemon)]
                highest_mb = daemon.memory_mb("VmHWM")
    finally:
        # Days that are over stay linked; the rest is for another day.
        shutil.rmtree(os.path.join(backup, "usage"), ignore_errors=True)
    what = f"rsync -a of the whole mount, {calls:,} calls"
    return [results.Result(what + ", second run", "s", seconds[2][0],
                           budget=results.at_most(30), judged="value",
                           rounds=[each[0] for each in seconds],
                           note=f"{seconds[2][1]} files; after a restart, so that all are rendered "
                           f"again ({seconds[3][0]:.2f} s once they have been; the first run, "
                           f"without days that are over, {seconds[0][0]:.1f} s)"),
            results.Result("  memory of tallyfs, its highest", "MB", highest_mb,
                           budget=results.at_most(300), judged="value")]


def walks(bench):
    calls = year.calls_of_year(bench)
    daemon = bench.stack.enter_context(running(bench, year.state(bench, calls, year.DAYS)))
    measured = []
    for what, command in (("find", ["find", daemon.mountpoint]),
                          ("du -s", ["du", "-s", daemon.mountpoint]),
                          ("grep -r in usage/", ["grep", "-rc", "qwen3:14b",
                                                 os.path.join(daemon.mountpoint, "usage")])):
        began = time.monotonic()
        subprocess.run(command, capture_output=True, check=True)
        measured.append(results.Result(f"{what}, {calls:,} calls", "s", time.monotonic() - began))
    return measured


def rebuild(bench):
    calls = 2_000 if bench.smoke else 200_000 if bench.quick else 1_000_000
    state = year.state(bench, calls, max(2, DAYS_A_MILLION * calls // 1_000_000))
    measured = []
    for _ in range(1 if bench.smoke else 3):
        said = re.search(r"from (\d+) calls in ([\d.e-]+) s", year.rebuild(bench, state))
        measured.append(int(said[1]) / float(said[2]))
    return [results.Result(f"rebuild of {calls:,} calls", "calls/s", statistics.median(measured),
                           budget=results.at_least(200_000), judged="value", rounds=measured,
                           note="as dense as the year, so as many rows for each call")]


ROWS = {"start": start, "today": today, "rsync": rsync, "walks": walks, "rebuild": rebuild}
