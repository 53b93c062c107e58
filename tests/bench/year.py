"""States with much data, made once and kept beside the builds (build/bench, which git ignores).

tallyfs-year completes what is there by the days that are missing, so a state of yesterday serves.
"""
import datetime
import os
import shutil
import subprocess
import sys

import machine

CALLS = 10_000_000
DAYS = 365
LINE_BYTES = 900
SPARE_BYTES = 3_000_000_000


def kept(bench):
    """Where states are kept between runs; of a smoke test nothing is."""
    if bench.smoke:
        return bench.new_directory()
    return os.path.abspath(os.path.join(bench.binaries, "../bench"))


def calls_of_year(bench):
    """10 million, or what the disk has room for."""
    if bench.smoke:
        return 2_000
    if bench.quick:
        return 200_000
    place = os.path.join(kept(bench), f"year-{CALLS}")
    if not os.path.isdir(place):
        os.makedirs(kept(bench), exist_ok=True)
        if shutil.disk_usage(kept(bench)).free < CALLS * LINE_BYTES + SPARE_BYTES:
            return CALLS // 10
    return CALLS


def state(bench, calls, days, until=None):
    """The path of a state directory with that much data, its ledger up to date."""
    path = os.path.join(kept(bench), f"year-{calls}" if days == DAYS else f"days-{days}-{calls}")
    os.makedirs(path, exist_ok=True)
    new = not os.path.exists(os.path.join(path, "ledger.sqlite"))
    if new and calls >= 1_000_000:
        print(f"  making {calls:,} calls in {path}, once", file=sys.stderr, flush=True)
    made = subprocess.run(
        [os.path.join(bench.binaries, "tallyfs-year"), path, "--calls", str(calls), "--days",
         str(days), "--quiet", *(["--until", until] if until else [])],
        capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise RuntimeError(made.stderr.strip())
    if new:
        rebuild(bench, path)
    return path


def rebuild(bench, path):
    """Builds the ledger of a state anew; returns what the program says."""
    return subprocess.run([*machine.pinned(bench.cores.subject),
                           os.path.join(bench.binaries, "tallyfs"), "rebuild", "--state", path],
                          capture_output=True, text=True, check=True).stdout


def closed_day(bench, calls):
    """A log file of yesterday that no line is added to, and the state that it lies in."""
    yesterday = (datetime.datetime.now(datetime.timezone.utc) -
                 datetime.timedelta(days=1)).date()
    path = os.path.join(kept(bench), "closed-day")
    directory = os.path.join(path, "journal/calls")
    # A state of another day serves as well: it is over.
    if not os.path.isdir(directory) or len(os.listdir(directory)) < 1:
        made = state_of_day(bench, path, calls, f"{yesterday}T23:00:00Z")
        if made.returncode != 0:
            raise RuntimeError(made.stderr.strip())
    names = sorted(name for name in os.listdir(directory) if name.endswith(".jsonl"))
    largest = max(names, key=lambda name: os.path.getsize(os.path.join(directory, name)))
    return path, largest


def state_of_day(bench, path, calls, until):
    os.makedirs(path, exist_ok=True)
    return subprocess.run([os.path.join(bench.binaries, "tallyfs-year"), path, "--calls",
                           str(calls), "--days", "1", "--zone", "UTC", "--until", until,
                           "--quiet"], capture_output=True, text=True, check=False)
