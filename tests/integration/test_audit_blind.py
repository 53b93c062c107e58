"""Each way to blind the audit, done to a real server: the self-test says so within a window."""
import glob
import signal
import unittest

from audited import AuditCase
from support import wait_until


class Blind(AuditCase):
    """The self-test runs every second here: that stands for a window."""

    def setUp(self):
        super().setUp()
        self.set("self_test_seconds", 1)
        self.verdict("alive")

    def report(self):
        return self.daemon.read("audit/selftest.txt")

    def verdict(self, word, *words):
        """Until the self-test says this of the server, and all of the words."""
        def says():
            text = " ".join(self.report().split())
            return f"{word.upper()} dev/main" in text and all(one in text for one in words)
        try:
            wait_until(says, 60)
        except AssertionError:
            self.fail(f"not {word} {words}:\n{self.report()}")

    def is_alert(self):
        wait_until(lambda: self.broken()[("blind", "")] >= 1, 30)

    def reload(self, *settings):
        for one in settings:
            self.cluster.psql(f"ALTER SYSTEM SET {one}")
        self.cluster.psql("SELECT pg_reload_conf()")

    def test_nothing_below_fatal_is_logged(self):
        self.reload("log_min_messages = 'fatal'")
        self.verdict("blind", "log_min_messages")
        self.is_alert()
        self.reload("log_min_messages = 'warning'")
        self.verdict("alive")

    def test_a_person_whose_role_logs_nothing(self):
        self.cluster.psql("ALTER ROLE jd SET pgaudit.log = 'none'")
        self.verdict("blind", "jd")

    def test_a_superuser_who_switches_it_off_in_a_session(self):
        self.cluster.psql("ALTER ROLE ann_x SUPERUSER")
        self.verdict("weak", "ann_x")
        session = self.cluster.session(self, "app", "ann_x")
        session("SET pgaudit.log = 'none';")
        session("DELETE FROM orders WHERE id = 1;")
        self.verdict("blind", "ann_x")
        self.is_alert()

    def test_a_session_that_keeps_the_value_of_before(self):
        self.cluster.psql("ALTER ROLE jd SET pgaudit.log = 'none'")
        session = self.cluster.session(self, "app", "jd")
        session("SELECT 1;")
        self.verdict("blind", "jd")
        self.cluster.psql("ALTER ROLE jd SET pgaudit.log = 'all'")
        session("DELETE FROM orders WHERE id = 2;")
        self.verdict("blind", "jd")
        session.end()
        self.verdict("alive")

    def test_a_setting_of_a_group_that_nobody_inherits(self):
        self.cluster.psql("CREATE ROLE dba NOLOGIN; ALTER ROLE dba SET pgaudit.log = 'all';"
                          "CREATE ROLE ann_y LOGIN IN ROLE dba")
        self.verdict("blind", "ann_y")

    def test_a_class_that_misses_a_delete_in_a_common_table_expression(self):
        self.cluster.psql("ALTER ROLE jd SET pgaudit.log = 'write, ddl, role';"
                          "ALTER ROLE jd SET pgaudit.log_relation = off")
        self.verdict("blind", "jd")

    def test_an_extension_that_is_not_there(self):
        self.cluster.psql("DROP EXTENSION pgaudit", "app")
        self.verdict("weak", "app")

    def test_a_log_that_goes_elsewhere(self):
        self.reload("log_destination = 'csvlog'")
        self.verdict("blind")
        self.is_alert()

    def test_a_silent_log_after_a_restart(self):
        self.daemon.end(signal.SIGTERM)
        self.reload("log_destination = 'csvlog'")
        self.daemon = self.start()
        self.verdict("blind")

    def test_lines_that_were_taken_out_of_a_log(self):
        self.mark()
        self.daemon.end(signal.SIGTERM)
        session = self.cluster.session(self, "app", "jd")
        for number in range(3):
            session(f"DELETE FROM orders WHERE id = {number};")
        name = sorted(glob.glob(f"{self.cluster.data}/log/*.json"))[-1]
        wait_until(lambda: self.read(name).count("DELETE FROM orders WHERE id = 2") >= 1, 30)
        lines = self.read(name).splitlines(keepends=True)
        kept = [one for one in lines if "DELETE FROM orders WHERE id = 1" not in one]
        self.assertEqual(len(kept), len(lines) - 1)
        # In place: the server goes on writing at its end.
        with open(name, "r+", encoding="utf-8") as file:
            file.write("".join(kept))
            file.truncate()
        self.daemon = self.start()
        wait_until(lambda: self.broken()[("lines-missing", "jd")] == 1, 60)
        gap = next(one for one in self.audited() if one["kind"] == "gap")
        self.assertEqual(gap["user"], "jd")
        self.verdict("blind")


class NotPreloaded(AuditCase):
    """SHOW says that it is on, nothing is logged, and anybody can switch it off."""
    preload = ()

    def prepare(self):
        psql = self.cluster.psql
        psql("CREATE DATABASE app")
        psql("CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor;"
             "CREATE ROLE jd LOGIN; ALTER ROLE jd SET pgaudit.log = 'all'")

    def test_it_is_blind_and_setup_sql_says_what_is_missing(self):
        self.assertEqual(self.sql("jd", "SHOW pgaudit.log").stdout.strip(), "all")
        self.set("self_test_seconds", 1)
        wait_until(lambda: "BLIND dev/main" in " ".join(
            self.daemon.read("audit/selftest.txt").split()), 60)
        self.assertIn("shared_preload_libraries", self.daemon.read("audit/setup.sql"))


if __name__ == "__main__":
    unittest.main()
