"""Work that was announced by a request, and what tallyfs itself does for an approved one."""
import glob
import json
import os
import unittest

from audited import AuditCase
from support import wait_until
from test_approvals import CARL, Shell


class Expected(AuditCase):
    remedies = """
[[credentials]]
name = "mender"
role = "mender"
hosts = ["127.0.0.1"]
"""
    needs_approval = True

    def prepare(self):
        super().prepare()
        self.cluster.psql("CREATE ROLE mender LOGIN SUPERUSER;"
                          "ALTER ROLE mender SET pgaudit.log = 'all'")

    def ask(self, *words):
        """A request of carl's, approved by anna; returns its directory in done/."""
        new = self.daemon.path("approvals/new", os.urandom(4).hex())
        text = "\\n".join([*words, "reason=because"])
        self.ok(Shell(CARL)(f"printf '{text}\\n' > {new}"))
        pending = glob.glob(self.daemon.path("approvals/pending/*"))
        self.assertEqual(len(pending), 1, Shell(CARL)(f"cat {new}").stdout)
        [pending] = glob.glob(self.daemon.path("approvals/pending/*"))
        self.ok(self.anna(f"echo approve > {pending}/steps/1-owner/decision"))
        done = self.daemon.path("approvals/done", os.path.basename(pending))
        wait_until(lambda: os.path.exists(f"{done}/result.json"), 60)
        with open(f"{done}/result.json", encoding="utf-8") as file:
            self.assertEqual(json.load(file)["state"], "done")
        return done

    def test_where_it_takes_a_request_nobody_announces_work_alone(self):
        refused = self.anna("echo user=jd cluster=main for=2h ticket=DB-1 > " +
                            self.daemon.path("audit/expected/new/db-1"))
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("kind=expected-work", self.why(self.anna))
        self.ask("kind=expected-work", "user=jd", "cluster=main", "for=2h", "ticket=DB-2")
        self.assertIn("DB-2", self.daemon.read("audit/expected/expected.csv"))
        self.sql("jd", "DELETE FROM orders WHERE id = 3")
        wait_until(lambda: self.broken()[("person-dml", "jd")] == 1, 30)
        [alert] = [one for one in self.alerts().values() if one["rule"] == "person-dml"]
        self.assertTrue(alert["expected"])
        self.assertFalse(alert["paged"])

    def test_what_tallyfs_does_for_an_approved_request_is_expected(self):
        tables = self.daemon.path("databases/dev/main/app/tables.csv")
        wait_until(lambda: os.path.exists(tables) and "orders" in self.read(tables), 90)
        self.ask("kind=pg-table-options", "database=dev/main/app", "table=public.orders",
                 "options=autovacuum_vacuum_scale_factor=0.05")
        self.mark()
        changed = [one for one in self.statements("mender") if one["command"] == "ALTER TABLE"]
        self.assertEqual({one["expected"] for one in changed}, {"request 0001"}, changed)
        wait_until(lambda: self.broken()[("ddl", "mender")] == 1, 30)
        [alert] = [one for one in self.alerts().values() if one["rule"] == "ddl"]
        self.assertTrue(alert["expected"])
        self.assertFalse(alert["paged"])
        # The same role, with what nobody approved.
        self.sql("mender", "ALTER TABLE orders ADD COLUMN more int")
        wait_until(lambda: any(not one["expected"] for one in self.alerts().values()
                               if one["rule"] == "ddl"), 30)


if __name__ == "__main__":
    unittest.main()
