"""An hour of mixed load on the real daemon while its mount is used: does anything grow?

scripts/soak builds what this needs and calls it; scripts/soak --help has the options.
"""
import argparse
import itertools
import json
import os
import re
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
# pylint: disable=wrong-import-position
import judge
import load
from support import Daemon, Standin, can_mount, get, post, unmount, wait_until
from test_first_light import expected

SAMPLE_SECONDS = 5
PROGRESS_SECONDS = 60
IDLE_DESCRIPTORS = 40  # of the pool to Ollama, which keeps its connections for the next call


def process_figures(process_id):
    with open(f"/proc/{process_id}/status", encoding="ascii") as file:
        status = file.read()
    return {"rss_mb": int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000,
            "threads": int(re.search(r"Threads:\s+(\d+)", status)[1]),
            "descriptors": len(os.listdir(f"/proc/{process_id}/fd"))}


class Soak:
    def __init__(self, directory, rate):
        self.rate = rate
        self.mountpoint = os.path.join(directory, "tally")
        self.state = os.path.join(directory, "state")
        self.backup = os.path.join(directory, "backup")
        os.mkdir(self.mountpoint)
        self.standin = Standin("0.03", "--parallel", "16", "--memory-gb", "24")
        self.daemon = Daemon(self.mountpoint, self.state, self.standin.address)
        self.parts = load.Parts()
        self.probes = 0
        self.samples = []
        self.follower = None

    def begin(self):
        self.probe()
        self.at_rest = process_figures(self.daemon.process.pid)
        self.follower = load.Follower(self.daemon.path("calls/today.jsonl"))
        proxy, parts = self.daemon.proxy, self.parts
        for seed, share in ((1, 0.6), (2, 0.4)):
            parts.add(load.demo_callers, parts, proxy, max(1, int(self.rate * share)), seed)
        for work in (load.odd_callers, load.leaving_callers, load.idle_connections):
            parts.add(work, parts, proxy)
        for command, right in load.jobs(self.mountpoint, self.backup):
            parts.add(load.mount_user, parts, command, right)

    def probe(self):
        """The time from the end of a call until it is read in the sums; they must be exact."""
        self.probes += 1
        post(self.daemon.proxy, "/as/probe/api/embed", {"model": "nomic-embed-text", "input": "a"})
        began = time.monotonic()
        text = self.daemon.read("usage/services/probe/total.json")
        lag_ms = (time.monotonic() - began) * 1000
        calls = json.loads(text)["total"]["calls"]
        if calls != self.probes:
            self.parts.fault(f"the sums show {calls} of {self.probes} calls")
        return lag_ms

    def control(self):
        """The same steps without tallyfs: a call and a file. What slows this is the machine."""
        path = os.path.join(self.state, "../control")
        began = time.monotonic()
        get(self.standin.address, "/api/version")
        with open(path, "w", encoding="ascii") as file:
            file.write("as long as nobody else works\n")
        with open(path, encoding="ascii") as file:
            file.read()
        return (time.monotonic() - began) * 1000

    def kernel_waiting(self):
        """Requests that the kernel has handed to us and that have no answer yet."""
        number = os.minor(os.stat(self.mountpoint).st_dev)
        try:
            with open(f"/sys/fs/fuse/connections/{number}/waiting", encoding="ascii") as file:
                return int(file.read())
        except OSError:
            return None

    def sample(self, seconds):
        control_ms = self.control()
        lag_ms = self.probe()
        status = json.loads(get(self.daemon.admin, "/status.json")[1])
        lines = status["journal"]["lines_appended"]
        before = self.samples[-1] if self.samples else {"seconds": 0, "lines": 0}
        self.samples.append({
            "seconds": seconds, "lines": lines, "lag_ms": lag_ms,
            "control_ms": control_ms,
            "calls_per_second": (lines - before["lines"]) / (seconds - before["seconds"]),
            "in_flight": status["in_flight"], "bytes_behind": status["ledger"]["bytes_behind"],
            "kernel_waiting": self.kernel_waiting(),
            **process_figures(self.daemon.process.pid)})

    def run(self, minutes):
        began = time.monotonic()
        shown = 0
        for number in itertools.count(1):
            seconds = time.monotonic() - began
            if seconds >= minutes * 60:
                return
            # A short run still needs samples enough to be judged.
            self.parts.stop.wait(min(SAMPLE_SECONDS, minutes * 60 / 24))
            self.sample(time.monotonic() - began)
            if seconds >= shown * PROGRESS_SECONDS or number == 1:
                shown += 1
                print(show(self.samples[-1]), flush=True)
            if self.daemon.process.poll() is not None:
                raise AssertionError("the daemon ended: " + self.daemon.stderr())

    def finish(self):
        """Ends the load, and says what is wrong in what is left."""
        self.parts.end()
        wait_until(lambda: json.loads(get(self.daemon.admin, "/status.json")[1])["in_flight"] == 0)
        findings = judge.judge(self.samples) + self.parts.faults
        status = json.loads(get(self.daemon.admin, "/status.json")[1])
        for name, value in (("calls_unrecorded", status["proxy"]["calls_unrecorded"]),
                            ("lines_lost", status["journal"]["lines_lost"]),
                            ("unreadable_lines", status["ledger"]["unreadable_lines"])):
            if value:
                findings.append(f"{name}: {value}")
        total = json.loads(self.daemon.read("usage/total.json"))["total"]
        sums = expected(self.journal(), total)
        findings += [f"usage/total.json has {name} {total[name]}, the journal {sums[name]}"
                     for name in total if total[name] != sums[name]]
        wait_until(lambda: self.follower.lines >= total["calls"])
        self.follower.end()
        if self.follower.lines != total["calls"] or self.follower.broken:
            findings.append(f"tail -f saw {self.follower.lines} lines of {total['calls']}, "
                            f"{self.follower.broken} of them broken")
        after = process_figures(self.daemon.process.pid)
        if after["descriptors"] > self.at_rest["descriptors"] + IDLE_DESCRIPTORS:
            findings.append(f"{after['descriptors']} descriptors are open after the load, "
                            f"{self.at_rest['descriptors']} were before")
        print(f"{total['calls']} calls, {total['errors']} errors, {total['client_gone']} whose "
              f"client left, {total['cold_starts']} cold starts\n" + judge.summary(self.samples) +
              f"\n  at rest           {self.at_rest} -> {after}")
        return findings

    def journal(self):
        directory = os.path.join(self.state, "journal/calls")
        for name in sorted(os.listdir(directory)):
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)

    def end(self):
        self.parts.end()
        if self.follower and self.follower.process.poll() is None:
            self.follower.end()
        code = self.daemon.end()
        self.standin.end()
        if code != 0:
            raise AssertionError(f"the daemon ended with code {code}")


def show(sample):
    waiting = sample["kernel_waiting"]
    return (f"{sample['seconds']:6.0f} s  {sample['lines']:9} calls  {sample['rss_mb']:6.1f} MB  "
            f"{sample['descriptors']:4} descriptors  {sample['threads']:3} threads  "
            f"lag {sample['lag_ms']:6.1f} ms  {sample['in_flight']:3} in flight" +
            ("" if waiting is None else f"  {waiting} waiting in the kernel"))


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=250)
    parser.add_argument("--samples", help="a file for all samples, JSON lines")
    wanted = parser.parse_args()
    if not can_mount():
        print("skipped: no /dev/fuse or no fusermount3 here")
        return 77
    directory = tempfile.mkdtemp(prefix="tallyfs-soak.")
    try:
        soak = Soak(directory, wanted.rate)
        try:
            soak.begin()
            soak.run(wanted.minutes)
            findings = soak.finish()
        finally:
            if wanted.samples:
                with open(wanted.samples, "w", encoding="ascii") as file:
                    file.writelines(json.dumps(sample) + "\n" for sample in soak.samples)
            soak.end()
    finally:
        unmount(os.path.join(directory, "tally"))
        shutil.rmtree(directory, ignore_errors=True)
    for finding in findings:
        print("wrong:", finding)
    print(f"soak: {len(findings)} findings" if findings else "soak: everything stayed as it was")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
