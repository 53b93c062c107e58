"""Settings changed with a shell: in force at once and after a restart, and recorded in a chain."""
import http.client
import json
import os
import subprocess
import unittest

from support import BINARIES, MountCase, Standin, get, post, wait_until


def shell(command):
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)


class ControlCase(MountCase):
    def control(self, name):
        return self.daemon.path("control", name)

    def actions(self):
        lines = []
        for name in sorted(os.listdir(self.daemon.path("actions/day"))):
            lines += [json.loads(line)
                      for line in self.daemon.read("actions/day", name).splitlines()]
        return lines

    def verify(self, *more):
        return subprocess.run([f"{BINARIES}/tallyfs", "verify", "--state", self.state, *more],
                              capture_output=True, text=True, timeout=60)

    def restart(self, how=None):
        self.daemon.end(*([how] if how else []))
        self.daemon = self.start()


class Control(ControlCase):
    def test_a_setting_is_in_force_at_once_and_after_a_restart(self):
        self.assertEqual(self.daemon.read("control/log_level"), "info\n")
        self.assertEqual(shell(f"echo debug > {self.control('log_level')}").returncode, 0)
        self.assertEqual(self.daemon.read("control/log_level"), "debug\n")
        action = self.actions()[-1]
        self.assertEqual((action["event"], action["subject"]), ("setting.changed", "log_level"))
        self.assertEqual(action["detail"], {"from": "info", "to": "debug"})
        self.assertEqual(action["uid"], os.getuid())
        self.assertIn("info -> debug", self.daemon.read("control/history.txt"))
        self.restart()
        self.assertEqual(self.daemon.read("control/log_level"), "debug\n")
        shell(f"echo default > {self.control('log_level')}")
        self.assertEqual(self.daemon.read("control/log_level"), "info\n")

    def test_usage_injection_is_switched_between_two_calls(self):
        body = {"model": "qwen3:14b", "stream": True, "messages": [{"role": "user", "content": "hi"}]}

        def tokens_from():
            post(self.daemon.proxy, "/v1/chat/completions", body)
            return self.daemon.calls()[-1]["tokens_from"]
        self.assertEqual(tokens_from(), "reported")
        shell(f"echo off > {self.control('usage_injection')}")
        self.assertEqual(tokens_from(), "estimated")
        shell(f"echo on > {self.control('usage_injection')}")
        self.assertEqual(tokens_from(), "reported")

    def test_calls_follow_upstream_and_a_restart_keeps_it(self):
        body = {"model": "qwen3:14b", "stream": False, "prompt": "hi"}
        other = Standin()
        self.addCleanup(other.end)
        post(self.daemon.proxy, "/api/generate", body)
        self.assertEqual(self.daemon.calls()[-1]["upstream"], self.standin.address)
        self.assertEqual(
            shell(f"echo http://{other.address} > {self.control('upstream')}").returncode, 0)
        wait_until(lambda: other.address in self.daemon.read("status.txt"))
        for _ in range(2):
            self.assertEqual(post(self.daemon.proxy, "/api/generate", body)[0], 200)
            self.assertEqual(self.daemon.calls()[-1]["upstream"], other.address)
            self.assertEqual(self.daemon.read("control/upstream"), f"http://{other.address}\n")
            self.restart()
        self.assertIn("as control/upstream says", self.daemon.stderr())
        own = self.daemon.proxy
        self.daemon.end()
        self.daemon = self.start(listen=own)
        for wrong, why in (("https://127.0.0.1:1", "plain HTTP"), ("http://a b", "no address"),
                           (f"http://{own}", "round in a circle"),
                           ("http://127.0.0.1:99999", "port")):
            self.assertNotEqual(shell(f"echo '{wrong}' > {self.control('upstream')}").returncode, 0)
            self.assertIn(why, self.daemon.read("control/last_error"))
        shell(f"echo default > {self.control('upstream')}")
        self.assertEqual(self.daemon.read("control/upstream"), f"http://{self.standin.address}\n")

    def test_nonsense_fails_visibly_says_why_and_changes_nothing(self):
        before = len(self.actions())
        for text in ("debgu", "", "info debug", "in\x00fo", "x" * 5000):
            with self.assertRaises(OSError, msg=text):
                with open(self.control("log_level"), "w", encoding="utf-8") as file:
                    file.write(text + "\n")
            self.assertIn("control/log_level:", self.daemon.read("control/last_error"))
        shell(f"echo debgu > {self.control('log_level')}")
        self.assertIn("did you mean debug?", self.daemon.read("control/last_error"))
        for command in ("sed -i s/info/debug/ {}", "mv {} {}.old", "rm -f {}",
                        "ln -s /etc/passwd {}.link", "mkdir {}.d", "echo x > {}.new",
                        "chmod 777 {}", "truncate -s 9 {}"):
            self.assertNotEqual(shell(command.format(*[self.control("log_level")] * 2)).returncode,
                                0, command)
        self.assertEqual(self.daemon.read("control/log_level"), "info\n")
        self.assertEqual(len(self.actions()), before)
        shell(f"echo debug > {self.control('log_level')}")
        self.assertIn("carried out", self.daemon.read("control/last_error"))

    def test_a_backup_copied_back_over_the_mount_changes_no_value_by_accident(self):
        backup = os.path.join(self.directory, "backup")
        subprocess.run(["rsync", "-a", self.mountpoint + "/", backup], check=True)
        shell(f"echo debug > {self.control('log_level')}")
        copied = shell(f"rsync -a {backup}/control/ {self.daemon.path('control')}/")
        self.assertNotEqual(copied.returncode, 0)
        self.assertEqual(self.daemon.read("control/log_level"), "debug\n")

    def test_http_reads_settings_and_changes_none(self):
        self.assertEqual(get(self.daemon.admin, "/control/log_level"), (200, b"info\n"))
        self.assertEqual(get(self.daemon.admin, "/control/last_error")[0], 404)
        status, _ = post(self.daemon.admin, "/control/log_level", b"debug\n")
        self.assertEqual(status, 405)
        self.assertEqual(self.daemon.read("control/log_level"), "info\n")

    def test_every_change_is_there_after_kill_9_and_the_chain_holds(self):
        for i in range(20):
            shell(f"echo {'debug' if i % 2 else 'warn'} > {self.control('log_level')}")
            if i % 5 == 4:
                self.restart(9)
        values = [action["detail"]["to"] for action in self.actions()]
        self.assertEqual(values, ["warn", "debug"] * 10)
        verified = self.verify()
        self.assertEqual(verified.returncode, 0, verified.stdout)
        self.assertIn("intact: 20 lines", verified.stdout)
        self.assertIn("Intact", self.daemon.read("actions/chain.txt"))

    def test_whatever_is_done_to_the_actions_is_found_with_its_place(self):
        for value in ("warn", "debug", "error", "info"):
            shell(f"echo {value} > {self.control('log_level')}")
        head = self.verify().stdout.split("head ")[1].split()[0]
        self.daemon.end()
        folder = os.path.join(self.state, "journal/actions")
        path = os.path.join(folder, os.listdir(folder)[0])
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()

        def verified(changed, *more):
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(changed)
            done = self.verify(*more)
            return done.returncode, done.stdout
        self.assertEqual(verified(lines, "--head", head)[0], 0)
        changed = [lines[0], lines[1].replace("debug", "DEBUG"), *lines[2:]]
        code, said = verified(changed)
        self.assertEqual(code, 1)
        self.assertIn(path + ":3", said)
        for damage in (lines[:1] + lines[2:], lines[:2] + lines[1:], lines[:3],
                       lines[:3] + [lines[3].replace("info", "warn")], lines[::-1]):
            code, said = verified(damage)
            self.assertEqual(code, 1, said)
            self.assertIn("BROKEN", said)
        verified(lines[:3])
        self.daemon = self.start()
        self.assertIn("BROKEN", self.daemon.read("actions/chain.txt"))
        self.assertEqual(self.actions()[-1]["event"], "chain.broken")
        self.assertIn("the chain of actions is broken", self.daemon.stderr())
        self.restart()
        self.assertEqual([a["event"] for a in self.actions()].count("chain.broken"), 1)
        wrong = self.verify("--head", "nonsense")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("NUMBER:HASH", wrong.stderr)

    def test_days_of_actions_are_there_from_the_start(self):
        self.assertEqual(self.daemon.read("actions/today.jsonl"), "")
        self.assertIn("# control", self.daemon.read("control/README.md"))
        self.assertIn("log_level", self.daemon.read("control/README.md"))

    def test_what_is_for_people_fits_into_80_columns(self):
        post(self.daemon.proxy, "/api/generate", {"model": "qwen3:14b", "prompt": "x"})
        read = 0
        for directory, _, names in os.walk(self.mountpoint):
            for name in names:
                if not name.endswith((".txt", ".md")):
                    continue
                read += 1
                for line in self.daemon.read(directory, name).splitlines():
                    self.assertLessEqual(len(line), 80, (directory, name, line))
        self.assertGreater(read, 20)


def chat(content="hi", **more):
    return {"model": "qwen3:14b", "stream": False,
            "messages": [{"role": "user", "content": content}], **more}


class Limits(ControlCase):
    def budget(self, name, text):
        with open(self.daemon.path("control/budgets", name), "w", encoding="utf-8") as file:
            file.write(text + "\n")

    def test_a_used_up_budget_refuses_and_says_when_to_come_back(self):
        post(self.daemon.proxy, "/api/chat", chat())
        used = sum(call["prompt_tokens"] + call["output_tokens"] for call in self.daemon.calls())
        self.budget("all", f"tokens_per_day={used + 1}")
        self.assertEqual(post(self.daemon.proxy, "/api/chat", chat())[0], 200)
        connection = http.client.HTTPConnection(self.daemon.proxy, timeout=30)
        connection.request("POST", "/v1/chat/completions", json.dumps(chat()))
        response = connection.getresponse()
        self.assertEqual(response.status, 200)  # what was used before the budget does not count
        response.read()
        self.assertEqual(post(self.daemon.proxy, "/api/chat", chat())[0], 429)
        connection.request("POST", "/v1/chat/completions", json.dumps(chat()))
        response = connection.getresponse()
        self.assertEqual(response.status, 429)
        self.assertGreater(int(response.headers["Retry-After"]), 0)
        self.assertIn("all", json.loads(response.read())["error"]["message"])
        connection.close()
        self.assertEqual(self.daemon.calls()[-1]["outcome"], "refused")
        self.assertIn("all", self.daemon.read("usage/budgets.txt"))
        self.assertIn("budget.warned", [action["event"] for action in self.actions()])
        # After a restart what was used today counts again, from the journal.
        self.restart()
        self.assertEqual(post(self.daemon.proxy, "/api/chat", chat())[0], 429)
        os.unlink(self.daemon.path("control/budgets/all"))
        self.assertEqual(post(self.daemon.proxy, "/api/chat", chat())[0], 200)

    def test_calls_at_once_are_counted_until_they_end(self):
        self.budget("one", "calls_at_once=1")
        started = self.held_call()
        self.assertEqual(post(self.daemon.proxy, "/api/chat", chat())[0], 429)
        started.close()
        wait_until(lambda: post(self.daemon.proxy, "/api/chat", chat())[0] == 200)

    def held_call(self):
        """A call whose answer does not end; the connection that holds it."""
        connection = http.client.HTTPConnection(self.daemon.proxy, timeout=30)
        connection.request("POST", "/as/held/api/chat", json.dumps(chat(stream=True)),
                           {"X-Standin": "stall-after=1"})
        connection.getresponse()
        wait_until(self.in_flight)
        return connection

    def in_flight(self):
        return [name for name in os.listdir(self.daemon.path("calls/inflight"))
                if name.endswith(".json")]

    def test_a_call_in_flight_is_cancelled_by_its_id(self):
        connection = self.held_call()
        [name] = self.in_flight()
        cancel = self.daemon.path("calls/inflight/cancel")
        for nonsense in ("", "x", "0190d5a0-0000-7000-8000-000000000000"):
            self.assertNotEqual(shell(f"echo '{nonsense}' > {cancel}").returncode, 0, nonsense)
        self.assertNotEqual(shell(f"rm -f {self.daemon.path('calls/inflight', name)}").returncode, 0)
        self.assertEqual(shell(f"echo {name[:-5]} > {cancel}").returncode, 0)
        wait_until(lambda: not self.in_flight())
        call = self.daemon.calls()[-1]
        self.assertEqual(call["outcome"], "interrupted")
        self.assertIn("cancelled by", call["error"])
        self.assertEqual(self.actions()[-1]["event"], "call.cancelled")
        connection.close()
        shell(f"echo on > {self.control('cancel_on_rm')}")
        connection = self.held_call()
        [name] = self.in_flight()
        self.assertEqual(shell(f"rm {self.daemon.path('calls/inflight', name)}").returncode, 0)
        wait_until(lambda: not self.in_flight())
        connection.close()


if __name__ == "__main__":
    unittest.main()
