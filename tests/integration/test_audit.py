"""Who touched production data by hand: real servers with pgAudit, read by the real daemon."""
import json
import os
import signal
import subprocess
import unittest

from audited import AuditCase
from support import wait_until
from test_approvals import NOBODY, Shell

WORK = """
SELECT count(*) FROM orders;
INSERT INTO orders VALUES (2001, 'secret-value-1');
UPDATE orders SET who = 'secret-value-2' WHERE id = 1;
DELETE FROM orders WHERE id = 2;
/* pg_catalog DBeaver */ DELETE FROM orders WHERE id = 3;
WITH gone AS (DELETE FROM orders WHERE id = 4 RETURNING id) SELECT count(*) FROM gone;
"""
NOISE = ("SELECT 1", "SELECT version()", "SET extra_float_digits = 3", "SHOW search_path",
         "SELECT n.oid FROM pg_catalog.pg_namespace n", "BEGIN; COMMIT")


class Audit(AuditCase):
    def person_works(self):
        for statement in WORK.strip().splitlines():
            self.sql("jd", statement)
        for statement in NOISE:
            self.sql("jd", statement)
        self.sql("jd", "CREATE TABLE mine (i int)")
        self.sql("jd", "CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS "
                       "$$ DELETE FROM orders WHERE id = 5 $$")
        self.sql("jd", "SELECT wipe()")
        self.sql("jd", "DELETE FROM orders WHERE id > 500 AND id < 900")
        self.sql("jd", "COPY orders TO STDOUT")
        self.sql("jd", "TRUNCATE orders")
        self.sql("app_svc", "INSERT INTO orders SELECT i FROM generate_series(1, 500) i")
        self.sql("app_svc", "DELETE FROM orders")
        for _ in range(6):
            self.sql("ann_x", "SELECT * FROM secrets", check=False)

    def test_a_day_of_a_person_and_of_a_program(self):
        self.person_works()
        self.mark()
        jd = self.statements("jd")
        self.assertEqual([one["command"] for one in jd if one["class"] == "WRITE"].count(
            "DELETE"), 5, [one["statement"] for one in jd])
        for command in ("INSERT", "UPDATE", "TRUNCATE TABLE", "CREATE TABLE", "CREATE FUNCTION"):
            self.assertIn(command, [one["command"] for one in jd])
        self.assertEqual({one["trust"] for one in jd}, {"structured"})
        # Literals stay out of what is kept, and noise is counted.
        everything = json.dumps(self.audited())
        self.assertNotIn("secret-value", everything)
        for reason in ("catalog", "session", "health check"):
            wait_until(lambda: f",dev/main,{reason}," in self.daemon.read("audit/noise.csv"))
        self.assertNotIn("SELECT version()", everything)
        # A refused statement is an event with what it was refused for.
        denied = [one for one in self.audited() if one["sqlstate"] == "42501"]
        self.assertEqual(len(denied), 6)
        self.assertEqual({one["user"] for one in denied}, {"ann_x"})
        # Alerts: exactly those that the lines ask for, and these rules and users.
        self.alerts_become_those_expected()
        self.assertEqual(set(self.broken()) - {("blind", "")},
                         {("person-dml", "jd"), ("bulk-delete", "jd"), ("ddl", "jd"),
                          ("denied", "ann_x")})

    def test_an_alert_has_its_evidence_and_its_life(self):
        self.sql("jd", "DELETE FROM orders WHERE id = 7")
        wait_until(lambda: self.broken()[("person-dml", "jd")] == 1, 30)
        directory = next(name for name, one in self.alerts().items()
                         if one["rule"] == "person-dml")
        evidence = self.read(f"{directory}/evidence.jsonl").splitlines()
        self.assertEqual([json.loads(one)["object"] for one in evidence], ["public.orders"])
        self.assertIn("DELETE FROM orders WHERE id = ?", evidence[0])
        nobody = Shell(NOBODY)
        self.assertNotEqual(nobody(f"echo ack > {directory}/state").returncode, 0)
        self.assertNotEqual(self.anna(f"echo perhaps > {directory}/state").returncode, 0)
        self.assertIn("ack", self.why(self.anna))
        self.ok(self.anna(f"echo ack > {directory}/state"))
        self.assertIn("acknowledged by anna", self.read(f"{directory}/state"))
        self.ok(self.anna(f"echo 'close: restored, DB-123' > {directory}/state"))
        closed = self.alerts("closed")
        self.assertEqual([one["reason"] for one in closed.values()], ["restored, DB-123"])
        actions = self.daemon.read("actions/day", os.listdir(self.daemon.path("actions/day"))[0])
        for event in ("alert.opened", "alert.acknowledged", "alert.closed"):
            self.assertIn(f'"event":"{event}"', actions)

    def test_a_restart_loses_nothing_and_repeats_nothing(self):
        self.sql("jd", "DELETE FROM orders WHERE id = 11")
        self.mark()
        before = [(one["n"], one["key"]) for one in self.audited()]
        self.daemon.end(signal.SIGKILL)
        self.sql("jd", "DELETE FROM orders WHERE id = 12")
        self.daemon = self.start()
        self.mark()
        events = self.audited()
        self.assertEqual([(one["n"], one["key"]) for one in events[:len(before)]], before)
        keys = [one["key"] for one in events]
        self.assertEqual(len(keys), len(set(keys)))
        self.assertEqual(len([one for one in self.statements("jd")
                              if one["command"] == "DELETE"]), 2)
        self.alerts_become_those_expected()

    def test_expected_work_is_recorded_and_pages_nobody(self):
        new = self.daemon.path("audit/expected/new")
        self.assertNotEqual(self.anna(f"echo user=jd > {new}/half").returncode, 0)
        self.ok(self.anna(f"echo user=jd cluster=main for=2h ticket=DB-123 > {new}/db-123"))
        self.assertIn("DB-123", self.ok(self.anna(f"cat {new}/db-123")))
        self.sql("jd", "UPDATE orders SET who = 'x' WHERE id = 20")
        self.sql("ann_x", "SELECT 1 FROM orders", check=False)
        wait_until(lambda: self.broken()[("person-dml", "jd")] == 1, 30)
        alert = next(one for one in self.alerts().values() if one["rule"] == "person-dml")
        self.assertTrue(alert["expected"])
        self.assertFalse(alert["paged"])
        self.assertEqual([one["expected"] for one in self.statements("jd")
                          if one["command"] == "UPDATE"], ["DB-123"])

    def test_finding_by_user_object_class_and_time(self):
        self.sql("jd", "DELETE FROM orders WHERE id = 30; SELECT count(*) FROM orders")
        self.sql("app_svc", "UPDATE orders SET who = '' WHERE id = 31")
        self.mark("app_svc")
        found = self.daemon.read("audit/find", "user=jd class=WRITE").splitlines()
        self.assertEqual([json.loads(line)["command"] for line in found], ["DELETE"])
        by_object = self.daemon.read("audit/find", "object=public.orders,class=WRITE")
        self.assertEqual([json.loads(line)["user"] for line in by_object.splitlines()],
                         ["jd", "app_svc"])
        self.assertEqual(self.daemon.read("audit/find", "user=jd until=2020-01-01"), "")
        with self.assertRaises(FileNotFoundError):
            self.daemon.read("audit/find", "who=jd")

    def test_the_screens_fit_and_the_audit_is_alive(self):
        self.set("self_test_seconds", 1)
        wait_until(lambda: "ALIVE dev/main" in " ".join(
            self.daemon.read("audit/selftest.txt").split()), 60)
        for name in ("status.txt", "selftest.txt", "setup.sql", "README.md", "find/README.md"):
            text = self.daemon.read("audit", name)
            self.assertTrue(all(len(line) <= 80 for line in text.splitlines()), text)
        self.assertIn("AUDIT      ", self.daemon.read("status.txt"))
        copy = os.path.join(self.directory, "copy")
        subprocess.run(["rsync", "-a", self.daemon.path("audit"), copy], check=True)

    def test_rotated_logs_are_read_to_their_ends(self):
        for number in range(5):
            self.sql("jd", f"DELETE FROM orders WHERE id = {40 + number}")
            self.cluster.psql("SELECT pg_rotate_logfile()")
        self.mark()
        self.assertEqual(len([one for one in self.statements("jd")
                              if one["command"] == "DELETE"]), 5)


class CsvAudit(AuditCase):
    log_destination = "csvlog"
    log_name = "*.csv"

    def test_a_csv_log_gives_the_same(self):
        self.sql("jd", "DELETE FROM orders WHERE id = 7")
        self.mark()
        deleted = [one for one in self.statements("jd") if one["command"] == "DELETE"]
        self.assertEqual([one["statement"] for one in deleted],
                         ["DELETE FROM orders WHERE id = ?"])
        self.assertEqual(deleted[0]["rows"], 1)
        self.alerts_become_those_expected()


if __name__ == "__main__":
    unittest.main()
