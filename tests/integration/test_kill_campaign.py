"""kill -9 at random moments under load: while calls run, the ledger commits, the daemon starts or
ends. After each start, what clients saw complete is compared with journal, ledger and mount.

TALLYFS_KILL_CYCLES says how many kills (several hundred take a minute or two)."""
import collections
import json
import os
import random
import signal
import socket
import struct
import threading
import time
import unittest

from kill_clients import Calls, Client
from support import Daemon, MountCase
from test_first_light import add_to, shown

CYCLES = int(os.environ.get("TALLYFS_KILL_CYCLES", "60"))
CLIENTS = 6
RUN_SECONDS_MAX = 0.05


class Journal:
    """Follows the segments below the state directory and sums the lines up, one by one."""

    def __init__(self, directory):
        self.directory = directory
        self.offsets = {}
        self.ids = set()
        self.outcomes = collections.Counter()
        self.by_key = collections.defaultdict(list)
        self.total = collections.Counter()
        self.by_service = collections.defaultdict(collections.Counter)
        self.waiting = collections.deque()

    def segments(self):
        def order(name):
            part = name.split(".")[1]
            return name[:10], int(part) if part.isdigit() else 1
        return sorted((n for n in os.listdir(self.directory) if n.endswith(".jsonl")), key=order)

    def read(self):
        """Takes in what was appended; nothing is summed up yet."""
        for name in self.segments():
            with open(os.path.join(self.directory, name), "rb") as file:
                file.seek(self.offsets.get(name, 0))
                text = file.read()
            whole = text[:text.rfind(b"\n") + 1]
            self.offsets[name] = self.offsets.get(name, 0) + len(whole)
            for line in whole.splitlines():
                call = json.loads(line)
                if call["id"] in self.ids:
                    raise AssertionError("twice in the journal: " + call["id"])
                self.ids.add(call["id"])
                self.outcomes[call["outcome"]] += 1
                self.by_key[call["client"], call["service"], call["task"]].append(call["outcome"])
                self.waiting.append(call)

    def sum_up(self, count):
        """The sums over the first lines, `count` of them."""
        while self.total["calls"] < count:
            call = self.waiting.popleft()
            add_to(self.total, call)
            add_to(self.by_service[call["service"]], call)


def open_calls(path):
    """Ids in the table of a daemon that was killed: docs/formats.md, "Open calls"."""
    try:
        with open(path, "rb") as file:
            header = file.read(4096)
            if header[:8] != b"tlyopen\n":
                return set()
            _, slot_bytes, _, touched = struct.unpack_from("<IIII", header, 8)
            slots = [file.read(slot_bytes) for _ in range(touched)]
    except FileNotFoundError:
        return set()
    ids = set()
    for slot in slots:
        in_use, = struct.unpack_from("<I", slot)
        size, offset = struct.unpack_from("<II", slot, 8)
        if in_use and size:
            digits = slot[64 + offset:][:16].hex()
            ids.add("-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))
    return ids


class KillCampaign(MountCase):
    def start(self, *more, **keywords):
        """On a socket that outlives the daemon, so that calls wait for the next one."""
        if not hasattr(self, "listening"):
            self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
            self.addCleanup(self.listening.close)
        number = self.listening.fileno()
        prefix = ("sh", "-c", f'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&{number}', "sh")
        if number == 3:
            prefix = ("sh", "-c", 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"', "sh")
        daemon = Daemon(self.mountpoint, self.state, self.standin.address, *more, prefix=prefix,
                        pass_fds=(number,), **keywords)
        return daemon

    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: self.daemon.end())
        self.random = random.Random()
        seed = self.random.randrange(1 << 32)
        self.random.seed(seed)
        print(f"{CYCLES} kills, seed {seed}", flush=True)
        self.calls = Calls()
        self.journal = Journal(os.path.join(self.state, "journal/calls"))
        self.left_open = set()
        self.was_open = set()
        self.kinds_of_kill = collections.Counter()
        self.start_seconds = 0.1  # as the last start took

    def kill(self):
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()
        log = self.daemon.stderr()
        self.assertNotIn("rebuilt", log)
        self.assertNotIn("could not be recorded", log)
        self.daemon.process.stdout.close()
        self.daemon.errors.close()
        self.left_open |= open_calls(os.path.join(self.state, "open-calls"))

    def wait(self, seconds_max):
        """Not for anything: a random moment is the point."""
        threading.Event().wait(self.random.uniform(0, seconds_max))

    def test_no_call_that_a_client_saw_complete_is_lost_or_counted_twice(self):
        clients = [Client(i, self.listening.getsockname(), self.calls) for i in range(CLIENTS)]
        stop = threading.Event()
        reader = threading.Thread(target=self.read_all_the_time, args=(stop,), daemon=True)
        reader.start()
        started = time.monotonic()
        try:
            for cycle in range(CYCLES):
                self.kill_somehow()
                begun = time.monotonic()
                self.daemon = self.start()
                self.start_seconds = time.monotonic() - begun
                self.check(whole=cycle % 20 == 0)
        finally:
            stop.set()
            for client in clients:
                client.stopping.set()
            for thread in (*clients, reader):
                thread.join(timeout=30)
        self.finish()
        print(f"{sum(self.kinds_of_kill.values())} kills {dict(self.kinds_of_kill)}, "
              f"{sum(self.calls.complete.values())} calls seen complete, "
              f"{len(self.journal.ids)} lines {dict(self.journal.outcomes)}, "
              f"{len(self.was_open)} open at a kill, {time.monotonic() - started:.1f} s")

    def read_all_the_time(self, stop):
        """Each time makes the ledger commit what has been appended."""
        while not stop.is_set():
            try:
                with open(os.path.join(self.mountpoint, "usage/today.json"), "rb") as file:
                    file.read()
            except OSError:
                stop.wait(0.002)  # nobody is there to ask

    def kill_somehow(self):
        how = self.random.random()
        if how < 0.6:
            self.wait(RUN_SECONDS_MAX)
            self.kinds_of_kill["running"] += 1
        elif how < 0.9:
            self.kill()
            self.daemon = self.start(wait=False)
            self.wait(self.start_seconds * 1.2)
            self.kinds_of_kill["starting"] += 1
        else:
            self.daemon.process.send_signal(signal.SIGTERM)
            self.wait(RUN_SECONDS_MAX / 2)
            self.kinds_of_kill["ending"] += 1
        self.kill()

    def check(self, whole):
        complete = self.calls.seen_complete()
        total = json.loads(self.daemon.read("usage/total.json"))
        self.journal.read()
        for key, count in complete.items():
            outcomes = self.journal.by_key[key]
            self.assertGreaterEqual(outcomes.count("ok"), count, (key, outcomes))
        for key, outcomes in self.journal.by_key.items():
            self.assertLessEqual(len(outcomes), self.calls.known(key), (key, outcomes))
        # Each call that was open has its line; that it has one only is known from the ids.
        self.assertLessEqual(self.left_open, self.journal.ids)
        self.was_open |= self.left_open
        self.left_open = set()
        self.assertLessEqual(self.journal.outcomes["interrupted"], len(self.was_open))
        self.check_figures(total)
        self.check_mount(whole)

    def check_figures(self, usage):
        self.journal.sum_up(usage["total"]["calls"])
        self.assertEqual(usage["total"], shown(self.journal.total, usage["total"]))
        services = collections.defaultdict(collections.Counter)
        for group in usage["groups"]:
            for name in ("calls", "errors", "prompt_tokens", "output_tokens", "request_bytes"):
                services[group["service"]][name] += group[name]
        for service, sums in services.items():
            self.assertEqual(sums, shown(self.journal.by_service[service], sums), service)

    def check_mount(self, whole):
        names = self.journal.segments()
        self.assertEqual(sorted(os.listdir(self.daemon.path("calls/day"))), sorted(names))
        for name in names:
            # All of it now and then, and each time what is new.
            begin = 0 if whole else max(0, self.journal.offsets[name] - 100_000)
            with open(self.daemon.path("calls/day", name), "rb") as mounted, \
                    open(os.path.join(self.journal.directory, name), "rb") as written:
                mounted.seek(begin)
                written.seek(begin)
                seen = mounted.read()
                self.assertTrue(written.read().startswith(seen), name)
                self.assertGreaterEqual(begin + len(seen), self.journal.offsets[name])

    def finish(self):
        """At rest all of it is the same everywhere, and stays so over a clean end."""
        before = None
        for _ in range(2):
            self.check(whole=True)
            total = json.loads(self.daemon.read("usage/total.json"))
            self.assertEqual(total["total"]["calls"], len(self.journal.ids))
            self.assertIn(before, (None, total))
            before = total
            self.assertEqual(self.daemon.end(), 0)
            self.daemon = self.start()
        if CYCLES >= 50:
            # The kills did hit calls, and calls did end.
            self.assertGreater(self.journal.outcomes["interrupted"], 0)
            self.assertGreater(sum(self.calls.complete.values()), CYCLES * 5)


if __name__ == "__main__":
    unittest.main()
