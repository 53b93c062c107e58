"""The ledger's files deleted, damaged or exchanged while the daemon was stopped or killed: it
starts at once, says what it found, and shows the figures of the journal."""
import json
import os
import shutil
import signal
import sqlite3
import unittest
import uuid

from stored import StoredCase
from support import post, wait_until
from test_first_light import chat, some_of_everything

LINES_OF_A_LONG_REBUILD = 40_000


class LedgerFiles(StoredCase):
    def kill(self):
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()
        self.daemon.process.stdout.close()

    def overwrite(self, content):
        self.remove_ledger()
        with open(self.ledger, "wb") as file:
            file.write(content)

    def change(self, sql):
        """As another program would, which knows nothing of checksums."""
        connection = sqlite3.connect(self.ledger)
        connection.execute(sql)
        connection.commit()
        connection.close()

    def put_directory(self):
        self.remove_ledger()
        os.mkdir(self.ledger)
        with open(os.path.join(self.ledger, "kept"), "w", encoding="utf-8"):
            pass

    def put_other_database(self):
        self.remove_ledger()
        self.change("CREATE TABLE somebody(elses TEXT)")

    def check_rebuilt(self, reason):
        """Of a daemon that has just started."""
        said = f"the ledger is rebuilt from the journal: {reason}"
        self.assertIn(said, self.daemon.stderr())
        self.check_figures()
        wait_until(lambda: self.status()["ledger"]["rebuilt_reason"])
        self.assertIn(reason, self.status()["ledger"]["rebuilt_reason"])
        self.assertIn("look     ledger             was made anew: ", self.daemon.read("status.txt"))
        post(self.daemon.proxy, "/as/next/api/chat", chat("hello"))
        self.assertEqual(self.check_figures()[-1]["service"], "next")

    def test_whatever_was_done_to_it_it_is_made_anew_and_that_is_said(self):
        half = os.path.getsize(self.ledger) // 2
        cases = {
            "deleted": (self.remove_ledger, "there was none"),
            "cut in half": (lambda: os.truncate(self.ledger, half), "the file is damaged"),
            "emptied": (lambda: os.truncate(self.ledger, 0), "the file is not a ledger"),
            "cut to a few bytes": (lambda: os.truncate(self.ledger, 50), ""),
            "overwritten": (lambda: self.overwrite(os.urandom(100_000)), "the file is damaged"),
            "a text": (lambda: self.overwrite(b"not a ledger\n" * 1000), "the file is damaged"),
            "a directory": (self.put_directory, "the file cannot be used"),
            "a directory again": (self.put_directory, "the file cannot be used"),
            "another database": (self.put_other_database, "the file is "),
            "another version": (lambda: self.change("PRAGMA user_version = 3"), ""),
            "changed": (lambda: self.change("UPDATE names SET lines=lines+1"), ""),
        }
        for name, (damage, reason) in cases.items():
            with self.subTest(name):
                self.stop()
                damage()
                self.daemon = self.start()
                self.check_rebuilt(reason)
        for name in ("ledger.sqlite.aside", "ledger.sqlite.aside.2"):
            self.assertEqual(os.listdir(os.path.join(self.state, name)), ["kept"])
        self.stop()
        self.daemon = self.start()
        self.check_figures()
        self.assertNotIn("rebuilt", self.daemon.stderr())
        self.assertIsNone(self.status()["ledger"]["rebuilt_reason"])

    def test_without_its_wal_or_with_that_of_another_ledger_the_figures_are_right(self):
        wal = self.ledger + "-wal"
        self.total()
        self.kill()
        foreign = os.path.join(self.directory, "foreign-wal")
        shutil.copy(wal, foreign)
        os.remove(wal)  # of a ledger that had nothing in its file yet
        self.daemon = self.start()
        self.check_figures()
        self.stop()
        self.daemon = self.start()
        some_of_everything(self.daemon.proxy)
        self.total()
        self.kill()
        self.assertGreater(os.path.getsize(wal), 0)
        os.remove(wal)  # the file is that of the last clean end
        self.daemon = self.start()
        self.check_figures()
        some_of_everything(self.daemon.proxy)
        self.total()
        self.kill()
        shutil.copy(foreign, wal)
        self.daemon = self.start()
        self.check_figures()

    def test_a_long_rebuild_holds_up_neither_the_start_nor_a_call(self):
        self.stop()
        self.add_an_old_day()
        self.remove_ledger()
        self.daemon = self.start()
        self.assertEqual(post(self.daemon.proxy, "/as/next/api/chat", chat("hello"))[0], 200)
        text = self.daemon.read("status.txt")
        self.assertIn("made anew: there was none", text)
        ledger = self.status()["ledger"]
        if not ledger["rebuilding"]:
            self.assertEqual(ledger["bytes_behind"], 0)
        self.check_rebuilt("there was none")

    def add_an_old_day(self):
        calls = [json.loads(line) for line in self.whole_lines()]
        with open(os.path.join(self.journal, "2026-01-01.jsonl"), "w", encoding="utf-8") as file:
            for i in range(LINES_OF_A_LONG_REBUILD):
                call = calls[i % len(calls)]
                call["id"] = str(uuid.UUID(int=i << 80 | 7 << 76 | 2 << 62 | i))
                file.write(json.dumps(call, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    unittest.main()
