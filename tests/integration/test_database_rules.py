"""Each rule provoked on a real server: the right culprit is named, and its neighbour is not."""
import json
import os
import signal
import subprocess
import unittest

from postgres import Cluster, binaries
from support import wait_until
from test_databases import PLACE, DatabasesCase


class Rules(DatabasesCase):
    settings = ("max_prepared_transactions=5", "wal_level=logical")

    def of_rule(self, rule, place=PLACE):
        return [one for one in self.findings(place) if one["rule"] == rule]

    def subjects(self, rule, place=PLACE):
        return sorted(one["subject"] for one in self.of_rule(rule, place))

    def becomes(self, rule, subjects, place=PLACE):
        try:
            wait_until(lambda: self.subjects(rule, place) == sorted(subjects))
        except AssertionError:
            self.fail(f"{rule} is of {self.subjects(rule, place)}: {self.findings(place)}")

    def writes(self, statement):
        """Somebody runs it again and again, each time as a transaction; returns what ends that."""
        process = subprocess.Popen(
            ["bash", "-c", f"yes '{statement}' | {binaries()}/psql -h 127.0.0.1 -p "
             f"{self.cluster.port} -U postgres -d app -XAtq"],
            start_new_session=True, stderr=subprocess.DEVNULL)

        def end():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(30)
        self.addCleanup(end)
        return end

    def test_who_holds_back_vacuum_and_who_only_looks_like_it(self):
        self.set("xmin_age_warning", 1)
        self.set("idle_in_transaction_seconds", 1)
        roles = ("repeatable", "writer", "reader", "aborted", "cursor")
        for role in roles:
            self.cluster.psql(f"CREATE ROLE {role} LOGIN SUPERUSER")
        self.cluster.psql("CREATE TABLE t (i int)", "app")
        self.cluster.psql("SELECT pg_create_logical_replication_slot('stuck', 'test_decoding')",
                          "app")
        self.cluster.psql("SELECT pg_create_physical_replication_slot('unused')")
        sessions = {role: self.cluster.session(self, "app", role) for role in roles}
        sessions["repeatable"]("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;")
        sessions["writer"]("BEGIN; INSERT INTO t VALUES (1);")
        sessions["reader"]("BEGIN; SELECT count(*) FROM t;")
        sessions["aborted"]("BEGIN; INSERT INTO t VALUES (2); SELECT 1/0;")
        sessions["cursor"]("BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; FETCH c;")
        self.cluster.psql("BEGIN; INSERT INTO t VALUES (3); PREPARE TRANSACTION 'orphan';", "app")
        for _ in range(5):
            self.cluster.psql("SELECT txid_current()", "app")
        self.becomes("xmin_holder", ["cursor@127.0.0.1", "prepared transaction orphan",
                                     "repeatable@127.0.0.1", "writer@127.0.0.1"])
        # System catalogues only, and so of the whole server.
        self.becomes("xmin_holder", ["slot stuck"], "databases/dev/main")
        self.becomes("idle_in_transaction", [f"{role}@127.0.0.1" for role in roles])
        severities = {one["subject"].split("@")[0]: one["severity"]
                      for one in self.of_rule("idle_in_transaction")}
        self.assertEqual(severities, {"repeatable": "warning", "writer": "warning",
                                      "cursor": "warning", "reader": "info", "aborted": "info"})
        self.set("slot_inactive_seconds", 1)
        self.becomes("slots", ["slot stuck"])
        self.becomes("slots", ["slot unused"], "databases/dev/main")
        # The file of who holds it says the same as the server itself.
        oldest = self.cluster.psql("""SELECT usename FROM pg_stat_activity WHERE datname = 'app' AND
            greatest(age(backend_xmin), age(backend_xid)) IS NOT NULL AND application_name = 'psql'
            ORDER BY greatest(age(backend_xmin), age(backend_xid)) DESC LIMIT 1""")
        listed = self.daemon.read("databases/dev/main/xmin-holders.csv")
        self.assertIn(oldest, listed)
        self.assertIn("orphan", listed)

    def test_the_root_of_a_queue_for_a_lock_is_named(self):
        self.set("lock_wait_seconds", 1)
        self.cluster.psql("CREATE TABLE t (i int); INSERT INTO t VALUES (1)", "app")
        for role in ("holder", "alters", "reads"):
            self.cluster.psql(f"CREATE ROLE {role} LOGIN SUPERUSER")
        holder = self.cluster.session(self, "app", "holder")
        holder("BEGIN; SELECT * FROM t;")
        alters = self.cluster.session(self, "app", "alters")
        alters.send("ALTER TABLE t ADD COLUMN note text;\n")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        wait_until(lambda: self.cluster.psql(waiting) == "1")
        reads = self.cluster.session(self, "app", "reads")
        reads.send("SELECT * FROM t;\n")
        wait_until(lambda: self.cluster.psql(waiting) == "2")
        self.becomes("locks", ["holder@127.0.0.1"])
        figures = self.of_rule("locks")[0]["figures"]
        self.assertEqual(figures["waiting_sessions"], 2)
        holder("COMMIT;")
        self.becomes("locks", [])

    def test_a_commit_for_each_row_is_found_and_a_batch_is_not(self):
        self.set("sample_seconds", 2)
        self.cluster.psql("CREATE TABLE t (i int)", "app")
        self.set("commit_per_row_commits_per_second", 50)
        batches = self.writes("INSERT INTO t SELECT generate_series(1, 100);")
        commits = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'app'"
        wait_until(lambda: int(self.cluster.psql(commits)) > 2_000, 60)
        self.assertEqual(self.of_rule("commit_per_row"), [])
        batches()
        self.writes("INSERT INTO t VALUES (1);")
        found = self.finding("commit_per_row", 60)
        self.assertLess(found["figures"]["rows_per_commit"], 1.5)

    def test_tables_that_need_a_vacuum_and_those_that_do_not(self):
        self.cluster.psql("ALTER SYSTEM SET autovacuum = off")
        self.cluster.psql("SELECT pg_reload_conf()")
        self.set("dead_rows_min", 1000)
        self.cluster.psql("""CREATE TABLE bad (i int); CREATE TABLE good (i int);
            CREATE TABLE empty (i int); CREATE TABLE off (i int) WITH (autovacuum_enabled = false);
            CREATE TABLE parts (i int) PARTITION BY RANGE (i);
            CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10000);
            CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10000) TO (20000);
            INSERT INTO bad SELECT generate_series(1, 10000);
            INSERT INTO good SELECT generate_series(1, 10000);
            INSERT INTO parts SELECT generate_series(1, 19999);
            ANALYZE; DELETE FROM bad WHERE i <= 3000; DELETE FROM good WHERE i <= 500;
            DELETE FROM parts WHERE i < 3334; DELETE FROM off""", "app")
        wait_until(lambda: self.cluster.psql(
            "SELECT sum(n_dead_tup) FROM pg_stat_user_tables", "app") == "6833")
        self.snapshot()
        self.becomes("dead_ratio", ["public.bad"])
        self.assertEqual(self.of_rule("dead_ratio")[0]["severity"], "critical")
        self.becomes("partitions", ["public.parts"])
        self.assertIn("parts_1", json.dumps(self.of_rule("partitions")))
        self.assertIn("public.off", self.subjects("autovacuum_off"))
        self.assertNotIn("public.good", json.dumps(self.findings()))
        self.assertNotIn("public.empty", json.dumps(self.findings()))

    def test_autovacuum_comes_to_the_table_that_the_file_says_and_not_to_the_other(self):
        self.cluster.psql("ALTER SYSTEM SET autovacuum = off; ")
        self.cluster.psql("SELECT pg_reload_conf()")
        self.cluster.psql("""CREATE TABLE over (i int); CREATE TABLE below (i int);
            CREATE TABLE never (i int); CREATE TABLE tuned (i int) WITH
                (autovacuum_vacuum_threshold = 20, autovacuum_vacuum_scale_factor = 0);
            INSERT INTO over SELECT generate_series(1, 1000);
            INSERT INTO below SELECT generate_series(1, 1000);
            INSERT INTO tuned SELECT generate_series(1, 1000);
            ANALYZE over; ANALYZE below; ANALYZE tuned;
            INSERT INTO never SELECT generate_series(1, 1000);
            DELETE FROM over WHERE i <= 251; DELETE FROM below WHERE i <= 250;
            DELETE FROM never WHERE i <= 60; DELETE FROM tuned WHERE i <= 21""", "app")
        wait_until(lambda: self.cluster.psql(
            "SELECT sum(n_dead_tup) FROM pg_stat_user_tables", "app") == "582")
        self.snapshot()
        said = {row["table"].split(".")[1]: row["due_by"]
                for row in self.rows(f"{PLACE}/tables.csv")}
        due = {name for name, by in said.items() if "dead" in by}
        self.assertEqual(due, {"over", "never", "tuned"}, said)
        self.cluster.psql("ALTER SYSTEM SET autovacuum = on")
        self.cluster.psql("SELECT pg_reload_conf()")

        def vacuumed():
            return set(self.cluster.psql("""SELECT relname FROM pg_stat_user_tables
                WHERE last_autovacuum IS NOT NULL""", "app").split())
        wait_until(lambda: vacuumed() >= due, 60)
        self.assertEqual(vacuumed(), due)

    def test_a_standby_is_looked_at_and_nothing_is_written_there(self):
        standby = Cluster(self, *self.settings, backup_of=self.cluster)
        self.ok(self.anna(f"echo 'env=dev cluster=standby database=app host=127.0.0.1 "
                          f"port={standby.port} credential=mender remedies_credential=mender' > "
                          f"{self.daemon.path('databases/new/mine')}"))
        self.wait_for("databases/dev/standby/app/status.txt", lambda text: "standby" in text)
        self.wait_for("databases/dev/standby/app/tables.csv", lambda text: text.count("\n") >= 1)
        self.wait_for("databases/dev/main/status.txt", lambda text: "STANDBYS" in text)
        self.assertNotIn("not reached", self.daemon.read("databases/status.txt"))


if __name__ == "__main__":
    unittest.main()
