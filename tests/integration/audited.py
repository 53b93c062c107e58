"""A PostgreSQL server with pgAudit, read by the daemon: what the tests of audit/ begin with."""
import collections
import datetime
import glob
import json
import os
import subprocess

from postgres import Cluster, binaries
from support import wait_until
from test_approvals import ANNA, PEOPLE, ApprovalCase, Shell

WINDOW = 300
BURST = 5

SETTINGS = ("logging_collector=on", "log_directory=log",
            "log_rotation_age=0", "log_rotation_size=0", "log_timezone=Etc/UTC")
PGAUDIT = ("shared_preload_libraries=pgaudit", "pgaudit.log_relation=on",
           "pgaudit.log_parameter=on", "pgaudit.log_rows=on")


def has_pgaudit():
    return binaries() is not None and os.path.exists(
        os.path.join(os.path.dirname(binaries()), "lib", "pgaudit.so"))


class AuditCase(ApprovalCase):
    """A server `dev/main` with the database app; jd and ann_x are people, app_svc is a program."""
    log_destination = "jsonlog"
    log_name = "*.json"
    server_options = ""
    watched = True
    remedies = ""
    needs_approval = False
    preload = PGAUDIT

    def setUp(self):
        if not has_pgaudit():
            self.skipTest("pgAudit of PostgreSQL is not installed")
        # As ALTER SYSTEM and a reload can change them: not on the command line.
        self.cluster = Cluster(self)
        self.cluster.stop()
        with open(f"{self.cluster.data}/postgresql.conf", "a", encoding="utf-8") as file:
            for one in (f"log_destination={self.log_destination}", *SETTINGS, *self.preload):
                name, value = one.split("=", 1)
                file.write(f"{name} = '{value}'\n")
        self.cluster.start()
        self.prepare()
        self.configuration = PEOPLE + f"""
[audit]
people = ["jd", "ann_*"]
services = ["postgres", "app_*"]
expected_needs_approval = {str(self.needs_approval).lower()}

[[audit_servers]]
cluster = "dev/main"
log = "{self.cluster.data}/log/{self.log_name}"
{self.server_options}

[[credentials]]
name = "monitor"
role = "monitor"
""" + self.remedies + (f"""
[[databases]]
env = "dev"
cluster = "main"
database = "app"
host = "127.0.0.1"
port = {self.cluster.port}
credential = "monitor"
{'remedies_credential = "mender"' if self.remedies else ""}
""" if self.watched else "")
        super().setUp()
        self.anna = Shell(ANNA)

    def prepare(self):
        psql = self.cluster.psql
        psql("CREATE DATABASE app")
        for database in ("app", "postgres"):
            psql("CREATE EXTENSION pgaudit", database)
        psql("CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor;"
             "ALTER ROLE monitor SET pgaudit.log = 'function'")
        for role in ("jd", "ann_x", "app_svc"):
            psql(f"CREATE ROLE {role} LOGIN; ALTER ROLE {role} SET pgaudit.log = 'all'")
        psql("CREATE TABLE orders (id int PRIMARY KEY, who text);"
             "CREATE TABLE secrets (id int);"
             "INSERT INTO orders SELECT i, 'nobody' FROM generate_series(1, 1000) i;"
             "GRANT ALL ON orders TO jd, app_svc; GRANT ALL ON SCHEMA public TO jd", "app")

    def sql(self, role, text, database="app", check=True):
        """In a session of its own; returns what psql printed."""
        done = subprocess.run(
            [f"{binaries()}/psql", "-h", "127.0.0.1", "-p", str(self.cluster.port), "-U", role,
             "-d", database, "-XAtq", "-c", text],
            capture_output=True, text=True, timeout=60, check=False)
        if check and done.returncode != 0:
            raise AssertionError(done.stderr)
        return done

    def set(self, name, value):
        self.ok(self.anna(f"echo '{value}' > {self.daemon.path('control/audit', name)}"))

    def ok(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def audited(self):
        """All that the stream has, as the mount shows it."""
        lines = []
        for name in sorted(os.listdir(self.daemon.path("audit/day"))):
            lines += [json.loads(line) for line in
                      self.daemon.read("audit/day", name).splitlines()]
        return lines

    def statements(self, user):
        return [one for one in self.audited()
                if one["user"] == user and one["kind"] == "statement"]

    def mark(self, role="jd"):
        """Waits until all that was logged so far has been read."""
        text = f"CREATE TEMP TABLE mark_{os.urandom(6).hex()} ()"
        self.sql(role, text)
        wait_until(lambda: any(text in (one["statement"] or "") for one in self.audited()), 60)

    def alerts(self, state="open"):
        found = {}
        for directory in glob.glob(self.daemon.path("audit/alerts", state, "*")):
            with open(f"{directory}/alert.json", encoding="utf-8") as file:
                found[directory] = json.load(file)
        return found

    def broken(self):
        """Rule and user of all alerts, open or closed, each with how often it is there."""
        return collections.Counter((one["rule"], one["user"]) for state in ("open", "closed")
                                   for one in self.alerts(state).values())

    def expected_alerts(self):
        """The identities that the lines of the stream ask for, computed anew."""
        counted = collections.Counter()
        for one in self.audited():
            for rule in one["rules"]:
                logged = datetime.datetime.fromisoformat(one["logged"].replace("Z", "+00:00"))
                window = int(logged.timestamp()) // WINDOW * WINDOW
                counted[(rule, one["cluster"], one["user"] or "", window)] += 1
        return sorted(key for key, count in counted.items()
                      if key[0] != "denied" or count >= BURST)

    def alerts_become_those_expected(self):
        try:
            wait_until(lambda: self.raised_alerts() == self.expected_alerts(), 30)
        except AssertionError:
            self.assertEqual(self.raised_alerts(), self.expected_alerts())

    def raised_alerts(self):
        found = []
        for state in ("open", "closed"):
            for one in self.alerts(state).values():
                if one["rule"] == "blind":
                    continue
                began = datetime.datetime.fromisoformat(one["window"].replace("Z", "+00:00"))
                found.append((one["rule"], one["cluster"], one["user"], int(began.timestamp())))
        return sorted(found)
