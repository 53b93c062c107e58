"""Audit logs that a log service hands over: posted, in a delivery stream's batches, or printed by a
command; again and again, and kept once."""
import base64
import gzip
import json
import os
import signal
import unittest

from support import MountCase, post, wait_until

TOKEN = "0123456789abcdef-post"
BEARER = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/plain"}

RULES = ("person-dml", "unknown-account", "blind", "outside-hours")


def entry(number, user="jd", line=None):
    """One of jsonlog; without a line, its identity is the service's id or its bytes."""
    fields = {"timestamp": f"2026-11-20 10:00:{number % 60:02}.000 UTC", "user": user,
              "dbname": "app", "pid": 7, "session_id": "6b00dd29.7", "ps": "DELETE",
              "error_severity": "LOG", "state_code": "00000",
              "message": f"AUDIT: SESSION,{number},1,WRITE,DELETE,TABLE,public.t{number},"
                         f"DELETE FROM t{number},<none>", "backend_type": "client backend"}
    if line is not None:
        fields["line_num"] = line
    return json.dumps(fields)


class Intake(MountCase):
    followed = ""
    posted = 'post_token_file = "{token}"'

    def start(self, *more, **keywords):
        token = os.path.join(self.directory, "token")
        with open(token, "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        os.chmod(token, 0o600)
        self.printed = os.path.join(self.directory, "printed")
        with open(self.printed, "a", encoding="ascii"):
            pass
        configuration = os.path.join(self.directory, "tallyfs.toml")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(f"""
[audit]
people = ["jd"]
[[audit_servers]]
cluster = "prod/orders-cl"
{self.posted.format(token=token)}
{self.followed}
[[audit_servers]]
cluster = "prod/fetched"
command = "cat {self.printed}"
command_every_seconds = 5
""")
        return super().start("--config", configuration, *more, **keywords)

    def objects(self, cluster="prod/orders-cl"):
        found = []
        for name in sorted(os.listdir(self.daemon.path("audit/day"))):
            for line in self.daemon.read("audit/day", name).splitlines():
                one = json.loads(line)
                if one["cluster"] == cluster:
                    found.append(one["object"])
        return found

    def send(self, body, headers=None, cluster="orders-cl"):
        data = body if isinstance(body, bytes) else body.encode()
        return post(self.daemon.admin, f"/audit/in/{cluster}", data,
                    BEARER if headers is None else headers)

    def test_what_comes_two_ways_is_kept_once(self):
        """A server's log is followed, and its lines are handed in as well."""
        log = os.path.join(self.directory, "server.json")
        with open(log, "a", encoding="ascii") as file:
            file.write("".join(entry(number, line=number) + "\n" for number in (1, 2)))
        self.daemon.end()
        self.followed = f'log = "{log}"\n'
        self.daemon = self.start()
        wait_until(lambda: len(self.objects()) == 2)
        # The hour is looked up with the first that is handed in; then the log goes on.
        self.assertEqual(self.send(entry(2, line=2) + "\n" + entry(3, line=3) + "\n")[0], 200)
        with open(log, "a", encoding="ascii") as file:
            file.write("".join(entry(number, line=number) + "\n" for number in (3, 4, 5)))
        wait_until(lambda: "public.t5" in self.objects())
        self.assertEqual(self.send(entry(4, line=4) + "\n" + entry(5, line=5) + "\n")[0], 200)
        self.assertEqual(self.objects(), [f"public.t{number}" for number in range(1, 6)])
        # What is no entry is counted, also where nothing else has come.
        with open(log, "a", encoding="ascii") as file:
            file.write('{"no": "entry"}\n')
        wait_until(lambda: "1 unreadable" in self.daemon.read("audit/status.txt"))

    def test_a_checkpoint_that_is_damaged_and_a_death_right_after_it(self):
        log = os.path.join(self.directory, "server.json")
        with open(log, "w", encoding="ascii") as file:
            file.write("".join(entry(number, line=number) + "\n" for number in range(1, 51)))
        self.daemon.end()
        self.followed = f'log = "{log}"\n'
        self.posted = ""
        self.daemon = self.start()
        wait_until(lambda: len(self.objects()) == 50)
        self.daemon.end()
        checkpoint = os.path.join(self.state, "audit", "prod.orders-cl.json")
        with open(checkpoint, "w", encoding="ascii") as file:
            file.write("{")
        self.daemon = self.start()
        wait_until(lambda: os.path.getsize(checkpoint) > 1)  # and no place is in it yet
        self.daemon.end(signal.SIGKILL)
        self.daemon = self.start()
        with open(log, "a", encoding="ascii") as file:
            file.write(entry(51, line=51) + "\n")
        wait_until(lambda: "public.t51" in self.objects())
        self.assertEqual(self.objects(), [f"public.t{number}" for number in range(1, 52)])

    def test_names_with_blanks_are_found(self):
        self.assertEqual(self.send(entry(1, "Jane Doe, jr", 1) + "\n")[0], 200)
        for question in ("user=Jane%20Doe%2C%20jr", "user=Jane%20Doe%2c%20jr class=WRITE"):
            found = self.daemon.read("audit/find", question).splitlines()
            self.assertEqual([json.loads(line)["user"] for line in found], ["Jane Doe, jr"])

    def test_of_many_open_alerts_the_newest_are_listed_and_all_are_found(self):
        body = "".join(entry(number, f"user{number}", number) + "\n" for number in range(1, 1202))
        self.assertEqual(self.send(body)[0], 200)
        wait_until(lambda: "lists the newest 1,000" in self.daemon.read("audit/status.txt"), 60)
        numbers = [int(name.split("-")[0]) for name in
                   os.listdir(self.daemon.path("audit/alerts/open"))]
        self.assertEqual(len(numbers), 1000)
        left_out = min(numbers) - 1
        self.assertGreater(left_out, 0)
        older = [name for name in (f"{left_out}-{rule}" for rule in RULES)
                 if os.path.isdir(self.daemon.path("audit/alerts/open", name))]
        self.assertEqual(len(older), 1)
        alert = json.loads(self.daemon.read("audit/alerts/open", older[0], "alert.json"))
        self.assertEqual(alert["number"], left_out)

    def test_a_body_may_have_megabytes_and_not_more(self):
        body = "".join(entry(number, line=number) + "\n" for number in range(1, 10_001))
        self.assertGreater(len(body), 3 << 20)
        self.assertEqual(self.send(body)[0], 200)
        wait_until(lambda: len(self.objects()) == 10_000, 60)
        # What is announced is enough to refuse it; and only logs are that large.
        announced = {**BEARER, "Content-Length": str((16 << 20) + 1)}
        self.assertEqual(self.send("x", announced)[0], 413)
        announced["Content-Length"] = str((64 << 10) + 1)
        self.assertEqual(post(self.daemon.admin, "/requests", b"x", announced)[0], 413)

    def test_who_has_no_token_hands_nothing_in(self):
        for headers in ({"Authorization": "Bearer wrong-wrong-wrong"}, {"Content-Type": "x"}):
            self.assertEqual(self.send(entry(1), headers)[0], 401)
        self.assertEqual(self.send(entry(1), cluster="nowhere")[0], 401)
        self.assertEqual(self.objects(), [])

    def test_lines_are_kept_once_also_across_a_restart(self):
        body = "\n".join(entry(number, line=number) for number in range(1, 6)) + "\n"
        self.assertEqual(self.send(body)[0], 200)
        # The answer says that it is on the disk: nothing is waited for.
        wanted = [f"public.t{number}" for number in range(1, 6)]
        self.assertEqual(self.objects(), wanted)
        self.assertEqual(self.send(body)[0], 200)
        self.daemon.end(signal.SIGKILL)
        self.daemon = self.start()
        more = body + entry(6, line=6) + "\n"
        self.assertEqual(self.send(more, cluster="prod/orders-cl")[0], 200)
        self.assertEqual(self.objects(), [*wanted, "public.t6"])

    def test_a_delivery_stream_gets_the_answer_that_it_waits_for(self):
        payload = {"messageType": "DATA_MESSAGE", "logGroup": "/aws/rds", "logStream": "orders",
                   "logEvents": [{"id": f"event-{number}", "timestamp": 1, "message": entry(number)}
                                 for number in range(1, 4)]}
        batch = {"requestId": "4d0b-77", "timestamp": 1700000000000,
                 "records": [{"data": base64.b64encode(gzip.compress(
                     json.dumps(payload).encode())).decode()}]}
        headers = {"X-Amz-Firehose-Access-Key": TOKEN, "Content-Type": "application/json"}
        for _ in range(2):  # a stream that has not seen the answer sends it again
            status, answer = self.send(json.dumps(batch), headers)
            self.assertEqual(status, 200, answer)
            self.assertEqual(json.loads(answer)["requestId"], "4d0b-77")
        self.assertEqual(self.objects(), [f"public.t{number}" for number in range(1, 4)])

    def test_nonsense_is_refused_and_nothing_else_suffers(self):
        for body in ("{", '{"records":[{"data":"!!"}]}', "\x00\x01"):
            self.assertIn(self.send(body)[0], (200, 400))
        self.assertEqual(self.send(gzip.compress(b"x" * (100 << 20)))[0], 400)
        self.assertEqual(self.send(entry(9, line=9) + "\n")[0], 200)
        self.assertEqual(self.objects(), ["public.t9"])

    def test_a_command_that_prints_what_it_printed_before(self):
        for count in (3, 5):
            with open(self.printed, "w", encoding="ascii") as file:
                file.write("".join(entry(number, line=number) + "\n" for number in range(1, count + 1)))
            wait_until(lambda: len(self.objects("prod/fetched")) >= count, 30)
        self.assertEqual(self.objects("prod/fetched"), [f"public.t{n}" for n in range(1, 6)])


if __name__ == "__main__":
    unittest.main()
