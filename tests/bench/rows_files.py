"""A day that is over, read through the mount and from the file below."""
import os
import re
import subprocess
import sys
import time

import machine
import results
import rounds
import rows_year
import year

CACHES = "/proc/sys/vm/drop_caches"
COMMANDS = {"cat": ["cat"], "grep -c": ["grep", "-c", '"outcome":"upstream_error"']}


def drop_caches():
    os.sync()
    with open(CACHES, "w", encoding="ascii") as file:
        file.write("3")


class Descriptors(rows_year.OnState):
    """As where the kernel or the user may not pass reads through."""
    settings = "fuse_passthrough = false\n"


def files(bench):
    calls = 2_000 if bench.smoke else 115_000 if bench.quick else 1_150_000
    state, name = year.closed_day(bench, calls)
    below = os.path.join(state, "journal/calls", name)
    lines = []
    for kind, how, warm_max, cold_max in ((rows_year.OnState, "", 1.1, 1.1),
                                          (Descriptors, " without passthrough", 1.2, 1.7)):
        if kind is rows_year.OnState and not may_pass_through():
            continue
        with rows_year.running(bench, state, kind) as daemon:
            paths = {"tallyfs": daemon.path("calls/day", name), "file": below, "again": below}
            lines += compare(bench, paths, f"warm{how}", warm_max, lambda: None)
            if bench.smoke:  # the tests beside this one need their caches
                continue
            if os.access(CACHES, os.W_OK):
                lines += compare(bench, paths, f"cold{how}", cold_max, drop_caches)
            else:
                print("skipped: cold reads, only root can drop the kernel's caches",
                      file=sys.stderr)
    return lines


def may_pass_through():
    """Passthrough needs Linux 6.9 and root."""
    release = tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2])
    return os.geteuid() == 0 and release >= (6, 9)


def compare(bench, paths, how, ratio_max, prepare):
    gigabytes = os.path.getsize(paths["file"]) / 1e9
    lines = []
    for what, command in COMMANDS.items():
        def measure(path):
            prepare()
            began = time.monotonic()
            # grep stops at once where it sees that its output goes to /dev/null.
            subprocess.run([*machine.pinned(bench.cores.subject), *command, path], check=True,
                           stdout=subprocess.PIPE if what != "cat" else subprocess.DEVNULL)
            return {"s": time.monotonic() - began}
        for path in (paths["tallyfs"], paths["file"]):
            measure(path)
        measured = rounds.alternate(paths, 1 if bench.smoke else 3 if bench.quick else 7, measure)
        lines += results.compared(f"{what} of a closed day, {gigabytes:.1f} GB, {how}", "s",
                                  measured, "s", results.at_most(ratio_max), reference="file",
                                  shown_as="the file")
    return lines


ROWS = {"files": files}
