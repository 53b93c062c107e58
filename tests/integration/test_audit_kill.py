"""The daemon is killed again and again while a server writes its audit log, rotates it and comes
back: every record is in the stream once, and every window has one alert."""
import collections
import json
import os
import random
import signal
import threading
import time
import unittest

from support import MountCase, wait_until

KILLS = int(os.environ.get("TALLYFS_KILL_CYCLES", "12"))


class Writer(threading.Thread):
    """Writes records as a server does, from three sessions, until it is told to end; rotates."""

    def __init__(self, directory):
        super().__init__()
        self.directory = directory
        self.ended = threading.Event()
        self.count = 0
        self.lines = collections.Counter()
        self.file = None
        self.rotate()

    def rotate(self):
        if self.file is not None:
            self.file.close()
        self.file = open(f"{self.directory}/postgresql-{time.monotonic_ns()}.json", "ab", 0)

    def record(self):
        self.count += 1
        session = f"6b00dd29.{self.count % 3}"
        self.lines[session] += 1
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        # Some are noise: they are no events, and their lines are no gap.
        text = ("READ,SELECT,,,SELECT 1,<none>" if self.count % 5 == 0 else
                f"WRITE,DELETE,TABLE,public.t{self.count},DELETE FROM t{self.count},<none>")
        return json.dumps({
            "timestamp": f"{now}.000 UTC", "user": f"user_{self.count % 3}", "dbname": "app",
            "pid": self.count % 3 + 1, "remote_host": "[local]", "session_id": session,
            "line_num": self.lines[session], "ps": "DELETE", "error_severity": "LOG",
            "state_code": "00000", "message": f"AUDIT: SESSION,{self.count},1,{text}",
            "backend_type": "client backend"}).encode() + b"\n"

    def run(self):
        while not self.ended.is_set():
            line = self.record()
            middle = random.randrange(len(line))
            self.file.write(line[:middle])  # a reader can come between
            self.file.write(line[middle:])
            if self.count % 500 == 0:
                self.rotate()
            self.ended.wait(0.001)
        self.file.close()

    def objects(self):
        return sorted(f"public.t{i}" for i in range(1, self.count + 1) if i % 5)


class AuditKills(MountCase):
    def setUp(self):
        self.logs = None
        super().setUp()

    def start(self, *more, **keywords):
        if self.logs is None:
            self.logs = os.path.join(self.directory, "logs")
            os.mkdir(self.logs)
            with open(os.path.join(self.directory, "tallyfs.toml"), "w", encoding="utf-8") as file:
                file.write('[audit]\npeople = ["user_*"]\n[[audit_servers]]\ncluster = "dev/main"\n'
                           f'log = "{self.logs}/*.json"\nfrom_oldest = true\n')
        return super().start("--config", os.path.join(self.directory, "tallyfs.toml"), *more,
                             **keywords)

    def lines(self):
        found = []
        for name in sorted(os.listdir(self.daemon.path("audit/day"))):
            found += [json.loads(line) for line in
                      self.daemon.read("audit/day", name).splitlines()]
        return found

    def test_every_record_once_over_many_deaths(self):
        writer = Writer(self.logs)
        writer.start()
        try:
            for _ in range(KILLS):
                before = len(self.lines())
                wait_until(lambda: len(self.lines()) > before, 30)
                time.sleep(random.uniform(0, 0.3))  # anywhere in what a second does
                self.daemon.end(signal.SIGKILL)
                self.daemon = self.start()
        finally:
            writer.ended.set()
            writer.join()
        wanted = writer.objects()
        wait_until(lambda: len(self.lines()) >= len(wanted), 60)
        events = self.lines()
        objects = sorted(one["object"] or one["kind"] for one in events)
        twice = [name for name, count in collections.Counter(objects).items() if count > 1]
        self.assertEqual(twice, [])
        self.assertEqual(objects, wanted)
        self.assertEqual([one["n"] for one in events], list(range(1, len(events) + 1)))
        windows = collections.Counter()
        for name in os.listdir(self.daemon.path("audit/alerts/open")):
            alert = json.loads(self.daemon.read("audit/alerts/open", name, "alert.json"))
            if alert["rule"] != "blind":
                windows[alert["id"]] += 1
        self.assertEqual({count for count in windows.values()}, {1})
        self.assertEqual({one.split("|")[2] for one in windows}, {"user_0", "user_1", "user_2"})
        wait_until(lambda: self.noise() == writer.count - len(wanted), 30)

    def test_a_backlog_is_read_once_over_many_deaths(self):
        count = 120_000
        text = "x" * 300
        with open(f"{self.logs}/postgresql-1.json", "w", encoding="ascii") as file:
            for number in range(1, count + 1):
                file.write(json.dumps({
                    "timestamp": "2026-11-20 10:00:00.000 UTC", "user": "user_1", "dbname": "app",
                    "pid": 1, "session_id": "6b00dd29.1", "line_num": number, "ps": "DELETE",
                    "error_severity": "LOG", "state_code": "00000",
                    "message": f"AUDIT: SESSION,{number},1,WRITE,DELETE,TABLE,public.t{number},"
                               f"DELETE FROM t{number} -- {text},<none>",
                    "backend_type": "client backend"}) + "\n")
        for _ in range(KILLS):
            self.daemon.end(signal.SIGKILL)
            self.daemon = self.start()
            time.sleep(random.uniform(0, 1.3))  # what a second does comes in between, or not
        wait_until(lambda: len(self.lines()) >= count, 60)
        objects = collections.Counter(one["object"] or one["kind"] for one in self.lines())
        self.assertEqual(max(objects.values()), 1)
        self.assertEqual(len(objects), count)

    def noise(self):
        return sum(int(line.rsplit(",", 1)[1])
                   for line in self.daemon.read("audit/noise.csv").splitlines()[1:])


if __name__ == "__main__":
    unittest.main()
