"""A program that asked is told the outcome: once at least, at addresses that are allowed only."""
import json
import os
import subprocess
import unittest

from support import BINARIES, get, post, wait_until
from test_notify import NotifyCase, Receiver

TOKEN = "of-the-program-0123456789"
OWNER = "of-the-owner-0123456789abc"


class CallbackCase(NotifyCase):
    def make_receivers(self):
        self.receivers["flow"] = Receiver()

    def allowed(self):
        return [receiver.address("/hooks/") for receiver in self.receivers.values()]

    def configuration(self):
        tokens = {"program": TOKEN, "owner": OWNER}
        for name, token in tokens.items():
            with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
                file.write(token + "\n")
        return (f'[[people]]\nname = "anna"\nunix_user = "{os.geteuid()}"\nroles = ["owner"]\n'
                f'token_file = "{self.directory}/owner"\n'
                f'[[people]]\nname = "flow"\ntoken_file = "{self.directory}/program"\n'
                f'[callbacks]\nallowed = {json.dumps(self.allowed())}\n')

    def ask(self, callback, token=TOKEN, **more):
        """(status, what was answered)"""
        status, body = post(self.daemon.admin, "/requests", {
            "kind": "action", "title": "Delete 17 exports", "reason": "the disk is full",
            "callback": callback, **more}, {"Authorization": "Bearer " + token})
        return status, json.loads(body)

    def opened(self, callback, **more):
        status, answer = self.ask(callback, **more)
        self.assertEqual(status, 201, answer)
        return answer["number"]

    def write(self, number, name, text):
        with open(self.daemon.path(f"approvals/pending/{number}-action", name), "w",
                  encoding="utf-8") as file:
            file.write(text + "\n")

    def decide(self, number, text="approve"):
        self.write(number, "steps/1-owner/decision", text)

    def owed(self):
        return [name for name in os.listdir(os.path.join(self.state, "notify/callbacks"))
                if name.endswith(".json")]


class Outcomes(CallbackCase):
    def told(self, count=1):
        flow = self.receivers["flow"]
        wait_until(lambda: len(flow.bodies()) == count)
        return flow.bodies()[-1]

    def test_an_approval_is_posted_with_who_decided_and_the_head_of_the_chain(self):
        callback = self.receivers["flow"].address("/hooks/resume?id=7")
        number = self.opened(callback)
        self.decide(number)
        told = self.told()
        [(path, headers, _)] = self.receivers["flow"].server.received
        self.assertEqual(path, "/hooks/resume?id=7")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertTrue(headers["Idempotency-Key"])
        self.assertEqual((told["number"], told["state"], told["approved"], told["title"]),
                         (number, "done", True, "Delete 17 exports"))
        [step] = told["steps"]
        self.assertEqual((step["by"], step["known_by"], step["verdict"]), ("anna", "uid", "approve"))
        self.assertEqual(told["link"], f"http://tally.example/page/{number}")
        shown = json.loads(get(self.daemon.admin, f"/requests/{number}")[1])
        self.assertEqual({name: told[name] for name in shown}, shown)
        verified = subprocess.run([f"{BINARIES}/tallyfs", "verify", "--state", self.state,
                                   "--head", told["head"]], capture_output=True, text=True)
        self.assertEqual(verified.returncode, 0, verified.stderr)
        wait_until(lambda: self.status("callbacks")["sent"] == 1)
        wait_until(lambda: self.owed() == [])
        self.assertIn("callbacks (json)", self.daemon.read("notify/status.txt"))

    def test_a_rejection_and_a_withdrawal_are_posted_with_their_reasons(self):
        number = self.opened(self.receivers["flow"].address("/hooks/a"))
        self.decide(number, "reject: not before the audit")
        told = self.told()
        self.assertEqual((told["state"], told["approved"]), ("rejected", False))
        self.assertEqual(told["steps"][0]["reason"], "not before the audit")
        callback = self.receivers["flow"].address("/hooks/b")
        number = self.opened(callback, token=OWNER)
        self.write(number, "state", "withdraw: asked by mistake")
        told = self.told(2)
        self.assertEqual((told["number"], told["state"], told["approved"]),
                         (number, "withdrawn", False))
        self.assertEqual((told["withdrawn"]["by"], told["withdrawn"]["reason"]),
                         ("anna", "asked by mistake"))

    def test_only_an_allowed_address_is_taken(self):
        port = self.receivers["flow"].server.server_port
        for callback in (f"http://127.0.0.1:{port}@evil.example/hooks/a",
                         f"http://user:word@127.0.0.1:{port}/hooks/a",
                         f"http://127.0.0.1:{port}9/hooks/a",
                         f"http://127.0.0.1:{port}/hooks/../admin",
                         f"http://127.0.0.1:{port}/hooks/%2e%2e/admin",
                         f"http://127.0.0.1:{port}/hooks/..;a/admin",
                         f"http://127.0.0.1:{port}/hooks/..%5cadmin",
                         f"http://127.0.0.1:{port}/hooks",
                         f"http://127.0.0.1:{port}/hooksandmore",
                         f"http://127.0.0.1:{port}/HOOKS/a",
                         f"http://127.0.0.1.evil.example:{port}/hooks/a",
                         f"http://127.0.0.1:{port}\\@evil.example/hooks/a",
                         f"https://127.0.0.1:{port}/hooks/a",
                         f"HTTP://127.0.0.1:{port}/hooks/a",
                         "http://127.0.0.1/hooks/a",
                         "http://evil.example/hooks/a"):
            status, answer = self.ask(callback)
            self.assertEqual(status, 400, callback)
            if callback.startswith("http"):
                self.assertIn("[callbacks] allowed", answer["error"], callback)
        self.assertEqual(os.listdir(self.daemon.path("approvals/pending")), [])

    def test_two_callbacks_are_two_requests_and_the_same_again_is_one(self):
        one, other = (self.receivers["flow"].address("/hooks/" + name) for name in "ab")
        numbers = [self.opened(one), self.opened(other), self.opened(one),
                   self.opened(one, title="Restart the server")]
        self.assertEqual(numbers, ["0001", "0002", "0001", "0003"])


class NotAllowed(CallbackCase):
    def allowed(self):
        return []

    def test_without_the_setting_a_callback_is_refused_and_the_rest_is_not(self):
        status, answer = self.ask(self.receivers["flow"].address("/hooks/a"))
        self.assertEqual(status, 400)
        self.assertIn("[callbacks] allowed", answer["error"])
        self.opened("")


class Failing(CallbackCase):
    def make_receivers(self):
        self.receivers["flow"] = Receiver([500, "reset", 404, 302])
        self.receivers["dead"] = Receiver(otherwise="hang")

    def test_failures_are_overcome_and_a_dead_address_delays_no_other(self):
        dead, flow = self.receivers["dead"], self.receivers["flow"]
        stuck = [self.opened(dead.address(f"/hooks/{i}")) for i in range(6)]
        for number in stuck:
            self.decide(number)
        wait_until(lambda: dead.server.attempts)
        number = self.opened(flow.address("/hooks/a"))
        self.decide(number)
        wait_until(lambda: flow.bodies(), 60)
        self.assertEqual([reply for _, reply in flow.server.attempts], [500, "reset", 404, 302, 200])
        self.assertEqual([body["number"] for body in flow.bodies()], [number])
        # The receiver has it before the sender has counted its answer.
        wait_until(lambda: self.status("callbacks")["owed"] == 6)
        self.assertEqual(self.status("callbacks")["failed"], 0)
        wait_until(lambda: "no answer within 1 s" in self.status("callbacks")["last_error"])
        wait_until(lambda: "6 outcomes" in self.daemon.read("notify/status.txt"))
        self.assertEqual(self.daemon.end(), 0)
        dead.server.otherwise = 200
        self.daemon = self.start()
        wait_until(lambda: sorted(body["number"] for body in dead.bodies()) == stuck)
        wait_until(lambda: self.owed() == [])


class Hanging(CallbackCase):
    timeout_seconds = 60

    def make_receivers(self):
        self.receivers["flow"] = Receiver()
        self.receivers["dead"] = Receiver(otherwise="hang")

    def test_who_does_not_answer_holds_up_neither_others_nor_its_own_host_whole(self):
        dead, flow = self.receivers["dead"], self.receivers["flow"]
        self.decide(self.opened(dead.address("/hooks/same")))
        self.decide(self.opened(dead.address("/hooks/same"), title="Another one"))
        for i in range(5):
            self.decide(self.opened(dead.address(f"/hooks/{i}")))
        wait_until(lambda: len(dead.server.attempts) == 4)
        self.decide(self.opened(flow.address("/hooks/a")))
        wait_until(lambda: flow.bodies())
        self.assertEqual(len(dead.server.attempts), 4)
        wait_until(lambda: self.status("callbacks")["owed"] == 7)
        self.assertEqual(self.daemon.end(), 0)


class Killed(CallbackCase):
    def test_kill_9_loses_no_outcome_and_keeps_its_key(self):
        flow = self.receivers["flow"]
        numbers = []
        for i in range(3):
            flow.server.otherwise = 503
            number = self.opened(flow.address(f"/hooks/{i}"))
            numbers.append(number)
            self.decide(number)
            if i > 0:  # once before anything was tried
                wait_until(lambda: len(flow.server.attempts) > i)
            self.daemon.process.kill()
            self.daemon.process.wait()
            flow.server.otherwise = 200
            self.daemon = self.start()
            wait_until(lambda: {body["number"] for body in flow.bodies()} == set(numbers))
        keys = {}
        for _, headers, body in flow.server.received:
            keys.setdefault(json.loads(body)["number"], set()).add(headers["Idempotency-Key"])
        self.assertEqual([len(keys[number]) for number in numbers], [1, 1, 1])
        wait_until(lambda: self.owed() == [])

    def age(self, seconds):
        """What is owed becomes older."""
        [name] = self.owed()
        path = os.path.join(self.state, "notify/callbacks", name)
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        kept["since"] = seconds
        with open(path, "w", encoding="utf-8") as file:
            json.dump(kept, file)

    def test_after_a_day_it_is_given_up_and_said(self):
        flow = self.receivers["flow"]
        flow.server.otherwise = 503
        number = self.opened(flow.address("/hooks/a"))
        self.decide(number)
        wait_until(lambda: flow.server.attempts)
        self.daemon.end()
        self.age("2020-01-01T00:00:00.000000Z")
        self.daemon = self.start()
        wait_until(lambda: self.status("callbacks")["failed"] == 1)
        self.assertEqual(self.owed(), [])
        self.assertIn(f"{number}: given up after a day", self.status("callbacks")["last_error"])
        self.assertIn(f"request {number} is not told: given up after a day", self.daemon.stderr())

    def test_an_address_that_is_not_allowed_any_more_is_told_nothing(self):
        flow = self.receivers["flow"]
        flow.server.otherwise = 503
        self.decide(self.opened(flow.address("/hooks/a")))
        wait_until(lambda: flow.server.attempts)
        self.daemon.end()
        self.allowed = lambda: ["http://127.0.0.1:1/"]
        flow.server.otherwise = 200
        self.daemon = self.start()
        wait_until(lambda: self.status("callbacks")["failed"] == 1)
        self.assertEqual((self.owed(), flow.bodies()), ([], []))


class CheckConfig(CallbackCase):
    def test_what_cannot_be_allowed_is_said(self):
        for text in ("127.0.0.1:5678", "ftp://h/", "http://a:b@h/", "http://h/a?b", "http://h/a/../b"):
            path = os.path.join(self.directory, "c.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'[callbacks]\nallowed = ["{text}"]\n')
            done = subprocess.run([f"{BINARIES}/tallyfs", "--config", path, "check-config"],
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 2, text)
            self.assertIn("callbacks.allowed", done.stderr)


if __name__ == "__main__":
    unittest.main()
