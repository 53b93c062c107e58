"""scripts/bench goes on working: its rows are made, in seconds and from debug programs, so that
what they say means nothing; and it leaves nothing behind, also when it is interrupted."""
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import unittest

from support import BINARIES, can_mount, wait_until

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench/bench.py")
sys.path.insert(0, os.path.dirname(BENCH))
# What the proxy's rows need, and nothing that has to be made first.
ROWS = ("chunks", "requests", "requests-long", "memory", "lag")


def left_behind(directory):
    """Files, mounts and processes that name the directory."""
    found = os.listdir(directory)
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        found += [line for line in file if directory in line]
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", encoding="utf-8", errors="replace") as file:
                command = file.read()
        except OSError:
            continue  # it has just ended
        if directory in command:
            found.append(command)
    return found


@unittest.skipUnless(can_mount(), "no /dev/fuse or no fusermount3 here")
class Bench(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="tallyfs-test.")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def start(self, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-B", BENCH, "--binaries", BINARIES, *arguments], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": self.directory})

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def test_every_row_is_made_of_finite_numbers_and_nothing_is_left_behind(self):
        process = self.start("--smoke", "--json", "-", "--only", *ROWS)
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, errors)
        rows = json.loads(output)["rows"]
        titles = [row["what"] for row in rows]
        for part in ("added latency", "requests a second", "processor time", "memory", "lag"):
            self.assertTrue(any(part in title for title in titles), titles)
        compared = 0
        for row in rows:
            self.assertEqual(row["failed"], "")
            numbers = [row["value"]]
            if row["reference"] is not None:
                numbers += [row["reference"], row["ratio"]]
                compared += 1
            self.assertTrue(all(math.isfinite(number) for number in numbers), row)
            self.assertTrue(all(number > 0 for number in numbers) or "latency" in row["what"] or
                            "noise" in row["what"], row)
        if "no nginx here" in errors:
            print("\nskipped: the comparison with nginx, there is none here", file=sys.stderr)
        else:
            self.assertEqual(compared, 14)
        self.assertEqual(left_behind(self.directory), [])

    def test_the_rows_of_a_year_are_made_from_a_small_one(self):
        names = ("files", "start", "today", "rsync", "walks", "rebuild")
        process = self.start("--smoke", "--json", "-", "--only", *names)
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, errors)
        rows = json.loads(output)["rows"]
        titles = [row["what"] for row in rows]
        for part in ("closed day", "start to mounted", "usage/today.txt", "rsync -a", "find",
                     "grep -r", "rebuild"):
            self.assertTrue(any(part in title for title in titles), titles)
        for row in rows:
            self.assertEqual(row["failed"], "")
            self.assertTrue(math.isfinite(row["value"]) and row["value"] > 0, row)
        self.assertEqual(left_behind(self.directory), [])

    def test_an_interrupted_run_leaves_nothing_behind(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            process = self.start("--quick", "--only", "requests")
            wait_until(lambda: any("tallyfs.toml" in found for found in left_behind(self.directory)))
            process.send_signal(how)
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 130, errors)
            self.assertEqual(left_behind(self.directory), [])

    def test_a_row_that_fails_is_said_and_the_others_are_measured(self):
        broken = os.path.join(self.directory, "programs")
        os.mkdir(broken)
        for name in os.listdir(BINARIES):
            if name.startswith(("tallyfs", "bench_load")):
                os.symlink(os.path.join(BINARIES, name), os.path.join(broken, name))
        os.remove(os.path.join(broken, "tallyfs"))
        os.symlink("/bin/false", os.path.join(broken, "tallyfs"))
        process = self.start("--smoke", "--binaries", broken, "--only", "requests", "lag")
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn("requests: AssertionError", output)
        self.assertIn("lag: AssertionError", output)
        self.assertEqual(left_behind(self.directory), ["programs"])


class Budgets(unittest.TestCase):
    def test_a_budget_is_met_up_to_its_limit_and_within_noise_a_little_beyond(self):
        from results import at_least, at_most
        self.assertEqual([at_most(2).verdict(ratio) for ratio in (0.5, 2, 2.01, 2.15, 2.17)],
                         ["met", "met", "met within noise", "met within noise", "NOT MET"])
        self.assertEqual([at_least(1).verdict(ratio) for ratio in (1.5, 1, 0.99, 0.93, 0.91)],
                         ["met", "met", "met within noise", "met within noise", "NOT MET"])

    def test_a_budget_on_a_ratio_says_nothing_without_a_reference(self):
        from results import Result, at_most, compared
        rows = compared("latency", "s", [{"tallyfs": {"p50": 0.5}}], "p50", at_most(1))
        self.assertEqual([row.verdict() for row in rows], ["no reference"])
        self.assertEqual(Result("start", "ms", 299, budget=at_most(300), judged="value").verdict(),
                         "met")

    def test_a_ratio_is_the_middle_of_the_rounds_ratios(self):
        from results import compared
        rounds = [{"tallyfs": {"n": ours}, "nginx": {"n": theirs}, "again": {"n": theirs}}
                  for ours, theirs in ((1, 2), (30, 10), (10, 10))]
        ours, noise = compared("calls", "1/s", rounds, "n")
        self.assertEqual((ours.value, ours.reference, ours.ratio, noise.ratio), (10, 10, 1, 1))

    def test_rounds_alternate_their_order(self):
        from rounds import alternate
        order = []
        alternate({"a": "a", "b": "b"}, 3, order.append)
        self.assertEqual(order, ["a", "b", "b", "a", "a", "b"])


if __name__ == "__main__":
    unittest.main()
