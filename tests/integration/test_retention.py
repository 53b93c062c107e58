"""Days of calls deleted by a setting, with the real daemon: every figure stays, whatever is killed
or deleted meanwhile."""
import errno
import json
import os
import shutil
import signal
import subprocess
import unittest
import uuid

from stored import StoredCase, readable
from support import BINARIES, post, wait_until
from test_control import shell
from test_first_light import expected

DAYS = ("2026-01-02", "2026-01-03", "2026-01-05", "2026-01-06")
CALLS = 300


class Retention(StoredCase):
    def setUp(self):
        super().setUp()
        self.stop()
        self.rollups = os.path.join(self.state, "journal/rollups")
        self.ids = {}
        pattern = [json.loads(line) for line in self.whole_lines()]
        for number, day in enumerate(DAYS):
            self.add_day(number, day, pattern)
        self.kept = [readable(line) for line in self.whole_lines()]
        self.remove_ledger()
        self.daemon = self.start()
        self.total()

    def add_day(self, number, day, pattern):
        with open(os.path.join(self.journal, f"{day}.jsonl"), "w", encoding="utf-8") as file:
            for i in range(CALLS):
                call = dict(pattern[i % len(pattern)])
                call["id"] = str(uuid.UUID(int=(1767312000000 + number * 86400000 + i) << 80 |
                                           7 << 76 | 2 << 62 | i))
                call["time"] = f"{day}T{i * 24 // CALLS:02}:{i % 60:02}:00.000000Z"
                call["service"] = f"old-{number}" if i % 3 == 0 else call["service"]
                file.write(json.dumps(call, separators=(",", ":")) + "\n")
                self.ids[day] = call["id"]

    def set(self, days):
        done = shell(f"echo {days} > {self.daemon.path('control/retention_calls_days')}")
        self.assertEqual(done.returncode, 0, done.stderr)

    def old_segments(self):
        return [name for name in self.segments() if name[:10] in DAYS]

    def kill(self):
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()
        self.daemon.process.stdout.close()

    def usage(self, all_files=False):
        """Every file of usage/ by its name, but those that show the moment; without those that
        point to single calls, unless asked for."""
        files = {}
        top = self.daemon.path("usage")
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), top)
                pointing = name in ("cold-starts.csv", "swaps.csv", "duplicates.csv",
                                    "rollups.jsonl")
                if name == "budgets.txt" or (pointing and not all_files):
                    continue
                with open(os.path.join(folder, name), "rb") as file:
                    files[path] = file.read()
        return files

    def actions(self, event):
        lines = self.daemon.read("actions/today.jsonl").splitlines()
        return [line for line in map(json.loads, lines) if line["event"] == event]

    def check_figures_of_all(self):
        total = self.total()
        self.assertEqual(total, expected(self.kept, total))

    def deleted(self):
        self.set(30)
        wait_until(lambda: not self.old_segments() and len(os.listdir(self.rollups)) == len(DAYS))

    def test_old_days_go_and_every_figure_stays_byte_for_byte(self):
        before = self.usage()
        self.assertIn(f"day/{DAYS[0]}.csv", before)
        self.assertIn("services/old-1/total.json", before)
        by_id = self.daemon.path("calls/by-id", self.ids[DAYS[0]], "call.json")
        with open(by_id, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["id"], self.ids[DAYS[0]])
        with open(self.daemon.path(f"calls/day/{DAYS[0]}.jsonl"), "rb") as held:
            first = held.read(100)
            self.deleted()
            self.assertEqual(len((first + held.read()).splitlines()), CALLS)
        wait_until(lambda: DAYS[0] + ".jsonl" not in os.listdir(self.daemon.path("calls/day")))
        for gone in (f"calls/day/{DAYS[0]}.jsonl", f"calls/by-id/{self.ids[DAYS[0]]}"):
            # The kernel knows a name for a second.
            wait_until(lambda name=gone: not os.path.exists(self.daemon.path(name)))
            with self.assertRaises(OSError) as refused:
                os.stat(self.daemon.path(gone))
            self.assertEqual(refused.exception.errno, errno.ENOENT, gone)
        self.assertEqual(self.usage(), before)
        self.check_figures_of_all()
        wait_until(lambda: len(self.actions("calls.deleted")) == len(DAYS))
        detail = self.actions("calls.deleted")[0]["detail"]
        self.assertEqual((detail["day"], detail["lines"], detail["kept_days"]),
                         (DAYS[0], CALLS, 30))
        lines = self.daemon.read("usage/rollups.jsonl").splitlines()
        self.assertEqual([line["day"] for line in map(json.loads, lines) if line["kind"] == "end"],
                         list(DAYS))
        quarters = [line for line in map(json.loads, lines) if line["kind"] == "quarter_hour"]
        self.assertEqual(sum(line["calls"] for line in quarters), CALLS * len(DAYS))

    def test_a_ledger_made_anew_shows_the_same_bytes(self):
        self.usage(all_files=True)
        self.deleted()
        lived = self.usage(all_files=True)
        self.stop()
        self.remove_ledger()
        self.daemon = self.start()
        self.total()
        self.assertEqual(self.usage(all_files=True), lived)
        self.stop()
        done = subprocess.run([os.path.join(BINARIES, "tallyfs"), "rebuild", "--state", self.state],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{len(DAYS)} days from their rollups", done.stdout)
        self.daemon = self.start()
        self.assertNotIn("rebuilt", self.daemon.stderr())
        self.assertEqual(self.usage(all_files=True), lived)
        self.check_figures_of_all()

    def test_killed_in_between_nothing_is_doubled_or_lost(self):
        before = self.usage()
        self.set(30)
        for rolled in range(1, len(DAYS)):
            # Somewhere between two days, or within one.
            wait_until(lambda count=rolled: len(os.listdir(self.rollups)) >= count
                       if os.path.isdir(self.rollups) else False)
            self.kill()
            self.daemon = self.start()
            self.check_figures_of_all()
        wait_until(lambda: not self.old_segments())
        self.assertEqual(self.usage(), before)
        self.kill()
        self.remove_ledger()
        self.daemon = self.start()
        self.check_figures_of_all()
        self.assertEqual(self.usage(), before)
        self.assertEqual({one["subject"] for one in self.actions("calls.deleted")}, set(DAYS))

    def test_a_damaged_rollup_is_said_with_its_place(self):
        self.deleted()
        self.stop()
        path = os.path.join(self.rollups, f"{DAYS[1]}.jsonl")
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
        shutil.copy(path, path + ".copy")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(lines[:-1])
        where = f"{DAYS[1]}.jsonl line {len(lines)}: the end is missing"
        self.daemon = self.start()
        wait_until(lambda: where in self.daemon.read("status.json"))
        self.check_figures_of_all()  # the ledger has them still
        self.stop()
        self.remove_ledger()
        self.daemon = self.start()
        total = self.total()
        rest = [call for call in self.kept if not call["time"].startswith(DAYS[1])]
        self.assertEqual(total, expected(rest, total))
        self.assertIn(where, self.daemon.read("status.json"))
        self.assertIn(f"  mend     rollups            {where[:40]}", self.daemon.read("status.txt"))
        self.assertIn(f"the figures of {DAYS[1]} are missing", self.daemon.stderr())
        self.stop()
        os.rename(path + ".copy", path)
        self.daemon = self.start()
        self.check_figures_of_all()
        self.assertNotIn("rollups", [one["who"] for one in self.status()["needs_you"]])

    def test_reading_the_mount_meanwhile_never_fails(self):
        self.set(30)
        while self.old_segments():
            found = shell(f"find {self.daemon.path('.')} -type f -newermt 2000-01-01 > /dev/null")
            self.assertEqual(found.returncode, 0, found.stderr)
            copied = subprocess.run(["rsync", "-a", "--exclude=/calls/captures",
                                     self.daemon.path(".") + "/",
                                     os.path.join(self.directory, "backup")],
                                    capture_output=True, text=True, check=False)
            self.assertIn(copied.returncode, (0, 24), copied.stderr)
        self.check_figures_of_all()

    def test_one_day_is_too_little_and_said_so(self):
        refused = shell(f"echo 1 > {self.daemon.path('control/retention_calls_days')}")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("from 2 to 36500", self.daemon.read("control/last_error"))
        self.assertEqual(len(self.old_segments()), len(DAYS))


class Limit(StoredCase):
    standin_options = ()

    def limit(self, text):
        return shell(f"echo {text} > {self.daemon.path('control/state_bytes_max')}")

    def state_of(self):
        return json.loads(self.daemon.read("status.json"))

    def events(self):
        lines = map(json.loads, self.daemon.read("actions/today.jsonl").splitlines())
        return [(line["event"], line["detail"].get("percent")) for line in lines
                if line["event"].startswith("state.")]

    def capture_one(self):
        self.assertEqual(post(self.daemon.proxy, "/api/generate",
                              {"model": "llama3.2", "stream": False, "prompt": "x"})[0], 200)

    def test_a_state_directory_that_grows_is_told_of_once_and_takes_no_captures(self):
        shell(f"echo full > {self.daemon.path('control/capture')}")
        self.capture_one()
        wait_until(lambda: self.state_of()["captures"]["kept"] == 1)
        self.stop()
        with open(os.path.join(self.state, "captures", "ballast"), "wb") as file:
            file.write(os.urandom(2_000_000))
        os.makedirs(os.path.join(self.state, "captures", "2026-01-01", "x"))
        shutil.move(os.path.join(self.state, "captures", "ballast"),
                    os.path.join(self.state, "captures", "2026-01-01", "x", "response.json"))
        self.daemon = self.start()
        wait_until(lambda: self.state_of()["state"]["captures_bytes"] > 2_000_000)
        self.assertEqual(self.state_of()["state"]["limit_bytes"], 0)
        for wrong in ("ten", "-1", "5", "1.5G", "1X", "99999999999999999999T", "1 G G"):
            self.assertNotEqual(self.limit(wrong).returncode, 0, wrong)
        self.assertEqual(self.limit("1M").returncode, 0)
        wait_until(lambda: self.events() == [("state.warned", 100)])
        wait_until(lambda: "of state_bytes_max" in self.daemon.read("status.txt"))
        self.capture_one()
        wait_until(lambda: self.state_of()["captures"]["dropped"] == 1)
        self.assertEqual(self.daemon.calls()[-1]["outcome"], "ok")
        self.stop()
        self.daemon = self.start()
        wait_until(lambda: "of state_bytes_max" in self.daemon.read("status.txt"))
        self.assertEqual(self.events(), [("state.warned", 100)])
        used = self.state_of()["state"]
        total = sum(used[name] for name in ("journal_bytes", "ledger_bytes", "captures_bytes",
                                            "databases_bytes"))
        self.assertEqual(self.limit(f"{total * 100 // 85}").returncode, 0)
        wait_until(lambda: "85 % of" in self.daemon.read("status.txt") or
                   "84 % of" in self.daemon.read("status.txt"))
        self.assertEqual(self.limit("1G").returncode, 0)
        wait_until(lambda: self.events()[-1] == ("state.eased", 0))
        wait_until(lambda: "of state_bytes_max" not in self.daemon.read("status.txt"))
        self.capture_one()
        wait_until(lambda: self.state_of()["captures"]["kept"] == 1)


if __name__ == "__main__":
    unittest.main()
