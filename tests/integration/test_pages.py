"""Decisions over HTTP: a page with a form, JSON for programs, tokens, and a company's sign-on."""
import http.client
import json
import os
import subprocess
import threading
import time
import unittest
import urllib.parse

from support import BINARIES, MountCase, get, wait_until
from test_approvals import Shell

TOKENS = {"anna": "a" * 32, "bea": "b" * 32, "flow": "f" * 32}


class PageCase(MountCase):
    sign_on = ""

    def start(self, *more, **keywords):
        os.chmod(self.directory, 0o755)
        text = f"""
[sign_on]
header = "X-Forwarded-User"
from = ["127.0.0.1"]
{self.sign_on}

[[chains]]
kind = "action"
environment = "prod"
steps = ["owner", "security"]

[[chains]]
kind = "action"
environment = "careful"
steps = ["owner"]
code_required = true
"""
        for name, roles in (("anna", ["owner"]), ("bea", ["owner", "security"]), ("flow", [])):
            secret = os.path.join(self.directory, name + ".token")
            with open(secret, "w", encoding="utf-8") as file:
                file.write(TOKENS[name] + "\n")
            text += (f'[[people]]\nname = "{name}"\nemail = "{name}@example.org"\n'
                     f'token_file = "{secret}"\nroles = {json.dumps(roles)}\n')
        self.config = os.path.join(self.directory, "tallyfs.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        return super().start("--config", self.config, *more, **keywords)

    def post(self, path, body, headers=None):
        connection = http.client.HTTPConnection(self.daemon.admin, timeout=30)
        connection.request("POST", path, body, headers or {})
        response = connection.getresponse()
        content = response.read().decode()
        connection.close()
        return response.status, content

    def ask(self, token="flow", **more):
        status, body = self.post("/requests", json.dumps({
            "kind": "action", "title": "Delete <b>everything</b>", "reason": "a test",
            "evidence": "<script>alert(1)</script> 17 rows", **more}),
            {"Authorization": f"Bearer {TOKENS[token]}"})
        self.assertEqual(status, 201, body)
        return json.loads(body)

    def decide(self, number, token, decision="approve", headers=None, **more):
        fields = {"step": "1", "decision": decision, "token": token, **more}
        return self.post(f"/page/{number}", urllib.parse.urlencode(fields),
                         {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})})

    def seen(self, number):
        return json.loads(get(self.daemon.admin, f"/requests/{number}")[1])


class Programs(PageCase):
    def test_a_workflow_asks_waits_and_is_told(self):
        made = self.ask(rows="17")
        self.assertEqual((made["state"], made["finished"]), ("pending", False))
        answers = []
        waiter = threading.Thread(target=lambda: answers.append(
            get(self.daemon.admin, f"/requests/{made['number']}?wait=60")))
        waiter.start()
        self.assertEqual(self.decide(made["number"], TOKENS["anna"])[0], 200)
        waiter.join(30)
        answer = json.loads(answers[0][1])
        self.assertEqual((answer["approved"], answer["steps"][0]["by"]), (True, "anna"))
        self.assertEqual(answer["steps"][0]["known_by"], "token")
        self.assertIn("done", self.daemon.read(f"approvals/done/{made['number']}-action/state"))

    def test_a_rejection_is_told_with_its_reason(self):
        number = self.ask()["number"]
        self.assertEqual(self.decide(number, TOKENS["anna"], "reject", reason="")[0], 400)
        self.assertEqual(self.decide(number, TOKENS["anna"], "reject", reason="too many")[0], 200)
        answer = self.seen(number)
        self.assertEqual((answer["finished"], answer["approved"]), (True, False))
        self.assertEqual(answer["steps"][0]["reason"], "too many")

    def test_who_is_nobody_asks_for_nothing(self):
        body = json.dumps({"kind": "action", "title": "x", "reason": "y"})
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"},
                        {"Authorization": f"Bearer {TOKENS['anna']}x"}):
            self.assertEqual(self.post("/requests", body, headers)[0], 401)
        good = {"Authorization": f"Bearer {TOKENS['flow']}"}
        for bad, status in (("", 400), ("{", 400), ("[]", 400), ('{"kind":"actoin"}', 400),
                            (json.dumps({"kind": "action", "title": "x" * 5000}), 413)):
            self.assertEqual(self.post("/requests", bad, good)[0], status, bad[:40])
        self.assertEqual(os.listdir(self.daemon.path("approvals/pending")), [])

    def test_waiting_ends_in_time_and_waits_are_bounded(self):
        number = self.ask()["number"]
        began = time.monotonic()
        status, body = get(self.daemon.admin, f"/requests/{number}?wait=1")
        self.assertEqual((status, json.loads(body)["state"]), (200, "pending"))
        self.assertGreaterEqual(time.monotonic() - began, 1)
        connections = []
        for _ in range(32):
            connection = http.client.HTTPConnection(self.daemon.admin, timeout=30)
            connection.request("GET", f"/requests/{number}?wait=30")
            connections.append(connection)
        wait_until(lambda: get(self.daemon.admin, f"/requests/{number}?wait=1")[0] == 503)
        self.assertEqual(get(self.daemon.admin, "/status.txt")[0], 200)
        for connection in connections:
            connection.close()


class Pages(PageCase):
    def test_a_page_shows_what_is_asked_and_nothing_in_it_is_markup(self):
        number = self.ask()["number"]
        status, body = get(self.daemon.admin, f"/page/{number}")
        page = body.decode()
        self.assertEqual(status, 200)
        self.assertIn("&lt;script&gt;alert(1)", page)
        self.assertNotIn("<script", page)
        self.assertNotIn("<b>everything", page)
        self.assertIn(number, get(self.daemon.admin, "/page")[1].decode())
        connection = http.client.HTTPConnection(self.daemon.admin, timeout=30)
        connection.request("GET", f"/page/{number}")
        response = connection.getresponse()
        response.read()
        self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])
        connection.close()

    def test_a_get_never_decides(self):
        number = self.ask()["number"]
        query = urllib.parse.urlencode({"step": 1, "decision": "approve", "token": TOKENS["anna"]})
        for method in ("GET", "HEAD"):
            connection = http.client.HTTPConnection(self.daemon.admin, timeout=30)
            connection.request(method, f"/page/{number}?{query}")
            connection.getresponse().read()
            connection.close()
        self.assertEqual(self.seen(number)["state"], "pending")

    def test_one_person_takes_one_step_whichever_way(self):
        number = self.ask(env="prod")["number"]
        self.assertEqual(self.decide(number, TOKENS["bea"])[0], 200)
        status, page = self.decide(number, TOKENS["bea"], step="2")
        self.assertEqual(status, 403, page)
        signed = {"X-Forwarded-User": "bea@example.org", "Origin": f"http://{self.daemon.admin}"}
        self.assertEqual(self.decide(number, "", headers=signed, step="2")[0], 403)
        self.assertEqual(self.seen(number)["state"], "pending")

    def test_wrong_tokens_decide_nothing_and_appear_nowhere(self):
        number = self.ask()["number"]
        for token in ("", "guess-guess-guess", TOKENS["flow"]):
            self.assertEqual(self.decide(number, token)[0], 403)
        self.assertEqual(self.decide(number, TOKENS["anna"], step="9")[0] // 100, 4)
        self.assertEqual(self.decide("9999", TOKENS["anna"])[0], 404)
        self.assertEqual(self.seen(number)["state"], "pending")
        self.decide(number, TOKENS["anna"])
        found = subprocess.run(["grep", "-rlE", "a{32}|b{32}|f{32}|guess-guess", self.state_files()],
                               capture_output=True, text=True)
        self.assertEqual(found.stdout, "")
        self.assertNotIn("a" * 32, self.daemon.stderr())

    def state_files(self):
        return os.path.join(self.directory, "state")

    def test_a_code_is_needed_where_the_chain_demands_it(self):
        number = self.ask(env="careful")["number"]
        self.assertEqual(self.decide(number, TOKENS["anna"])[0], 400)
        code = self.seen(number)["hash"][:8]
        self.assertEqual(self.decide(number, TOKENS["anna"], code=code)[0], 200)
        self.assertTrue(self.seen(number)["approved"])

    def test_a_sign_on_is_believed_from_its_proxy_and_for_pages_of_ours_only(self):
        number = self.ask()["number"]
        signed = {"X-Forwarded-User": "anna@example.org"}
        own = {"Origin": f"http://{self.daemon.admin}"}
        self.assertEqual(self.decide(number, "", headers=signed)[0], 403)
        other = {"Origin": "http://evil.example"}
        self.assertEqual(self.decide(number, "", headers={**signed, **other})[0], 403)
        nobody = {"X-Forwarded-User": "mallory"}
        self.assertEqual(self.decide(number, "", headers={**nobody, **own})[0], 403)
        self.assertEqual(self.decide(number, "", headers={**signed, **own})[0], 200)
        self.assertEqual(self.seen(number)["steps"][0]["known_by"], "sso")


class BehindAProxy(PageCase):
    """The proxy in front has a name of its own, and asks for the pages by a local one."""
    sign_on = 'origin = "https://tally.example.org"'

    def test_the_page_of_the_configured_origin_decides_and_no_other(self):
        number = self.ask()["number"]
        signed = {"X-Forwarded-User": "anna@example.org"}
        for origin in (f"http://{self.daemon.admin}", "https://tally.example.org.evil.example",
                       "null"):
            self.assertEqual(self.decide(number, "", headers={**signed, "Origin": origin})[0], 403)
        signed["Origin"] = "https://tally.example.org"
        self.assertEqual(self.decide(number, "", headers=signed)[0], 200)
        self.assertEqual(self.seen(number)["steps"][0]["by"], "anna")


if __name__ == "__main__":
    unittest.main()
