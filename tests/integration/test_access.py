"""Who may read what: a group for a part of the mount, and people for the admin port."""
import base64
import http.client
import os
import subprocess
import unittest

from support import BINARIES, MountCase, get, post
from test_approvals import ANNA, ApprovalCase, Shell

GROUP = 40100
ANNAS, BEAS = "a" * 32, "b" * 32


class Member(Shell):
    """Somebody of the group."""

    def __call__(self, command):
        return subprocess.run(["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}",
                               f"--groups={GROUP}", "bash", "-c", command],
                              capture_output=True, text=True, timeout=60)


class Groups(ApprovalCase):
    configuration = f'allow_other = true\n[groups]\ncalls = "{GROUP}"\n"status.txt" = "{GROUP}"\n'

    def test_only_members_look_into_what_is_for_a_group(self):
        post(self.daemon.proxy, "/api/generate", {"model": "qwen3:14b", "prompt": "x"})
        member, other = Member(ANNA), Shell(ANNA)
        for name in ("calls", "calls/today.jsonl", "calls/day", "status.txt"):
            path = self.daemon.path(name)
            reads = f"if [ -d {path} ]; then ls {path}; else cat {path}; fi"
            self.assertEqual(member(reads).returncode, 0, name)
            denied = other(reads)
            self.assertNotEqual(denied.returncode, 0, name)
            self.assertIn("Permission denied", denied.stderr)
        self.assertEqual(other(f"cat {self.daemon.path('usage/today.txt')}").returncode, 0)
        self.assertEqual(other(f"ls {self.mountpoint}").returncode, 0)
        self.assertEqual(os.stat(self.daemon.path("calls")).st_gid, GROUP)

    def test_over_http_it_is_there_for_nobody(self):
        for path in ("/calls/today.jsonl", "/calls/", "/status.txt", "/calls/day/../today.jsonl"):
            self.assertEqual(get(self.daemon.admin, path)[0], 404, path)
        self.assertEqual(get(self.daemon.admin, "/usage/today.txt")[0], 200)
        self.assertNotIn(b"calls", get(self.daemon.admin, "/")[1])


class EveryName(ApprovalCase):
    def test_every_name_below_the_mountpoint_can_be_given_to_a_group(self):
        names = [name for name in os.listdir(self.mountpoint) if name != "README.md"]
        lines = "".join(f'"{name}" = "{GROUP}"\n' for name in names)
        self.daemon.end()
        self.configuration = "allow_other = true\n[groups]\n" + lines
        self.daemon = self.start()
        for name in names:
            self.assertEqual(os.stat(self.daemon.path(name)).st_gid, GROUP, name)
            self.assertEqual(os.stat(self.daemon.path(name)).st_mode & 0o007, 0, name)

    def test_what_is_no_group_or_no_name_is_refused(self):
        for text, why in (('calls = "no-such-group"', "no-such-group"), ('cals = "0"', "calls")):
            with open(self.config, "w", encoding="utf-8") as file:
                file.write(f"allow_other = true\n[groups]\n{text}\n")
            checked = subprocess.run([f"{BINARIES}/tallyfs", "--config", self.config,
                                      "check-config"], capture_output=True, text=True, timeout=60)
            self.assertEqual(checked.returncode, 2)
            self.assertIn(why, checked.stderr)


class PeopleOnly(MountCase):
    def start(self, *more, **keywords):
        text = 'admin_read = "people"\n'
        for name, secret in (("anna", ANNAS), ("bea", BEAS)):
            path = os.path.join(self.directory, name + ".token")
            with open(path, "w", encoding="utf-8") as file:
                file.write(secret + "\n")
            text += (f'[[people]]\nname = "{name}"\ntoken_file = "{path}"\n'
                     f'roles = {["owner"] if name == "anna" else []}\n')
        config = os.path.join(self.directory, "tallyfs.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)
        return super().start("--config", config, *more, **keywords)

    def read(self, path, authorization=None):
        connection = http.client.HTTPConnection(self.daemon.admin, timeout=30)
        headers = {"Authorization": authorization} if authorization else {}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        content = response.read().decode()
        asks = response.getheader("WWW-Authenticate")
        connection.close()
        return response.status, content, asks

    @staticmethod
    def password(secret):
        return "Basic " + base64.b64encode(b"anyone:" + secret.encode()).decode()

    def test_who_is_nobody_reads_nothing(self):
        for path in ("/", "/status.txt", "/metrics", "/page", "/page/0001", "/requests/0001",
                     "/no-such-file"):
            status, content, asks = self.read(path)
            self.assertEqual((status, asks), (401, "Basic realm=tallyfs"), path)
            self.assertNotIn("PROXY", content)
        for wrong in ("Bearer " + ANNAS[1:], self.password("x"), "Basic !!!!", "Basic", "Basic =",
                      "Basic " + base64.b64encode(ANNAS.encode()).decode()):
            self.assertEqual(self.read("/status.txt", wrong)[0], 401, wrong)

    def test_people_read_with_their_token_also_as_a_password(self):
        for right in ("Bearer " + ANNAS, "bearer " + BEAS, self.password(BEAS)):
            self.assertIn("PROXY", self.read("/status.txt", right)[1])
            self.assertEqual(self.read("/metrics", right)[0], 200)

    def test_a_password_that_a_browser_sends_by_itself_decides_nothing(self):
        status, body = post(self.daemon.admin, "/requests",
                            {"kind": "action", "title": "SECRET-TITLE", "reason": "a test"},
                            {"Authorization": "Bearer " + BEAS})
        self.assertEqual(status, 201, body)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        decision = b"step=1&decision=approve"
        for headers in ({}, {"Authorization": self.password(ANNAS)}):
            status, page = post(self.daemon.admin, "/page/0001", decision, {**form, **headers})
            self.assertEqual(status, 403)
            self.assertNotIn(b"SECRET-TITLE", page)
        status, page = post(self.daemon.admin, "/page/0001",
                            decision + b"&token=" + ANNAS.encode(), form)
        self.assertEqual(status, 200, page)


if __name__ == "__main__":
    unittest.main()
