"""A disk without room below the state directory: the proxy serves, what cannot be recorded is counted
and shown, and once there is room all of it goes on by itself."""
import errno
import json
import os
import re
import subprocess
import unittest

from support import BINARIES, MountCase, get, post, wait_until
from test_first_light import chat, expected

CONFIGURATION = """
[proxy]
connections_max = 64
on_journal_failure = "%s"
"""


class FullDisk(MountCase):
    on_journal_failure = "continue"

    def start(self, *more, **keywords):
        if not os.path.exists(self.state):
            self.mount_small_disk()
        return super().start("--config", self.configuration, *more, **keywords)

    def mount_small_disk(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        os.mkdir(self.state)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self.state],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest("cannot mount a small tmpfs: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.state], check=False)
        self.configuration = os.path.join(self.directory, "tallyfs.toml")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION % self.on_journal_failure)

    def fill(self, but=0):
        """Takes all room, but for as many bytes as are left at least."""
        with open(os.path.join(self.state, "ballast"), "ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"\0" * 4096)
            except OSError as error:
                self.assertEqual(error.errno, errno.ENOSPC)
            if but:
                ballast.truncate(ballast.tell() // 4096 * 4096 - but)

    def make_room(self):
        os.remove(os.path.join(self.state, "ballast"))

    def call(self, text):
        status, body = post(self.daemon.proxy, "/as/writer/api/chat", chat(text, stream=False))
        if status == 200:
            self.assertTrue(json.loads(body)["done"])
        return status

    def status(self):
        return json.loads(self.daemon.read("status.json"))

    def call_until_one_is_lost(self):
        count = 0
        while self.status()["journal"]["lines_lost"] == 0:
            self.assertEqual(self.call(f"call {count}"), 200)
            count += 1
        return count

    def check_figures(self):
        calls = self.daemon.calls()
        total = json.loads(self.daemon.read("usage/total.json"))["total"]
        self.assertEqual(total, expected(calls, total))
        return calls

    def can_read_usage(self):
        try:
            self.daemon.read("usage/total.json")
            return True
        except OSError as error:
            self.assertEqual(error.errno, errno.EAGAIN)
            return False


class Continue(FullDisk):
    def test_calls_go_on_are_counted_and_are_recorded_again_once_there_is_room(self):
        for i in range(20):
            self.call(f"before {i}")
        self.fill()
        made = 20 + self.call_until_one_is_lost()
        for i in range(10):
            self.assertEqual(self.call(f"full {i}"), 200)
        made += 10
        lost = self.status()["journal"]["lines_lost"]
        self.assertEqual(self.status()["proxy"]["calls_unrecorded"], lost)
        told = re.compile(rf"look +journal +{lost} calls? since the start could not be")
        wait_until(lambda: told.search(self.daemon.read("status.txt")))  # as of the last tick
        text = self.daemon.read("status.txt")
        self.assertIn("FAIL  not all written", text)
        self.assertIn("No space left on device", text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        _, metrics = get(self.daemon.admin, "/metrics")
        self.assertIn(b"tallyfs_journal_failing 1", metrics)
        self.assertIn(f"tallyfs_calls_unrecorded_total {lost}".encode(), metrics)
        self.assertEqual(len(self.daemon.calls()), made - lost)

        self.make_room()
        self.assertEqual(self.call("room again"), 200)
        self.assertFalse(self.status()["journal"]["failing"])
        wait_until(self.can_read_usage)
        self.assertEqual(len(self.check_figures()), made - lost + 1)
        self.assertEqual(os.listdir(self.daemon.path("calls/day")), [self.day()])
        self.assertLess(len(self.daemon.stderr().splitlines()), 30)
        self.assertEqual(self.daemon.end(), 0)
        self.daemon = self.start()
        self.assertEqual(len(self.check_figures()), made - lost + 1)

    def day(self):
        return os.path.basename(os.readlink(self.daemon.path("calls/today.jsonl")))

    def test_a_ledger_without_room_follows_again_without_a_restart(self):
        self.call("before")
        # The journal needs a page now and then, a commit of the ledger many at once.
        self.fill(but=8192)
        wait_until(lambda: self.call("more") == 200 and self.status()["ledger"]["error"])
        self.assertIn("full", self.status()["ledger"]["error"])
        self.assertIn("mend     ledger", self.daemon.read("status.txt"))
        self.assertFalse(self.can_read_usage())
        self.make_room()
        wait_until(self.can_read_usage)
        lost = self.status()["journal"]["lines_lost"]
        self.assertGreater(len(self.check_figures()), 1)
        self.assertIsNone(self.status()["ledger"]["error"])
        self.assertEqual(self.status()["journal"]["lines_lost"], lost)

    def test_a_start_on_a_full_disk_serves_and_records_once_there_is_room(self):
        for i in range(5):
            self.call(f"before {i}")
        self.assertEqual(self.daemon.end(), 0)
        self.fill()
        self.daemon = self.start()
        made = 5 + self.call_until_one_is_lost()
        lost = self.status()["journal"]["lines_lost"]
        self.make_room()
        self.call("room again")
        wait_until(self.can_read_usage)
        self.assertEqual(len(self.check_figures()), made - lost + 1)

    def test_a_ledger_that_is_gone_is_made_anew_once_there_is_room(self):
        for i in range(5):
            self.call(f"before {i}")
        self.assertEqual(self.daemon.end(), 0)
        os.remove(os.path.join(self.state, "ledger.sqlite"))
        self.fill()
        self.daemon = self.start()
        self.assertIn("mend     ledger", self.daemon.read("status.txt"))
        self.assertFalse(self.can_read_usage())
        self.assertEqual(self.call("served"), 200)
        self.make_room()
        wait_until(self.can_read_usage)
        lost = self.status()["journal"]["lines_lost"]
        self.assertEqual(len(self.check_figures()), 6 - lost)

    def test_a_first_start_without_room_says_what_it_needs(self):
        self.assertEqual(self.daemon.end(), 0)
        for name in os.listdir(self.state):
            path = os.path.join(self.state, name)
            subprocess.run(["rm", "-rf", path], check=True)
        self.fill()
        done = subprocess.run([f"{BINARIES}/tallyfs", "--state", self.state, "--listen",
                               "127.0.0.1:0", "--admin", "127.0.0.1:0", self.mountpoint],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left on device", done.stderr)
        self.assertIn(self.state, done.stderr)


class Refuse(FullDisk):
    on_journal_failure = "refuse"

    def test_calls_are_refused_until_they_can_be_recorded(self):
        self.call("before")
        self.fill()
        made = 1 + self.call_until_one_is_lost()
        status, body = post(self.daemon.proxy, "/as/writer/v1/chat/completions", chat("refused"))
        self.assertEqual(status, 503)
        self.assertIn("cannot be recorded", json.loads(body)["error"]["message"])
        lost = self.status()["journal"]["lines_lost"]
        self.assertEqual(lost, 2)
        self.make_room()
        refused = 0
        while self.call("room again") == 503:
            refused += 1
        self.assertLessEqual(refused, 1)
        wait_until(self.can_read_usage)
        calls = self.check_figures()
        self.assertEqual([c["outcome"] for c in calls],
                         ["ok"] * (made - 1) + ["refused"] * refused + ["ok"])


if __name__ == "__main__":
    unittest.main()
