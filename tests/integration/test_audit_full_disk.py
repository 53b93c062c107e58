"""An audit log that is read while the disk below the state directory is full: what is handed in is
refused and stays with who sent it, what was read waits, and every event is kept once in the end."""
import json
import os
import unittest

from support import post, wait_until
from test_audit_intake import BEARER, TOKEN, entry
from test_full_disk import FullDisk

FOLLOWED = 600


class AuditOnFullDisk(FullDisk):
    def mount_small_disk(self):
        super().mount_small_disk()
        self.log = os.path.join(self.directory, "server.json")
        with open(self.log, "w", encoding="ascii"):
            pass
        token = os.path.join(self.directory, "token")
        with open(token, "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        os.chmod(token, 0o600)
        with open(self.configuration, "a", encoding="utf-8") as file:
            file.write(f"""
[audit]
services = ["jd"]
[[audit_servers]]
cluster = "prod/orders-cl"
log = "{self.log}"
post_token_file = "{token}"
""")

    def log_entries(self, first, count):
        with open(self.log, "a", encoding="ascii") as file:
            file.write("".join(entry(number, line=number) + "\n"
                               for number in range(first, first + count)))

    def audit(self):
        return self.status()["audit"]

    def hand_in(self, number):
        return post(self.daemon.admin, "/audit/in/orders-cl", entry(number).encode(), BEARER)[0]

    def test_all_of_it_is_kept_once_when_there_is_room_again(self):
        self.log_entries(1, 10)
        wait_until(lambda: self.audit()["events"] == 10)
        self.fill()
        self.log_entries(11, FOLLOWED - 10)
        wait_until(lambda: self.audit()["not_recorded"])
        self.assertEqual(self.hand_in(9_001), 503)
        text = self.daemon.read("status.txt")
        self.assertIn("not recorded", text)
        self.assertIn("NOT RECORDED", self.daemon.read("audit/status.txt"))
        # However often it is tried, it is said once.
        before = self.audit()["events"]
        self.assertLess(before, FOLLOWED)
        told = [line for line in self.daemon.stderr().splitlines() if "cannot be recorded" in line]
        self.assertEqual(len(told), 1, told)

        self.make_room()
        wait_until(lambda: self.audit()["events"] == FOLLOWED)
        wait_until(lambda: not self.audit()["not_recorded"])
        self.assertEqual(self.hand_in(9_001), 200)
        self.check_kept()
        self.assertEqual(self.daemon.end(), 0)
        self.daemon = self.start()
        self.check_kept()

    def check_kept(self):
        lines = []
        for name in sorted(os.listdir(self.daemon.path("audit/day"))):
            lines += self.daemon.read("audit/day", name).splitlines()
        numbers = [int(json.loads(line)["object"].removeprefix("public.t")) for line in lines]
        self.assertEqual(sorted(numbers), [*range(1, FOLLOWED + 1), 9_001])


if __name__ == "__main__":
    unittest.main()
