"""The real daemon while its day turns, and killed in that moment. Its zone is one of the tests' own
under a known name, in which midnight is a second or two away (TZDIR: tzset(3)).

TALLYFS_MIDNIGHTS says how many of them it is killed at."""
import collections
import http.client
import json
import os
import random
import signal
import struct
import threading
import time
import unittest

from support import MountCase, post, wait_until
from test_first_light import chat, expected

MIDNIGHTS = int(os.environ.get("TALLYFS_MIDNIGHTS", "8"))
CLIENTS = 3
DAY_SECONDS = 86400
ZONE = "Europe/Berlin"


def write_zone(folder, midnight):
    """A zone of one offset, whose day turns at `midnight` in seconds since 1970: RFC 8536."""
    offset = -midnight % DAY_SECONDS
    block = struct.pack(">4sc15x6I", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
    block += struct.pack(">iBB4s", offset, 0, 0, b"TST")
    path = os.path.join(folder, ZONE)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(block + block + b"\n\n")


class Midnight(MountCase):
    def setUp(self):
        self.zones = None
        super().setUp()
        self.assertEqual(self.daemon.end(), 0)
        self.zones = os.path.join(self.directory, "zones")
        self.configuration = os.path.join(self.directory, "tallyfs.toml")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(f'day_zone = "{ZONE}"\n')
        self.complete = collections.Counter()
        self.stopping = threading.Event()

    def start(self, *more, **keywords):
        if self.zones is None:  # as every test does
            return super().start(*more, **keywords)
        return super().start("--config", self.configuration,
                             env={**os.environ, "TZDIR": self.zones}, **keywords)

    def begin_before_midnight(self):
        """A daemon with a state of its own, whose day turns in a second or two."""
        for seconds in (1, 2, 4, 8):
            midnight = int(time.time() + seconds) + 1
            write_zone(self.zones, midnight)
            self.state = os.path.join(self.directory, f"state-{midnight}")
            self.daemon = self.start()
            self.days = os.listdir(self.daemon.path("calls/day"))
            if time.time() < midnight - 0.5:
                self.assertEqual(len(self.days), 1)
                return midnight
            self.assertEqual(self.daemon.end(), 0)  # the start took too long
        raise AssertionError("this machine is too slow to be in time for midnight")

    def call_all_the_time(self, worker):
        while not self.stopping.is_set():
            try:
                status, body = post(self.daemon.proxy, f"/as/{worker}/api/chat", chat("hello"))
            except (OSError, http.client.HTTPException):
                return
            if status == 200 and b'"done":true' in body:
                self.complete[worker] += 1

    def start_clients(self):
        self.complete.clear()
        self.stopping.clear()
        clients = [threading.Thread(target=self.call_all_the_time, args=(f"client-{i}",))
                   for i in range(CLIENTS)]
        for client in clients:
            client.start()

        def stop():
            self.stopping.set()
            for client in clients:
                client.join()
        self.addCleanup(stop)
        return stop

    def by_day(self):
        """The calls of each segment, as the mount shows it."""
        days = {}
        for name in sorted(os.listdir(self.daemon.path("calls/day"))):
            lines = self.daemon.read("calls/day", name).splitlines()
            days[name.removesuffix(".jsonl")] = [json.loads(line) for line in lines]
        return days

    def check(self):
        """Each call is in one day, and all files agree on which."""
        days = self.by_day()
        calls = [call for of_day in days.values() for call in of_day]
        self.assertEqual(len({call["id"] for call in calls}), len(calls))
        recorded = collections.Counter(call["service"] for call in calls if call["outcome"] == "ok")
        for client, count in self.complete.items():
            self.assertGreaterEqual(recorded[client], count, client)
        for date, of_day in days.items():
            total = json.loads(self.daemon.read(f"usage/day/{date}.json"))["total"]
            self.assertEqual(total, expected(of_day, total), date)
        total = json.loads(self.daemon.read("usage/total.json"))["total"]
        self.assertEqual(total, expected(calls, total))
        self.assertEqual({name.split(".")[0] for name in os.listdir(self.daemon.path("usage/day"))},
                         set(days))
        today = max(days)
        self.assertEqual(os.readlink(self.daemon.path("calls/today.jsonl")), f"day/{today}.jsonl")
        for extension in ("txt", "json", "csv"):
            self.assertEqual(os.readlink(self.daemon.path(f"usage/today.{extension}")),
                             f"day/{today}.{extension}")
        return days

    def test_calls_go_on_over_midnight_and_each_is_in_the_day_in_which_it_ended(self):
        midnight = self.begin_before_midnight()
        stop = self.start_clients()
        wait_until(lambda: len(os.listdir(self.daemon.path("calls/day"))) == 2)
        turned = time.time()
        self.assertGreaterEqual(turned, midnight)
        after = self.complete.total()
        wait_until(lambda: self.complete.total() > after + 10)
        stop()
        before, behind = self.check().values()
        self.assertTrue(before and behind)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(midnight))
        self.assertLess(max(call["time"] for call in before), stamp)
        self.assertGreaterEqual(min(call["time"] for call in behind), stamp)

    def test_a_day_without_a_call_turns_by_itself(self):
        midnight = self.begin_before_midnight()
        wait_until(lambda: os.readlink(self.daemon.path("usage/today.txt")) !=
                   f"day/{self.days[0].removesuffix('.jsonl')}.txt")
        self.assertGreaterEqual(time.time(), midnight)
        self.assertEqual([len(calls) for calls in self.check().values()], [0, 0])

    def test_a_daemon_killed_while_its_day_turns_loses_no_call(self):
        randomness = random.Random()
        seed = randomness.randrange(1 << 32)
        randomness.seed(seed)
        print(f"{MIDNIGHTS} midnights, seed {seed}", flush=True)
        turned = 0
        for _ in range(MIDNIGHTS):
            midnight = self.begin_before_midnight()
            stop = self.start_clients()
            # Not for anything: a random moment around midnight is the point.
            threading.Event().wait(midnight + randomness.uniform(-0.01, 0.03) - time.time())
            self.daemon.process.send_signal(signal.SIGKILL)
            self.daemon.process.wait()
            self.daemon.process.stdout.close()
            stop()
            turned += len(os.listdir(os.path.join(self.state, "journal/calls"))) > 1
            self.daemon = self.start()
            self.assertNotIn("rebuilt", self.daemon.stderr())
            self.check()
            self.assertEqual(self.daemon.end(), 0)
        print(f"{turned} of {MIDNIGHTS} kills after the new day's segment was made")


if __name__ == "__main__":
    unittest.main()
