"""A made-up year is a state like any other: the same for the same seed, and summed up right."""
import collections
import json
import os
import subprocess
import unittest

from support import BINARIES, MountCase
from test_first_light import expected

CALLS = 2000
DAYS = 5
UNTIL = "2026-11-20T12:00:00Z"  # a Friday


def make_year(state, *more, until=UNTIL):
    return subprocess.run(
        [f"{BINARIES}/tallyfs-year", state, "--calls", str(CALLS), "--days", str(DAYS),
         "--services", "12", "--models", "5", "--until", until, "--zone", "UTC", "--quiet",
         *more], check=True, capture_output=True, text=True, timeout=60).stdout


class Year(MountCase):
    def start(self, *more, **keywords):
        make_year(self.state)
        return super().start(*more, **keywords)

    def lines(self, state=None):
        """The journal's lines by day."""
        directory = os.path.join(state or self.state, "journal/calls")
        days = {}
        for name in sorted(os.listdir(directory)):
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                lines = [json.loads(line) for line in file]
            if lines:  # the daemon has begun the day of its start
                days[name.split(".")[0]] = lines
        return days

    def test_its_figures_are_the_sums_over_its_lines(self):
        days = self.lines()
        self.assertEqual(list(days), [f"2026-11-{day}" for day in range(16, 21)])
        calls = [call for lines in days.values() for call in lines]
        self.assertEqual(len(calls), CALLS)
        self.check("usage/total.json", calls)
        for date, lines in days.items():
            self.check(f"usage/day/{date}.json", lines)
        for kind, field in (("services", "service"), ("models", "model")):
            names = collections.defaultdict(list)
            for call in calls:
                names[call[field]].append(call)
            self.assertGreater(len(names), 4)
            for name, lines in names.items():
                self.check(f"usage/{kind}/{name.replace('/', '%2F')}/total.json", lines)
        self.assertEqual(self.daemon.read("calls/day/2026-11-20.jsonl").count("\n"),
                         len(days["2026-11-20"]))

    def check(self, path, calls):
        got = json.loads(self.daemon.read(path))["total"]
        self.assertEqual(got, expected(calls, got), path)

    def test_it_has_everything_that_real_traffic_has(self):
        calls = [call for lines in self.lines().values() for call in lines]

        def values(field):
            return collections.Counter(call[field] for call in calls)
        self.assertGreaterEqual(values("outcome").keys(),
                                {"ok", "client_gone", "upstream_error", "truncated"})
        self.assertGreaterEqual(len(values("endpoint")), 4)
        self.assertEqual(set(values("stream")), {True, False})
        self.assertGreater(values("cold_start")[True], 10)
        self.assertGreater(len(values("evicted_model")), 2)
        repeated = sum(count - 1 for count in values("prompt_hash").values())
        self.assertGreater(repeated, CALLS / 20)
        self.assertEqual(values("id").most_common(1)[0][1], 1)
        times = [call["time"] for call in calls]
        self.assertEqual(times, sorted(times))
        self.assertLess(times[-1], UNTIL)
        by_hour = collections.Counter(int(time[11:13]) for time in times
                                      if not time.startswith("2026-11-20"))
        self.assertGreater(by_hour[10], 3 * by_hour[4])

    def test_it_is_the_same_again_and_grows_by_the_days_that_are_missing(self):
        again = os.path.join(self.directory, "again")
        self.assertIn(f"made {CALLS} calls in {DAYS} days", make_year(again))
        days = self.lines()
        self.assertEqual(self.lines(again), days)
        self.assertIn(f"kept {DAYS} days", make_year(again))
        self.assertEqual(self.lines(again), days)
        made = make_year(again, until="2026-11-21T09:00:00Z")
        self.assertIn(f"kept {DAYS - 1} days", made)
        grown = self.lines(again)
        self.assertGreater(len(grown.pop("2026-11-21")), 50)
        self.assertEqual(grown, days)
        other = os.path.join(self.directory, "other")
        make_year(other, "--seed", "2")
        self.assertNotEqual(self.lines(other), days)


if __name__ == "__main__":
    unittest.main()
