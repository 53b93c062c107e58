"""The machine a run was made on: which processors to use, and how to describe it."""
import contextlib
import os
import platform
import re
import shutil
import subprocess
import time


class Cores:
    """What is measured runs on `subject`, everything that loads it on `load`."""

    def __init__(self):
        available = sorted(os.sched_getaffinity(0))
        self.load = available[0]
        self.subject = available[-1]
        # Two threads of one core would slow each other: another core, where there is one.
        siblings = _siblings(self.subject)
        others = [core for core in available if core not in siblings]
        if others:
            self.load = others[0]

    def shared(self):
        return self.load == self.subject


def _siblings(core):
    path = f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list"
    try:
        with open(path, encoding="ascii") as file:
            text = file.read().strip()
    except OSError:
        return {core}
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


# Of programs that are measured: what else runs on the machine then disturbs less.
NICENESS = -15


def pinned(core):
    """What to put before a command so that it runs there, and ends when the bench is killed."""
    command = ["setpriv", "--pdeathsig", "TERM", "taskset", "-c", str(core)]
    return command + (["nice", "-n", str(NICENESS)] if os.geteuid() == 0 else [])


def before_others(process_id):
    """Lets what pinned() started run before the rest of the machine, where that is allowed.

    Linux shares processors among sessions before it looks at niceness (autogroup in sched(7)), and
    what is measured is started in a session of its own.
    """
    with contextlib.suppress(OSError):
        with open(f"/proc/{process_id}/autogroup", "w", encoding="ascii") as file:
            file.write(str(NICENESS))


def processor_seconds(*process_ids):
    """What processes have used so far, all their threads, user and system (clock_getcpuclockid)."""
    return sum(time.clock_gettime((~process_id << 3) | 2) for process_id in process_ids)


def children(process_id):
    with open(f"/proc/{process_id}/task/{process_id}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def memory_mb(*process_ids):
    """Resident memory; what processes share is divided among them (Pss)."""
    kilobytes = 0
    for process_id in process_ids:
        with open(f"/proc/{process_id}/smaps_rollup", encoding="ascii") as file:
            kilobytes += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.MULTILINE).group(1))
    return kilobytes * 1024 / 1e6


def _first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return (done.stdout + done.stderr).strip().split("\n")[0]


def _processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return " ".join(found.group(1).split()) if found else platform.machine()


def _compiler(binaries):
    try:
        with open(os.path.join(binaries, "CMakeCache.txt"), encoding="utf-8") as file:
            cache = dict(re.findall(r"^(\w+):\w+=(.*)$", file.read(), re.MULTILINE))
    except OSError:
        return "unknown compiler"
    kind = cache.get("CMAKE_BUILD_TYPE", "")
    flags = cache.get("CMAKE_CXX_FLAGS_" + kind.upper(), "")
    return f"{_first_line(cache.get('CMAKE_CXX_COMPILER', 'c++'), '--version')}, {kind} ({flags})"


def describe(binaries):
    """Everything a reader needs to judge the figures by."""
    with open("/proc/meminfo", encoding="ascii") as file:
        memory_gb = int(re.search(r"MemTotal:\s+(\d+)", file.read()).group(1)) / 1e6
    nginx = "no nginx"
    if shutil.which("nginx"):
        nginx = _first_line("nginx", "-v").removeprefix("nginx version: ")
    return {"processor": _processor(), "cores": os.cpu_count(), "memory_gb": round(memory_gb),
            "kernel": platform.release(), "compiler": _compiler(binaries), "nginx": nginx,
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "load_average": os.getloadavg()[0]}


def sentence(machine):
    return ("{date}: {processor}, {cores} cores, {memory_gb} GB, Linux {kernel}; {compiler}; "
            "{nginx}; load average before the run {load_average:.1f}".format(**machine))
