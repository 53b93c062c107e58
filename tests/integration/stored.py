"""What stands in a state directory, read and summed up without the daemon's code: what its views
must show after whatever happened to its files."""
import errno
import json
import os
import re

from support import MountCase, wait_until
from test_first_light import expected, some_of_everything

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
SAMPLE = "outcome"  # one field of many: a line without it is none of ours


def readable(line):
    """The call of a line, or None where no reader could tell what it says."""
    try:
        call = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(call, dict) or SAMPLE not in call or call.get("v") != 1:
        return None
    return call if TIME.fullmatch(call["time"]) else None


class StoredCase(MountCase):
    """A daemon with calls of every kind, whose files a test damages while it is stopped."""

    def setUp(self):
        super().setUp()
        some_of_everything(self.daemon.proxy)
        self.journal = os.path.join(self.state, "journal/calls")
        self.ledger = os.path.join(self.state, "ledger.sqlite")

    def stop(self):
        self.assertEqual(self.daemon.end(), 0)

    def remove_ledger(self):
        for name in ("ledger.sqlite", "ledger.sqlite-wal"):
            if os.path.exists(os.path.join(self.state, name)):
                os.remove(os.path.join(self.state, name))

    def segments(self):
        def order(name):
            part = name.split(".")[1]
            return name[:10], int(part) if part.isdigit() else 1
        return sorted((n for n in os.listdir(self.journal) if n.endswith(".jsonl")), key=order)

    def whole_lines(self):
        """Every complete line of every segment, as bytes."""
        lines = []
        for name in self.segments():
            with open(os.path.join(self.journal, name), "rb") as file:
                lines += file.read().split(b"\n")[:-1]
        return lines

    def total(self):
        """usage/total.json, once the ledger has caught up."""
        found = []

        def answered():
            try:
                found.append(json.loads(self.daemon.read("usage/total.json")))
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
            return found
        wait_until(answered)
        return found[0]["total"]

    def status(self):
        return json.loads(self.daemon.read("status.json"))

    def check_figures(self):
        """The views show what an independent sum over the lines on disk gives."""
        calls = [readable(line) for line in self.whole_lines()]
        total = self.total()
        self.assertEqual(total, expected([call for call in calls if call], total))
        unreadable = calls.count(None)
        wait_until(lambda: self.status()["ledger"]["unreadable_lines"] == unreadable)
        if unreadable:
            self.assertIn(f", {unreadable} unreadable", self.daemon.read("status.txt"))
            self.assertIn("cannot be read, between its bytes", self.daemon.stderr())
        return calls
