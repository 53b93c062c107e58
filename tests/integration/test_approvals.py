"""Approvals from a shell: a cloud model is blocked, asked for, approved, used; and who may what."""
import glob
import json
import os
import shutil
import subprocess
import threading
import time
import unittest

from support import BINARIES, MountCase, post, wait_until

CLOUD = "gpt-oss:120b-cloud"
# In groups that the tests do not need to exist on the machine.
ANNA, BEA, CARL, NOBODY = 40001, 40002, 40003, 40009

PEOPLE = f"""
allow_other = true

[[people]]
name = "anna"
unix_user = "{ANNA}"
roles = ["owner", "operator"]
manager = "bea"

[[people]]
name = "bea"
unix_user = "{BEA}"
roles = ["security"]

[[people]]
name = "carl"
unix_user = "{CARL}"
manager = "bea"
"""

TWO_STEPS = """
[[chains]]
kind = "cloud-model"
steps = ["manager", "owner"]
code_required = true
"""


def chat(model=CLOUD):
    return {"model": model, "stream": False, "messages": [{"role": "user", "content": "hello"}]}


class Shell:
    """A shell of one user."""

    def __init__(self, uid):
        self.uid = uid

    def __call__(self, command):
        return subprocess.run(["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}",
                               "--clear-groups", "bash", "-c", command],
                              capture_output=True, text=True, timeout=60)


def own_shell(command):
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)


class ApprovalCase(MountCase):
    configuration = PEOPLE

    def setUp(self):
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            self.skipTest("several users take root and setpriv")
        super().setUp()

    def start(self, *more, **keywords):
        os.chmod(self.directory, 0o755)
        self.config = os.path.join(self.directory, "tallyfs.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(self.configuration)
        return super().start("--config", self.config, *more, **keywords)

    def call(self, model=CLOUD, path="/api/chat", headers=None):
        status, body = post(self.daemon.proxy, path, chat(model), headers)
        return status, body.decode()

    def pending(self, pattern="*"):
        return sorted(glob.glob(self.daemon.path("approvals/pending", pattern)))

    def done(self, pattern="*"):
        return sorted(glob.glob(self.daemon.path("approvals/done", pattern)))

    def read(self, *names):
        with open(os.path.join(*names), encoding="utf-8") as file:
            return file.read()

    def events(self):
        lines = []
        for name in sorted(os.listdir(self.daemon.path("actions/day"))):
            lines += [json.loads(line)
                      for line in self.daemon.read("actions/day", name).splitlines()]
        return [line["event"] for line in lines]

    def why(self, shell):
        return shell(f"cat {self.daemon.path('control/last_error')}").stdout


class OneStep(ApprovalCase):
    def test_a_cloud_model_is_blocked_asked_for_approved_and_used(self):
        status, body = self.call()
        self.assertEqual(status, 403, body)
        self.assertIn("0001", body)
        [request] = self.pending()
        self.assertEqual(os.path.basename(request), "0001-cloud-model")
        self.assertIn(f"approvals/pending/0001-cloud-model/steps/1-owner/decision", body)
        self.assertIn("ollama.com", self.read(request, "evidence.md"))
        self.assertIn("anna", self.daemon.read("approvals/waiting.txt"))
        self.assertEqual(self.call()[0], 403)
        self.assertEqual(len(self.pending()), 1)
        approved = Shell(ANNA)(f"echo approve > {request}/steps/1-owner/decision")
        self.assertEqual(approved.returncode, 0, approved.stderr)
        self.assertEqual(self.call()[0], 200)
        self.assertEqual(self.pending(), [])
        [record] = self.done()
        self.assertEqual(self.read(record, "state"), "done\n")
        decision = json.loads(self.read(record, "record.json"))["steps"][0]["decided"]
        self.assertEqual(decision["who"]["person"], "anna")
        lines = self.daemon.calls()
        self.assertEqual([line["outcome"] for line in lines], ["refused", "refused", "ok"])
        self.assertEqual([line["status"] for line in lines], [403, 403, 200])
        self.assertTrue(all("ollama.com" in line["upstream"] for line in lines), lines)
        privacy = self.daemon.read("usage/privacy.txt")
        self.assertIn("Left the house  1 call,", privacy)
        self.assertIn("Refused         2 calls", privacy)
        wait_until(lambda: "1 call left the house" in self.daemon.read("status.txt"))
        self.daemon.end()
        self.daemon = self.start()
        self.assertEqual(self.call()[0], 200)
        Shell(ANNA)(f"echo 'it was for a demo' > {self.done()[0]}/undo")
        [undoing] = self.pending()
        Shell(ANNA)(f"echo approve > {undoing}/steps/1-owner/decision")
        self.assertEqual(self.call()[0], 403)

    def test_an_innocent_name_for_a_cloud_model_is_seen_through(self):
        status, _ = post(self.daemon.proxy, "/api/copy",
                         {"source": CLOUD, "destination": "innocent"})
        self.assertEqual(status, 200)
        status, body = self.call("innocent")
        self.assertEqual(status, 403, body)
        self.assertEqual(self.call("qwen3:14b")[0], 200)
        # A local name that becomes a cloud model in between.
        self.assertEqual(post(self.daemon.proxy, "/api/copy",
                              {"source": "qwen3:14b", "destination": "work"})[0], 200)
        self.assertEqual(self.call("work")[0], 200)
        self.assertEqual(post(self.daemon.proxy, "/api/copy",
                              {"source": CLOUD, "destination": "work"})[0], 200)
        self.assertEqual(self.call("work")[0], 403)

    def test_a_refusal_has_the_form_of_its_dialect(self):
        for path in ("/api/chat", "/v1/chat/completions", "/v1/messages"):
            status, body = self.call(path=path)
            self.assertEqual(status, 403)
            error = json.loads(body)["error"]
            text = error if isinstance(error, str) else error["message"]
            self.assertIn("0001", text, path)

    def test_a_label_that_the_caller_chooses_opens_nothing(self):
        name = self.daemon.path("control/policies/10-trusted")
        self.assertEqual(own_shell(f"echo 'allow service=trusted' > {name}").returncode, 0)
        self.assertEqual(self.call(headers={"X-Service": "trusted"})[0], 403)
        with open(name, "w", encoding="utf-8") as file:
            file.write("allow principal=uid:0\n")
        self.assertEqual(self.call()[0], 200)
        os.unlink(name)
        self.assertEqual(self.call()[0], 403)

    def test_the_same_model_twice_is_refused_whatever_the_policy(self):
        body = b'{"model":"qwen3:14b","MODEL":"' + CLOUD.encode() + b'","messages":[]}'
        self.assertEqual(post(self.daemon.proxy, "/api/chat", body)[0], 400)
        self.assertEqual(self.pending(), [])

    def test_web_routes_and_push_leave_the_house_too(self):
        for path, body in (("/api/experimental/web_search", {"query": "x"}),
                           ("/api/push", {"model": "me/mine"})):
            status, answer = post(self.daemon.proxy, path, body)
            self.assertEqual(status, 403, answer)
        status, answer = post(self.daemon.proxy, "/v1/messages", {
            "model": "qwen3:14b", "max_tokens": 10,
            "messages": [{"role": "user", "content": "hi"}],
            "tools": [{"type": "web_search_20250305", "name": "web_search"}]})
        self.assertEqual(status, 403, answer)
        self.assertEqual(len(self.pending()), 3)

    def test_only_who_has_the_role_decides_and_root_is_nobody(self):
        self.call()
        [request] = self.pending()
        decision = f"{request}/steps/1-owner/decision"
        for uid in (0, BEA, CARL, NOBODY):
            refused = Shell(uid)(f"echo approve > {decision}")
            self.assertIn("Permission denied", refused.stderr, uid)
            self.assertTrue(self.why(Shell(uid)).strip())
        self.assertEqual(self.call()[0], 403)
        anna = Shell(ANNA)
        for nonsense in ("aprove", "approve now please", "reject", "reject:", "yes", "approve zzzzzzzz"):
            self.assertNotEqual(anna(f"echo '{nonsense}' > {decision}").returncode, 0, nonsense)
            self.assertTrue(self.why(anna).strip())
        self.assertEqual(anna(f"echo 'reject: no budget' > {decision}").returncode, 0)
        self.assertEqual(self.pending(), [])
        [over] = self.done()
        self.assertIn("no budget", self.read(over, "steps/1-owner/decision"))
        again = anna(f"echo approve > {over}/steps/1-owner/decision")
        self.assertIn("Operation not permitted", again.stderr)
        self.assertEqual(self.call()[0], 403)

    def test_a_request_is_a_file_that_is_created_and_read_back(self):
        carl = Shell(CARL)
        name = self.daemon.path("approvals/new/mine")
        text = f"kind=cloud-model\\nmodel={CLOUD}\\nprincipal=uid:{CARL}\\nreason=a demo\\n"
        self.assertEqual(carl(f"printf '{text}' > {name}").returncode, 0)
        self.assertEqual(carl(f"cat {name}").stdout, "approvals/pending/0001-cloud-model\n")
        self.assertNotEqual(Shell(BEA)(f"cat {name}").returncode, 0)
        for bad, told in (("kind=cloud-modell\\nreason=x\\n", "cloud-model"),
                          ("kind=cloud-model\\nreason=x\\n", "principal"),
                          ("nonsense\\n", "="),
                          ("kind=cloud-model\\nreason=x\\nprincipal=uid:1\\nmodel=m\\ndays=0\\n",
                           "days")):
            # Bash writes a line at a time and looks at no error of close(2): read it back.
            carl(f"printf '{bad}' > {name}")
            self.assertIn(told, carl(f"cat {name}").stdout)
            self.assertIn(told, self.why(carl))
            # In one write the error is seen at once.
            whole = carl(f"cat > {name} <<< $(printf '{bad}')")
            self.assertIn("Invalid argument", whole.stderr, bad)
        self.assertEqual(carl(f"cp /dev/stdin {name} <<< '{{\"kind\":\"cloud-model\",\"reason\":\"x\","
                              f"\"model\":\"{CLOUD}\",\"principal\":\"uid:{CARL}\"}}'").returncode, 0)
        self.assertEqual(len(self.pending()), 1)
        self.assertEqual(carl(f"echo withdraw > {self.pending()[0]}/state").returncode, 0)
        self.assertEqual(self.pending(), [])

    def test_cloud_models_are_allowed_denied_or_asked_for_as_set(self):
        def put(value):
            with open(self.daemon.path("control/cloud_models"), "w", encoding="utf-8") as file:
                file.write(value + "\n")
        put("allow")
        self.assertEqual(self.call()[0], 200)
        put("deny")
        status, body = self.call()
        self.assertEqual(status, 403)
        self.assertIn("cloud_models", body)
        self.assertEqual(self.pending(), [])
        put("ask")
        self.assertEqual(self.call()[0], 403)
        self.assertEqual(len(self.pending()), 1)
        put("allow")
        self.daemon.end()
        self.daemon = self.start()
        self.assertEqual(self.call()[0], 200)
        policy = self.daemon.path("control/policies/cloud_models")
        self.assertNotEqual(own_shell(f"echo 'deny model=x' > {policy}").returncode, 0)

    def test_operators_change_settings_whoever_runs_the_daemon(self):
        level = self.daemon.path("control/log_level")
        self.assertEqual(Shell(ANNA)(f"echo debug > {level}").returncode, 0)
        self.assertEqual(self.read(level), "debug\n")
        self.assertIn("anna", self.daemon.read("control/history.txt"))
        refused = Shell(BEA)(f"echo warn > {level}")
        self.assertIn("Permission denied", refused.stderr)
        self.assertIn("operator", self.why(Shell(BEA)))
        policy = self.daemon.path("control/policies/10-x")
        self.assertEqual(Shell(ANNA)(f"echo 'deny model=x' > {policy}").returncode, 0)
        self.assertNotEqual(Shell(BEA)(f"rm -f {policy}").returncode, 0)
        self.assertNotEqual(Shell(BEA)(f"echo 'allow leaves=yes' > {policy}y").returncode, 0)
        self.assertEqual(Shell(ANNA)(f"rm {policy}").returncode, 0)
        self.assertEqual(os.listdir(self.daemon.path("control/policies")), [])

    def test_a_call_is_held_open_until_a_person_says_so(self):
        name = self.daemon.path("control/policies/10-cloud")
        self.assertEqual(own_shell(f"echo 'ask cloud=yes wait=60' > {name}").returncode, 0)
        answers = []
        caller = threading.Thread(target=lambda: answers.append(self.call()))
        caller.start()
        wait_until(self.pending)
        self.assertEqual(answers, [])
        Shell(ANNA)(f"echo approve > {self.pending()[0]}/steps/1-owner/decision")
        caller.join(30)
        self.assertEqual(answers[0][0], 200, answers)

    def test_policies_are_judged_when_they_are_written(self):
        folder = self.daemon.path("control/policies")
        for text, told in (("deny modle=x", "model"), ("forbid model=x", "deny"),
                           ("deny pattern=ibn", "iban"), ("deny time=25:00-26:00", "time")):
            refused = own_shell(f"echo '{text}' > {folder}/10-x")
            self.assertIn("Invalid argument", refused.stderr, text)
            self.assertIn(told, self.daemon.read("control/last_error"))
        self.assertEqual(os.listdir(folder), [])
        own_shell(f"echo 'deny pattern=iban' > {folder}/10-iban")
        body = chat("qwen3:14b")
        self.assertEqual(post(self.daemon.proxy, "/api/chat", body)[0], 200)
        body["messages"][0]["content"] = "pay to DE89 3704 0044 0532 0130 00 please"
        self.assertEqual(post(self.daemon.proxy, "/api/chat", body)[0], 403)
        for part in ("DE89", "pay to"):
            self.assertNotIn(part, self.daemon.read("calls/today.jsonl"))
        # A time, an id or a port can have the same digits.
        random = ("time", "id", "client", "upstream", "prompt_hash")
        for line in self.daemon.calls():
            self.assertNotIn("3704", json.dumps([value for name, value in line.items()
                                                 if isinstance(value, str) and name not in random]))


class TwoSteps(ApprovalCase):
    configuration = PEOPLE + TWO_STEPS

    def request(self):
        text = f"kind=cloud-model\\nmodel={CLOUD}\\nprincipal=uid:0\\nreason=a demo\\n"
        made = Shell(CARL)(f"printf '{text}' > {self.daemon.path('approvals/new/mine')}")
        self.assertEqual(made.returncode, 0, made.stderr)
        [request] = self.pending()
        return request, self.read(request, "evidence.md").split()[-1]

    def test_steps_in_order_with_the_code_of_what_was_read(self):
        request, code = self.request()
        bea, anna = Shell(BEA), Shell(ANNA)
        first, second = (f"{request}/steps/{step}/decision" for step in ("1-manager", "2-owner"))
        self.assertIn("Operation not permitted", anna(f"echo approve {code} > {second}").stderr)
        self.assertIn("Invalid argument", bea(f"echo approve > {first}").stderr)
        self.assertIn("Invalid argument", bea(f"echo approve 00000000 > {first}").stderr)
        self.assertEqual(bea(f"echo approve {code} > {first}").returncode, 0)
        self.assertIn("Operation not permitted", bea(f"echo approve {code} > {first}").stderr)
        self.assertIn("Permission denied", bea(f"echo approve {code} > {second}").stderr)
        self.assertEqual(self.call()[0], 403)
        Shell(NOBODY)(f"echo 'not with our data' > {request}/objections")
        self.assertIn("Operation not permitted", anna(f"echo approve {code} > {second}").stderr)
        self.assertEqual(Shell(CARL)(f"echo 'answer 1: it is a demo' > {request}/objections")
                         .returncode, 0)
        approved = anna(f"echo approve {code} > {second}")
        self.assertEqual(approved.returncode, 0, self.why(anna))
        self.assertEqual(self.call()[0], 200)

    def test_no_decision_is_lost_or_repeated_when_the_daemon_is_killed(self):
        request, code = self.request()
        steps = ((BEA, "1-manager"), (ANNA, "2-owner"))
        for uid, step in steps:
            self.assertEqual(Shell(uid)(f"echo approve {code} > {request}/steps/{step}/decision")
                             .returncode, 0)
            self.daemon.end(9)
            self.daemon = self.start()
        self.assertEqual(self.call()[0], 200)
        events = self.events()
        self.assertEqual(events.count("approval.step_decided"), 2)
        self.assertEqual(events.count("permission.given"), 1)
        self.assertEqual(events.count("approval.execution_finished"), 1)


class PolicyChanges(ApprovalCase):
    configuration = "policies_need_approval = true\n" + PEOPLE

    def ask(self, *lines):
        text = "\\n".join(("kind=policy-change", "reason=the night shift", *lines)) + "\\n"
        name = self.daemon.path("approvals/new/mine")
        Shell(CARL)(f"printf '{text}' > {name}")
        answer = Shell(CARL)(f"cat {name}").stdout.strip()
        return answer if answer.startswith("refused") else self.daemon.path(answer)

    def approve(self, request):
        approved = Shell(ANNA)(f"echo approve > {request}/steps/1-owner/decision")
        self.assertEqual(approved.returncode, 0, self.why(Shell(ANNA)))

    def test_nobody_writes_a_policy_alone_and_an_approved_one_is_in_force(self):
        name = self.daemon.path("control/policies/10-night")
        anna = Shell(ANNA)
        refused = anna(f"echo 'deny model=qwen3:*' > {name}")
        self.assertIn("Permission denied", refused.stderr)
        self.assertIn("kind=policy-change", self.why(anna))
        self.assertIn("Permission denied", own_shell(f"echo 'deny model=qwen3:*' > {name}").stderr)
        self.assertIn("kind=policy-change", self.daemon.read("control/README.md"))
        for text in ("dney model=qwen3:*", "deny modle=x", "deny pattern=ibn"):
            self.assertIn("did you mean", self.ask("policy=10-night", "text=" + text), text)
        request = self.ask("policy=10-night", "text=deny model=qwen3:*")
        self.assertEqual(self.read(request, "plan.txt"),
                         "control/policies/10-night\n+ deny model=qwen3:*\n")
        self.assertEqual(self.call("qwen3:14b")[0], 200)
        self.approve(request)
        self.assertEqual(self.call("qwen3:14b")[0], 403)
        self.assertEqual(self.read(name), "deny model=qwen3:*\n")
        self.assertIn("request 0001", self.daemon.read("control/history.txt"))
        self.assertIn("Permission denied", anna(f"rm {name}").stderr)
        self.assertIn("Permission denied", own_shell(f"rm {name}").stderr)
        self.daemon.end()
        self.daemon = self.start()
        self.assertEqual(self.call("qwen3:14b")[0], 403)
        request = self.ask("policy=10-night", "text=deny model=qwen3:8b")
        late = self.ask("policy=10-night", "delete=yes")
        self.approve(request)
        self.assertEqual(self.call("qwen3:14b")[0], 200)
        self.approve(late)
        self.assertEqual(self.read(self.done("0003-*")[0], "state"), "failed\n")
        self.assertIn("ask again", self.read(self.done("0003-*")[0], "record.json"))
        self.assertEqual(self.read(name), "deny model=qwen3:8b\n")
        Shell(ANNA)(f"echo 'too strict' > {self.done('0002-*')[0]}/undo")
        [undoing] = self.pending()
        self.approve(undoing)
        self.assertEqual(self.read(name), "deny model=qwen3:*\n")

    def test_no_setting_is_a_way_around(self):
        anna, control = Shell(ANNA), self.daemon.path("control")
        self.assertEqual(anna(f"echo 'secret-[0-9]+' > {control}/redact/ours").returncode, 0)
        self.approve(self.ask("policy=10-ours", "text=deny pattern=ours"))
        for command in (f"echo allow > {control}/cloud_models",
                        f"echo 'never-[0-9]+' > {control}/redact/ours", f"rm {control}/redact/ours"):
            self.assertNotEqual(anna(command).returncode, 0, command)
        self.assertIn("policies/10-ours", self.why(anna))
        self.assertEqual(anna(f"echo 'other-[0-9]+' > {control}/redact/other").returncode, 0)
        self.assertEqual(self.daemon.read("control/cloud_models"), "ask\n")

    def test_a_kill_between_decision_and_effect_loses_no_change(self):
        for i in range(3):
            request = self.ask("policy=10-night", f"text=deny model=qwen3:{i}")
            self.approve(request)
            self.daemon.end(9)
            self.daemon = self.start()
            self.assertEqual(self.daemon.read("control/policies/10-night"),
                             f"deny model=qwen3:{i}\n")
        self.assertEqual(self.events().count("setting.changed"), 3)


if __name__ == "__main__":
    unittest.main()
