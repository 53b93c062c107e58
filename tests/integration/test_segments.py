"""Segments that a power cut, a disk or a person has changed while the daemon was stopped: whole
lines are counted, what cannot be read is said, and what is in the way is named."""
import os
import stat
import subprocess
import unittest

from stored import StoredCase
from support import BINARIES, post
from test_bad_input import fails
from test_first_light import chat

PAGE = 4096


class Segments(StoredCase):
    def setUp(self):
        super().setUp()
        self.stop()
        self.name = self.segments()[-1]
        self.path = os.path.join(self.journal, self.name)
        with open(self.path, "rb") as file:
            self.whole = file.read()

    def start_on(self, content, with_ledger=False):
        """The daemon on a newest segment with these bytes. A ledger of before has counted its lines
        while they were whole, so most tests let them be read again."""
        with open(self.path, "wb") as file:
            file.write(content)
        if not with_ledger:
            self.remove_ledger()
        self.daemon = self.start()

    def check_copies(self):
        """A backup of the whole mount goes through, and what is shown is text."""
        tar = subprocess.run(["tar", "cf", "-", "-C", self.mountpoint, "."], check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        self.assertEqual((tar.returncode, tar.stderr), (0, b""))
        for name in ("status.txt", "status.json", "usage/today.txt", "usage/total.json",
                     "usage/total.csv", "usage/today.csv", "usage/days.csv", "metrics"):
            with open(self.daemon.path(name), "rb") as file:
                content = file.read()
            self.assertEqual(content.decode(errors="replace").encode(), content, name)

    def test_a_cut_segment_keeps_every_whole_line_and_says_what_was_cut(self):
        lines = self.whole.splitlines(keepends=True)
        begin = len(self.whole) - len(lines[-1]) - len(lines[-2])
        kept = b""
        # Each byte is cut in the tests of the journal: here are both ends of lines, and between.
        for cut in (begin + 1, len(self.whole) - len(lines[-1]), len(self.whole) - 1):
            self.start_on(self.whole[:cut], with_ledger=True)
            tail = self.whole[self.whole.rfind(b"\n", 0, cut) + 1:cut]
            self.assertEqual(len(self.check_figures()), self.whole.count(b"\n", 0, cut))
            self.assertEqual(self.status()["journal"]["torn_bytes_cut"], len(tail))
            if tail:
                kept += tail + b"\n"
                self.assertIn("ended in the middle of a line", self.daemon.stderr())
                self.assertIn("a torn line is kept", self.daemon.read("status.txt"))
                with open(self.path + ".torn", "rb") as file:
                    self.assertEqual(file.read(), kept)
            self.assertEqual(post(self.daemon.proxy, "/as/next/api/chat", chat("hello"))[0], 200)
            self.assertEqual(self.check_figures()[-1]["service"], "next")
            self.stop()

    def test_zeros_of_a_power_cut_cost_the_lines_they_lie_on(self):
        middle = bytearray(self.whole)
        middle[PAGE:2 * PAGE] = bytes(PAGE)
        for content in (bytes(middle), self.whole + bytes(PAGE), bytes(middle) + bytes(3 * PAGE)):
            self.start_on(content)
            calls = self.check_figures()
            self.assertEqual(None in calls, content.startswith(bytes(middle)))
            self.check_copies()
            self.stop()

    def test_changed_bytes_cost_their_line_also_in_a_name(self):
        for old, new in ((b'{"v":1', b'\xfb"v":1'), (b'"time":"2', b'"time":"\xb2'),
                         (b'"outcome":', b'"outcom\xe5":'), (b"}\n", b"}\x8a"),
                         (b'"service":"agent"', b'"service":"age\xeet"'),
                         (b'"model":"llama', b'"model":"\xc3\x28lama'),
                         (b'"endpoint":"/api/chat"', b'"endpoint":"/api/\xffhat"')):
            self.start_on(self.whole.replace(old, new, 1))
            self.check_figures()
            self.check_copies()
            self.stop()

    def test_lines_that_are_no_calls_are_passed_over_and_counted(self):
        lines = self.whole.splitlines(keepends=True)
        for strange in (b"\n", b"x" * 100_000 + b"\n", b"\xff\xfe\x00\n", b"[]\n", b'{"v":1}\n',
                        b"[" * 20_000 + b"\n", lines[0][:-2] + b" " * 20_000 + b"}\n"):
            self.start_on(lines[0] + strange + b"".join(lines[1:]))
            self.check_figures()
            self.check_copies()
            self.stop()

    def test_days_that_are_missing_empty_or_torn_are_days_without_those_lines(self):
        older = {"2026-01-01.jsonl": self.whole, "2026-01-02.jsonl": b"",
                 "2026-01-04.jsonl": b"torn", "2026-01-05.jsonl": self.whole[:-3],
                 "2026-01-05.2.jsonl": self.whole, "2026-01-06.jsonl": bytes(PAGE)}
        for name, content in older.items():
            with open(os.path.join(self.journal, name), "wb") as file:
                file.write(content)
        # Other names are not segments, and are left alone.
        for name in ("notes.txt", "2026-01-01.jsonl.bak", "2026-01-01.1.jsonl", "2026-02-30.jsonl"):
            with open(os.path.join(self.journal, name), "wb") as file:
                file.write(self.whole)
        self.remove_ledger()
        self.daemon = self.start()
        log = self.daemon.stderr()
        for name in ("notes.txt", "2026-01-01.jsonl.bak", "2026-01-01.1.jsonl", "2026-02-30.jsonl"):
            self.assertIn(f"{name} is no segment", log)
            os.remove(os.path.join(self.journal, name))
        self.check_figures()
        self.assertEqual(sorted(os.listdir(self.daemon.path("calls/day"))),
                         sorted([*older, self.name]))
        torn = 4 + len(self.whole) - 3 - self.whole.rfind(b"\n", 0, -3) - 1 + PAGE
        self.assertEqual(self.status()["journal"]["torn_bytes_left"], torn)
        for name in ("2026-01-04", "2026-01-05", "2026-01-06"):
            self.assertIn(f"{name}.jsonl ends in the middle of a line", log)
        self.check_copies()

    def test_what_is_in_a_segments_place_is_named_with_what_to_do(self):
        path = os.path.join(self.journal, "2026-01-01.jsonl")
        for put in (os.mkdir, os.mkfifo, lambda at: os.symlink("/no/such/file", at)):
            put(path)
            said = fails(self, 1, "--state", self.state, "--listen", "127.0.0.1:0", "--admin",
                         "127.0.0.1:0", self.mountpoint)
            self.assertIn(path, said)
            self.assertIn("move it out of the directory", said)
            os.rmdir(path) if os.path.isdir(path) else os.remove(path)
        self.daemon = self.start()
        self.check_figures()

    def test_a_torn_line_stays_where_it_is_if_the_file_to_keep_it_cannot_be_written(self):
        os.mkdir(self.path + ".torn")
        self.start_on(self.whole + b"torn")
        self.assertIn(self.path + ".torn", self.daemon.stderr())
        self.assertEqual(post(self.daemon.proxy, "/as/next/api/chat", chat("hello"))[0], 200)
        self.assertEqual(self.check_figures()[-1]["service"], "next")
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), self.whole + b"torn")
        self.assertEqual(self.status()["journal"]["torn_bytes_left"], 4)


class Modes(StoredCase):
    def wrong_modes(self):
        """Everything in the state directory that somebody else might read."""
        wrong = {}
        for folder, folders, files in os.walk(self.state):
            for path in [os.path.join(folder, name) for name in folders + files] + [self.state]:
                mode = stat.S_IMODE(os.stat(path).st_mode)
                if mode != (0o700 if os.path.isdir(path) else 0o600):
                    wrong[path] = oct(mode)
        return wrong

    def test_nobody_else_may_read_what_is_in_the_state_directory(self):
        before = os.umask(0)  # the daemon does not rely on who starts it
        self.addCleanup(os.umask, before)
        self.assertEqual(self.daemon.end(), 0)
        self.state += "/new/below"
        self.journal = os.path.join(self.state, "journal/calls")
        self.daemon = self.start()
        post(self.daemon.proxy, "/api/chat", chat("hello"))
        self.total()
        self.assertIn("ledger.sqlite-wal", os.listdir(self.state))
        self.assertEqual(self.wrong_modes(), {})
        self.stop()
        with open(os.path.join(self.journal, self.segments()[-1]), "ab") as file:
            file.write(b"torn")
        subprocess.run([f"{BINARIES}/tallyfs", "rebuild", "--state", self.state], check=True,
                       capture_output=True)
        self.assertIn(self.segments()[-1] + ".torn", os.listdir(self.journal))
        self.assertEqual(self.wrong_modes(), {})


if __name__ == "__main__":
    unittest.main()
