"""Databases as directories: real servers, watched by the real daemon, read and mended in a shell."""
import csv
import glob
import io
import json
import os
import time
import unittest

from postgres import Cluster, binaries
from support import wait_until
from test_approvals import ANNA, NOBODY, PEOPLE, ApprovalCase, Shell

PLACE = "databases/dev/main/app"


class DatabasesCase(ApprovalCase):
    """One server with the database app, looked at every second."""
    settings = ()

    def setUp(self):
        if binaries() is None:
            self.skipTest("PostgreSQL 12 to 17 is not in /usr/lib/postgresql")
        self.cluster = Cluster(self, *self.settings)
        self.cluster.psql("CREATE DATABASE app")
        self.cluster.psql("CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor")
        self.configuration = PEOPLE + f"""
[[credentials]]
name = "monitor"
role = "monitor"

[[credentials]]
name = "mender"
role = "postgres"
hosts = ["127.0.0.1"]

[[databases]]
env = "dev"
cluster = "main"
database = "app"
host = "127.0.0.1"
port = {self.cluster.port}
credential = "monitor"
remedies_credential = "mender"
"""
        super().setUp()
        self.anna = Shell(ANNA)
        self.set("sample_seconds", 1)
        self.wait_for(f"{PLACE}/tables.csv", lambda text: text.count("\n") >= 1)

    def set(self, name, value):
        self.ok(self.anna(f"echo {value} > {self.daemon.path('control/health', name)}"))

    def ok(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def wait_for(self, name, condition, seconds_max=30):
        """Until the file exists and its text is as it should be."""
        def there():
            try:
                return condition(self.daemon.read(name))
            except FileNotFoundError:
                return False
        try:
            wait_until(there, seconds_max)
        except AssertionError:
            self.fail(f"{name} is still:\n{self.daemon.read(name)}")
        return self.daemon.read(name)

    def rows(self, name):
        return list(csv.DictReader(io.StringIO(self.daemon.read(name))))

    def findings(self, place=PLACE):
        return json.loads(self.daemon.read(f"{place}/findings.json"))["findings"]

    def finding(self, rule, seconds_max=30, place=PLACE):
        """Waits until there is one of this rule."""
        def there():
            return any(one["rule"] == rule for one in self.findings(place))
        try:
            wait_until(there, seconds_max)
        except AssertionError:
            self.fail(f"no {rule} in {self.findings(place)}")
        return next(one for one in self.findings(place) if one["rule"] == rule)

    def gone(self, rule, seconds_max=30):
        wait_until(lambda: not any(one["rule"] == rule for one in self.findings()), seconds_max)

    def snapshot(self, place=PLACE):
        self.ok(self.anna(f"echo now > {self.daemon.path(place, 'snapshot')}"))

    def pending(self, kind):
        pattern = self.daemon.path(f"approvals/pending/*-{kind}")
        wait_until(lambda: glob.glob(pattern), 90)
        return glob.glob(pattern)[0]

    def approve(self, directory):
        name = os.path.basename(directory)
        self.ok(self.anna(f"echo approve > {directory}/steps/1-owner/decision"))
        done = self.daemon.path("approvals/done", name, "result.json")
        wait_until(lambda: os.path.exists(done))
        with open(done, encoding="utf-8") as file:
            return json.load(file)


class Databases(DatabasesCase):
    def test_the_screens_show_the_database_and_what_is_wrong(self):
        status = self.wait_for("databases/status.txt", lambda text: "dev/main/app" in text)
        self.assertTrue(all(len(line) <= 80 for line in status.splitlines()), status)
        self.assertIn("DATABASES  ", self.daemon.read("status.txt"))
        self.assertEqual(json.loads(self.daemon.read("status.json"))["databases"]["watched"], 1)
        self.assertIn("tallyfs_databases_watched 1", self.daemon.read("metrics"))
        for name in os.listdir(self.daemon.path(PLACE)):
            path = self.daemon.path(PLACE, name)
            if os.path.isfile(path):
                with self.subTest(name), open(path, encoding="utf-8") as file:
                    self.assertNotEqual(file.read(), "")

    def test_tables_are_what_psql_says_at_the_same_time(self):
        self.cluster.psql("""CREATE TABLE orders (id int, note text) WITH
            (autovacuum_vacuum_scale_factor=0.05, autovacuum_enabled=false);
            INSERT INTO orders SELECT i, 'x' FROM generate_series(1, 5000) i;
            ANALYZE orders; DELETE FROM orders WHERE id <= 700""", "app")
        dead = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname='orders'"
        wait_until(lambda: self.cluster.psql(dead, "app") == "700")
        self.snapshot()
        path = self.daemon.path(PLACE, "snapshot")
        self.assertNotEqual(self.anna(f"echo soon > {path}").returncode, 0)
        self.assertIn("write now", self.ok(self.anna(
            f"cat {self.daemon.path('control/last_error')}")))
        orders = next(one for one in self.rows(f"{PLACE}/tables.csv") if one["table"] == "public.orders")
        self.assertEqual(orders["dead_rows"], "700")
        self.assertEqual(orders["live_rows"], self.cluster.psql(
            "SELECT n_live_tup FROM pg_stat_user_tables WHERE relname='orders'", "app"))
        # 50 + 0.05 * reltuples, as autovacuum reckons.
        self.assertEqual(float(orders["vacuum_at_dead_rows"]), 50 + 0.05 * 5000)

    def test_a_session_that_blocks_vacuum_is_found_and_ended_after_approval(self):
        self.set("idle_in_transaction_seconds", 1)
        self.cluster.psql("CREATE TABLE t (i int); CREATE ROLE clerk LOGIN; GRANT ALL ON t TO clerk",
                          "app")
        reader = self.cluster.session(self, "app")
        reader("BEGIN; SELECT 1;")
        writer = self.cluster.session(self, "app", "clerk")
        writer("BEGIN; INSERT INTO t VALUES (1);")
        def clerk():
            return next((one for one in self.findings() if one["rule"] == "idle_in_transaction"
                         and "clerk" in one["subject"]), None)
        wait_until(lambda: clerk() is not None)
        # One holds back vacuum, the other wastes a connection.
        self.assertIn("idle in transaction", clerk()["title"])
        others = [one for one in self.findings() if one["rule"] == "idle_in_transaction"
                  and "postgres@" in one["subject"]]
        self.assertEqual(len(others), 1, self.findings())
        self.assertNotEqual(others[0]["figures_text"], clerk()["figures_text"])
        pattern = self.daemon.path("approvals/pending/*-pg-terminate")
        wait_until(lambda: any("clerk" in open(f"{one}/evidence.md").read()
                               for one in glob.glob(pattern)), 90)
        request = next(one for one in glob.glob(pattern)
                       if "clerk" in open(f"{one}/evidence.md").read())
        with open(f"{request}/plan.sql", encoding="utf-8") as file:
            self.assertIn("pg_terminate_backend", file.read())
        result = self.approve(request)
        self.assertTrue(result["result"], result)
        self.assertEqual(self.cluster.psql(
            "SELECT count(*) FROM pg_stat_activity WHERE usename='clerk'"), "0")
        self.assertEqual(self.cluster.psql(
            "SELECT count(*) FROM pg_stat_activity WHERE state='idle in transaction'"), "1")

    def test_a_database_is_registered_in_the_shell_and_checked(self):
        self.cluster.psql("CREATE DATABASE second")
        new = self.daemon.path("databases/new/mine")
        text = ("env=dev cluster=main database=second host=127.0.0.1 "
                f"port={self.cluster.port} credential=monitor")
        refused = Shell(NOBODY)(f"echo '{text}' > {new}")
        self.assertNotEqual(refused.returncode, 0)
        self.ok(self.anna(f"echo '{text}' > {new}"))
        answer = ""
        deadline = time.monotonic() + 30
        while "version" not in answer and time.monotonic() < deadline:
            answer = self.ok(self.anna(f"cat {new}"))
        self.assertIn("reached", answer)
        self.wait_for("databases/dev/main/second/status.txt", lambda seen: "second" in seen)
        bad = self.anna(f"echo 'env=dev cluster=evil database=x host=evil.example "
                        f"credential=monitor' > {self.daemon.path('databases/new/other')}")
        self.assertNotEqual(bad.returncode, 0)
        self.assertIn("evil.example", self.ok(self.anna(
            f"cat {self.daemon.path('control/last_error')}")))

    def test_a_hung_server_is_said_and_holds_nobody_up(self):
        other = Cluster(self)
        self.ok(self.anna(f"echo 'env=qa cluster=other database=postgres host=127.0.0.1 "
                          f"port={other.port} credential=mender' > "
                          f"{self.daemon.path('databases/new/mine')}"))
        self.wait_for("databases/qa/other/postgres/status.txt", lambda text: "primary" in text)
        other.freeze()
        self.wait_for("databases/qa/other/status.txt",
                      lambda text: "not reached" in text.lower() or "no answer" in text.lower(), 60)
        began = time.monotonic()
        self.daemon.read("databases/status.txt")
        self.daemon.read(f"{PLACE}/status.txt")
        self.assertLess(time.monotonic() - began, 1)
        self.cluster.psql("CREATE TABLE while_hung (i int)", "app")
        self.snapshot()
        self.assertIn("while_hung", self.daemon.read(f"{PLACE}/tables.csv"))
        other.thaw()
        self.wait_for("databases/qa/other/status.txt",
                      lambda text: "not reached" not in text.lower(), 90)

    def test_findings_are_events_in_a_stream_and_known_after_a_restart(self):
        self.set("idle_in_transaction_seconds", 1)
        session = self.cluster.session(self, "app")
        session("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;")
        first = self.finding("idle_in_transaction")
        def opened():
            return [json.loads(line) for line in self.daemon.read("databases/today.jsonl").splitlines()
                    if '"finding.opened"' in line and '"idle_in_transaction"' in line]
        self.assertEqual(len(opened()), 1)
        self.daemon.end()
        self.daemon = self.start()
        self.wait_for("databases/status.txt", lambda text: "dev/main/app" in text)
        self.assertEqual(self.finding("idle_in_transaction")["since"], first["since"])
        self.assertEqual(len(opened()), 1)
        session("ROLLBACK;")
        self.gone("idle_in_transaction")
        wait_until(lambda: '"finding.closed"' in self.daemon.read("databases/today.jsonl"))


if __name__ == "__main__":
    unittest.main()
