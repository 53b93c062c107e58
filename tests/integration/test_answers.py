"""Answers by direct message: a signed link for one person, one step and one state of a request."""
import hashlib
import hmac
import http.client
import http.server
import json
import os
import subprocess
import threading
import time
import unittest
import urllib.parse

from support import BINARIES, wait_until
from test_notify import NotifyCase, Receiver

TOKENS = {"anna": "a" * 32, "bea": "b" * 32, "flow": "f" * 32}
BOT = "xoxb-TOKEN-OF-THE-BOT"
CHAINS = """
[[chains]]
kind = "action"
environment = "prod"
steps = ["owner", "security"]

[[chains]]
kind = "action"
environment = "careful"
steps = ["owner"]
code_required = true

[[chains]]
kind = "action"
environment = "chat"
steps = ["owner"]
known_by = ["chat"]

[[chains]]
kind = "action"
environment = "desk"
steps = ["owner"]
known_by = ["uid", "token"]
"""


class ChatAnswers(http.server.BaseHTTPRequestHandler):
    """As Slack and Mattermost document their API: Slack refuses with 200 and ok=false."""
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/api/v4/users/me" and self.authorized():
            return self.answer(200, {"id": "BOTID", "username": "tallyfs"})
        return self.answer(401, {"id": "api.context.session_expired.app_error", "status_code": 401})

    def authorized(self):
        return self.headers.get("Authorization") == "Bearer " + BOT

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        if server.failures:
            return self.answer(*server.failures.pop(0))
        if self.path == "/api/chat.postMessage":
            if not self.authorized():
                return self.answer(200, {"ok": False, "error": "invalid_auth"})
            if body["channel"] in server.unknown:
                return self.answer(200, {"ok": False, "error": "channel_not_found"})
            server.messages.append((body["channel"], json.dumps(body)))
            return self.answer(200, {"ok": True, "channel": "D1", "ts": "1.2"})
        if not self.authorized():
            return self.answer(401, {"id": "api.context.session_expired.app_error"})
        if self.path == "/api/v4/channels/direct":
            if len(body) != 2 or body[0] != "BOTID":
                return self.answer(400, {"id": "api.context.invalid_body_param.app_error"})
            return self.answer(201, {"id": "direct-" + body[1], "type": "D"})
        if self.path == "/api/v4/posts":
            channel = body["channel_id"].removeprefix("direct-")
            server.messages.append((channel, body["message"]))
            return self.answer(201, {"id": "post"})
        return self.answer(404, {})

    def log_message(self, *_):
        pass


class Chat:
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ChatAnswers)
        self.server.daemon_threads = True
        self.server.messages = []
        self.server.failures = []
        self.server.unknown = set()
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def address(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def of(self, chat):
        return [text for to, text in list(self.server.messages) if to == chat]

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class AnswerCase(NotifyCase):
    chat_format = ("slack-direct", "/api/chat.postMessage")

    def make_receivers(self):
        self.receivers["ops"] = Receiver()
        self.chat = Chat()
        self.addCleanup(self.chat.end)

    def configuration(self):
        text = CHAINS + self.target("ops")
        secret = os.path.join(self.directory, "bot.key")
        with open(secret, "w", encoding="utf-8") as file:
            file.write(BOT + "\n")
        os.chmod(secret, 0o600)
        text += (f'[[notify]]\nname = "direct"\nformat = "{self.chat_format[0]}"\n'
                 f'url = "{self.chat.address(self.chat_format[1])}"\ntoken_file = "{secret}"\n')
        for name, roles in (("anna", ["owner"]), ("bea", ["owner", "security"]), ("flow", [])):
            token = os.path.join(self.directory, name + ".token")
            with open(token, "w", encoding="utf-8") as file:
                file.write(TOKENS[name] + "\n")
            chat = f'chat = "U{name.upper()}"\n' if roles else ""
            text += (f'[[people]]\nname = "{name}"\ntoken_file = "{token}"\n{chat}'
                     f'roles = {json.dumps(roles)}\n')
        return text

    def request(self, method, path, fields=None, token=None):
        connection = http.client.HTTPConnection(self.daemon.admin, timeout=30)
        headers = {"Authorization": "Bearer " + token} if token else {}
        body = None
        if isinstance(fields, dict):
            body = urllib.parse.urlencode(fields)
        elif fields:
            body = fields
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read().decode()
        connection.close()
        return response.status, content

    def ask(self, env="", **more):
        status, body = self.request("POST", "/requests", json.dumps({
            "kind": "action", "title": "Delete 17 exports", "reason": "SECRET-REASON",
            "evidence": "SECRET-EVIDENCE", "env": env, **more}), TOKENS["flow"])
        self.assertEqual(status, 201, body)
        return json.loads(body)["number"]

    def shown(self, number):
        return json.loads(self.request("GET", f"/requests/{number}")[1])

    def link(self, name, count=1):
        """The path of the link that this person got last."""
        wait_until(lambda: len(self.chat.of("U" + name.upper())) >= count)
        text = self.chat.of("U" + name.upper())[-1]
        start = text.index("http://tally.example/answer/") + len("http://tally.example")
        end = next(i for i in range(start, len(text)) if text[i] in '")')
        return text[start:end]

    def forge(self, number, step, person, plan, expires):
        """What only the daemon can make, made with its key."""
        with open(os.path.join(self.state, "answers.key"), "rb") as file:
            key = file.read()
        keyed = lambda text: hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        text = f"{int(number)}.{step}.{person.encode().hex()}.{keyed(plan)}.{expires}"
        return f"/answer/{text}.{keyed(text)}"

    def approve(self, path, **more):
        return self.request("POST", path, {"decision": "approve", **more})


class Links(AnswerCase):
    def test_who_is_asked_gets_a_link_that_shows_on_get_and_decides_once_on_post(self):
        number = self.ask()
        path = self.link("anna")
        for method in ("GET", "HEAD", "GET"):
            status, page = self.request(method, path)
            self.assertEqual(status, 200)
        self.assertIn("SECRET-EVIDENCE", page)
        self.assertIn("as anna", page)
        self.assertNotIn('name="token"', page)
        self.assertEqual(self.shown(number)["state"], "pending")
        other = self.link("bea")
        self.assertNotEqual(path, other)
        status, page = self.approve(path)
        self.assertEqual(status, 200, page)
        [step] = self.shown(number)["steps"]
        self.assertEqual((step["by"], step["known_by"], step["verdict"]), ("anna", "chat", "approve"))
        for again in (path, other):
            status, page = self.approve(again)
            self.assertEqual(status, 403)
            self.assertIn("decided already", page)
        self.assertEqual(len(self.shown(number)["steps"]), 1)

    def test_a_rejection_needs_its_reason_and_nothing_else_can_be_said(self):
        number = self.ask()
        path = self.link("anna")
        for fields in ({}, {"decision": "delegate bea: x"}, {"decision": "reject"},
                       {"decision": "withdraw"}):
            self.assertEqual(self.request("POST", path, fields)[0], 400, fields)
        status, page = self.request("POST", path, {"decision": "reject", "reason": "not today"})
        self.assertEqual(status, 200, page)
        self.assertEqual(self.shown(number)["steps"][0]["reason"], "not today")

    def test_an_altered_expired_or_borrowed_link_decides_nothing(self):
        number = self.ask("prod")
        path = self.link("anna")
        plan = self.shown(number)["hash"]
        later = int(time.time()) + 600
        parts = path.removeprefix("/answer/").split(".")
        bea = "bea".encode().hex()
        for refused, told in (
                (path[:-1] + ("0" if path[-1] != "0" else "1"), "altered"),
                ("/answer/" + ".".join(parts[:2] + [bea] + parts[3:]), "altered"),
                ("/answer/", "altered"), ("/answer/x", "altered"),
                (self.forge(number, 1, "anna", plan, int(time.time()) - 1), "expired"),
                (self.forge(number, 1, "anna", "0" * 64, later), "has changed"),
                (self.forge(number, 2, "bea", plan, later), "decided already"),
                (self.forge(number, 1, "flow", plan, later), ""),
                (self.forge(number, 1, "nobody", plan, later), ""),
                (self.forge(99, 1, "anna", plan, later), "no such request")):
            status, page = self.approve(refused)
            self.assertEqual(status, 403, refused)
            self.assertIn(told, page, refused)
            self.assertEqual(self.shown(number)["state"], "pending")
        self.assertTrue(all("by" not in step for step in self.shown(number)["steps"]))
        self.assertEqual(self.approve(self.forge(number, 1, "anna", plan, later))[0], 200)

    def test_one_person_takes_one_step_by_link_and_token_together(self):
        number = self.ask("prod")
        self.assertEqual(self.approve(self.link("bea"))[0], 200)
        self.assertEqual(self.chat.of("UBEA")[1:], [])
        plan = self.shown(number)["hash"]
        status, page = self.approve(self.forge(number, 2, "bea", plan, int(time.time()) + 600))
        self.assertEqual(status, 403, page)
        status, _ = self.request("POST", f"/page/{number}", {
            "decision": "approve", "step": "2", "token": TOKENS["bea"]})
        self.assertEqual(status, 403)
        self.assertEqual(self.shown(number)["state"], "pending")

    def test_the_next_step_is_asked_when_the_one_before_is_taken(self):
        number = self.ask("prod")
        self.assertEqual(self.approve(self.link("anna"))[0], 200)
        self.assertEqual(self.approve(self.link("bea", 2))[0], 200)
        steps = self.shown(number)["steps"]
        self.assertEqual([(step["by"], step["known_by"]) for step in steps],
                         [("anna", "chat"), ("bea", "chat")])
        self.assertEqual(self.shown(number)["state"], "done")

    def test_a_code_is_still_typed_where_the_chain_demands_it(self):
        number = self.ask("careful")
        path = self.link("anna")
        self.assertEqual(self.approve(path)[0], 400)
        self.assertEqual(self.approve(path, code="00000000")[0], 400)
        code = self.shown(number)["hash"][:8]
        self.assertNotIn(code, "".join(self.chat.of("UANNA")))
        self.assertEqual(self.approve(path, code=code)[0], 200)

    def test_a_chain_demands_chat_or_excludes_it(self):
        number = self.ask("chat")
        status, _ = self.request("POST", f"/page/{number}", {
            "decision": "approve", "step": "1", "token": TOKENS["anna"]})
        self.assertEqual(status, 403)
        self.assertEqual(self.approve(self.link("anna"))[0], 200)
        told = len(self.chat.server.messages)
        number = self.ask("desk")
        ops = self.receivers["ops"]
        wait_until(lambda: number in [body["subject"] for body in ops.bodies()])
        path = self.forge(number, 1, "anna", self.shown(number)["hash"], int(time.time()) + 600)
        status, page = self.approve(path)
        self.assertEqual(status, 403)
        self.assertIn("counts only", page)
        wait_until(lambda: self.status("direct")["actions_behind"] == 0)
        self.assertEqual(len(self.chat.server.messages), told)

    def test_the_link_is_nowhere_but_in_the_message_to_its_person(self):
        number = self.ask()
        signed = self.link("anna").removeprefix("/answer/")
        wait_until(lambda: len(self.chat.server.messages) == 2)
        message = self.chat.of("UANNA")[0]
        for secret in ("SECRET-", self.shown(number)["hash"][:8]):
            self.assertNotIn(secret, message)
        self.request("GET", "/answer/" + signed)
        self.request("GET", "/answer/" + signed[:-1])
        self.approve("/answer/" + signed)
        ops = self.receivers["ops"]
        wait_until(lambda: len(ops.bodies()) == 3)
        texts = [self.daemon.stderr(), *self.chat.of("UBEA"), json.dumps(ops.bodies()),
                 self.request("GET", f"/page/{number}")[1]]
        for root in (self.mountpoint, self.state):
            for directory, _, names in os.walk(root):
                for name in names:
                    with open(os.path.join(directory, name), "rb") as file:
                        texts.append(file.read().decode(errors="replace"))
        mac = signed.split(".")[-1]
        for text in texts:
            self.assertNotIn(mac, text)
        self.assertEqual(os.stat(os.path.join(self.state, "answers.key")).st_mode & 0o777, 0o600)

    def test_failures_of_the_chat_are_overcome_and_one_unknown_person_stops_no_other(self):
        self.chat.server.unknown.add("UANNA")
        self.chat.server.failures += [(200, {"ok": False, "error": "internal_error"}),
                                      (429, {}, [("Retry-After", "1")]), (500, {})]
        self.ask()
        self.link("bea")
        wait_until(lambda: self.status("direct")["failed"] == 1)
        self.assertIn("channel_not_found", self.status("direct")["last_error"])
        self.assertEqual(self.chat.of("UANNA"), [])

    def test_a_link_survives_a_restart_of_the_daemon(self):
        number = self.ask()
        path = self.link("anna")
        self.daemon.end(9)
        self.daemon = self.start()
        self.assertEqual(self.approve(path)[0], 200)
        self.assertEqual(self.shown(number)["state"], "done")


class ReadByPeopleOnly(AnswerCase):
    top = 'admin_read = "people"\n'

    def test_a_link_shows_its_request_without_a_token_and_nothing_else_is_shown(self):
        number = self.ask()
        path = self.link("anna")
        self.assertEqual(self.request("GET", f"/page/{number}")[0], 401)
        status, page = self.request("GET", path)
        self.assertEqual(status, 200)
        self.assertIn("SECRET-EVIDENCE", page)
        plan = json.loads(self.request("GET", f"/requests/{number}", token=TOKENS["flow"])[1])["hash"]
        later = int(time.time()) + 600
        for refused in (path[:-1] + ("0" if path[-1] != "0" else "1"), "/answer/",
                        self.forge(number, 1, "anna", plan, later - 700),
                        self.forge(number, 1, "anna", "0" * 64, later)):
            status, page = self.request("GET", refused)
            self.assertEqual(status, 403)
            self.assertNotIn("Delete 17 exports", page)
        self.assertEqual(self.approve(path)[0], 200)


class Mattermost(AnswerCase):
    chat_format = ("mattermost-direct", "/")

    def test_the_bot_writes_into_the_channel_that_it_has_with_that_person(self):
        number = self.ask()
        self.assertEqual(self.approve(self.link("bea"))[0], 200)
        [step] = self.shown(number)["steps"]
        self.assertEqual((step["by"], step["known_by"]), ("bea", "chat"))


class CheckConfig(AnswerCase):
    def check(self, text):
        path = os.path.join(self.directory, "c.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run([f"{BINARIES}/tallyfs", "--config", path, "check-config"],
                              capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr

    def test_who_has_no_chat_id_is_told_of_only_where_a_chain_demands_chat(self):
        person = '[[people]]\nname = "anna"\nunix_user = "0"\nroles = ["owner"]\n'
        self.assertNotIn("chat id", self.check(person))
        chain = '[[chains]]\nkind = "action"\nsteps = ["owner"]\nknown_by = ["chat"]\n'
        said = self.check(person + chain)
        self.assertIn("anna, who holds owner, has no chat id", said)
        self.assertIn("no [[notify]] sends direct messages", said)
        self.assertNotIn("chat id", self.check(person + chain.replace('"chat"', '"chat", "uid"')))
        self.assertIn("token_file", self.check('[[notify]]\nname = "d"\nformat = "slack-direct"\n'))


if __name__ == "__main__":
    unittest.main()
