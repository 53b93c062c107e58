"""People are told over HTTP: at least once, in order, past failures, kills and dead targets."""
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import unittest

from support import BINARIES, MountCase, get, wait_until

SECRET = "T0P-S3CRET-PATH"


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers with the next of the server's replies, then with 200."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            reply = self.server.replies.pop(0) if self.server.replies else self.server.otherwise
            self.server.attempts.append((time.monotonic(), reply))
        if reply == "hang":
            self.server.released.wait(30)
        if reply in ("hang", "reset"):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
            return self.connection.close()
        status, headers = reply if isinstance(reply, tuple) else (reply, {})
        if 200 <= status < 300:
            self.server.received.append((self.path, dict(self.headers), body))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST

    def handle(self):
        try:
            super().handle()
        except (OSError, ValueError):
            pass  # closed by us above, or by a daemon that was killed

    finish = lambda self: None

    def log_message(self, *_):
        pass


class Receiver:
    def __init__(self, replies=(), otherwise=200, tls=None):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        self.server.lock = threading.Lock()
        self.server.replies = list(replies)
        self.server.otherwise = otherwise
        self.server.attempts = []
        self.server.received = []
        self.server.released = threading.Event()
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *_: None
        self.scheme = "https" if tls else "http"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def address(self, path="/" + SECRET):
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}{path}"

    def bodies(self):
        return [json.loads(body) for _, _, body in list(self.server.received)]

    def numbers(self):
        return [body["number"] for body in self.bodies()]

    def end(self):
        self.server.released.set()
        self.server.shutdown()
        self.server.server_close()


class NotifyCase(MountCase):
    environment = {}
    timeout_seconds = 1
    top = ""  # of the configuration: what stands before the first table

    def setUp(self):
        self.receivers = {}
        self.make_receivers()
        for receiver in self.receivers.values():
            self.addCleanup(receiver.end)
        super().setUp()

    def make_receivers(self):
        self.receivers["ops"] = Receiver()

    def target(self, name, more=""):
        path = os.path.join(self.directory, name + ".url")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.receivers[name].address() + "\n")
        os.chmod(path, 0o600)
        return f'[[notify]]\nname = "{name}"\nformat = "json"\nurl_file = "{path}"\n{more}\n'

    def configuration(self):
        return "".join(self.target(name) for name in self.receivers)

    def start(self, *more, **keywords):
        config = os.path.join(self.directory, "tallyfs.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'{self.top}[notify_defaults]\ntimeout_seconds = {self.timeout_seconds}\n'
                       'link = "http://tally.example/"\n')
            file.write(self.configuration())
        return super().start("--config", config, *more,
                             env={**os.environ, **self.environment}, **keywords)

    def change(self, count=1):
        """Settings changed: the numbers of their actions."""
        numbers = []
        for _ in range(count):
            level = self.daemon.read("control/log_level").strip()
            with open(self.daemon.path("control/log_level"), "w", encoding="utf-8") as file:
                file.write("debug\n" if level == "info" else "info\n")
            numbers.append(self.last_number())
        return numbers

    def last_number(self):
        lines = []
        for name in sorted(os.listdir(self.daemon.path("actions/day"))):
            lines += self.daemon.read("actions/day", name).splitlines()
        return json.loads(lines[-1])["n"]

    def status(self, name="ops"):
        targets = json.loads(self.daemon.read("notify/status.json"))["targets"]
        return next(one for one in targets if one["name"] == name)


class Telling(NotifyCase):
    def test_a_change_is_told_with_its_head_and_shown_as_sent(self):
        [number] = self.change()
        ops = self.receivers["ops"]
        wait_until(lambda: ops.numbers() == [number])
        path, headers, body = ops.server.received[0]
        self.assertEqual(path, "/" + SECRET)
        self.assertTrue(headers["Idempotency-Key"].endswith(f"-{number}"))
        told = json.loads(body)
        self.assertEqual((told["event"], told["facts"]["To"]), ("setting.changed", "debug"))
        self.assertEqual(told["link"], "http://tally.example/control/history.txt")
        verified = subprocess.run([f"{BINARIES}/tallyfs", "verify", "--state", self.state,
                                   "--head", told["head"]], capture_output=True, text=True)
        self.assertEqual(verified.returncode, 0, verified.stderr)
        wait_until(lambda: self.status()["sent"] == 1)
        self.assertEqual(self.status()["actions_behind"], 0)
        self.assertIn("ops (json)", self.daemon.read("notify/status.txt"))
        self.assertIn("[[notify]]", self.daemon.read("notify/README.md"))

    def test_the_text_of_a_policy_stays_here(self):
        name = self.daemon.path("control/policies/10-x")
        with open(name, "w", encoding="utf-8") as file:
            file.write("deny service=SECRET-CUSTOMER\n")
        os.unlink(name)
        ops = self.receivers["ops"]
        wait_until(lambda: len(ops.numbers()) == 2)
        self.assertEqual([one["event"] for one in ops.bodies()],
                         ["setting.changed", "setting.removed"])
        self.assertEqual(ops.bodies()[0]["subject"], "policies/10-x")
        self.assertNotIn("SECRET-", json.dumps(ops.bodies()))


class Requests(NotifyCase):
    def configuration(self):
        return (f'[[people]]\nname = "anna"\nunix_user = "{os.geteuid()}"\n'
                'roles = ["owner", "operator"]\n' + self.target("ops", 'events = ["approvals"]'))

    def test_a_request_is_told_from_its_opening_to_its_end(self):
        self.change()
        with open(self.daemon.path("approvals/new/mine"), "w", encoding="utf-8") as file:
            file.write(json.dumps({"kind": "cloud-model", "model": "gpt-oss:120b-cloud",
                                   "principal": "uid:7", "reason": "SECRET-REASON"}))
        with open(self.daemon.path("approvals/pending/0001-cloud-model/steps/1-owner/decision"),
                  "w", encoding="utf-8") as file:
            file.write("approve\n")
        ops = self.receivers["ops"]
        wait_until(lambda: len(ops.bodies()) == 3)
        self.assertEqual([one["event"] for one in ops.bodies()],
                         ["approval.requested", "approval.decided", "approval.done"])
        first = ops.bodies()[0]
        self.assertEqual(first["link"], "http://tally.example/page/0001")
        self.assertEqual(first["facts"]["Asked by"], "anna")
        self.assertEqual(first["facts"]["Waits for"], "owner (anna)")
        self.assertNotIn("SECRET-", json.dumps(ops.bodies()))


class Failing(NotifyCase):
    def make_receivers(self):
        self.receivers["ops"] = Receiver([500, "hang", "reset", (429, {"Retry-After": "2"})])
        self.receivers["other"] = Receiver()
        self.receivers["dead"] = Receiver(otherwise="hang")
        self.receivers["moved"] = Receiver(otherwise=(302, {"Location": "/elsewhere"}))
        self.receivers["gone"] = Receiver([404])

    def test_every_failure_is_overcome_in_order_and_delays_nobody_else(self):
        began = time.monotonic()
        numbers = self.change(3)
        other, ops = self.receivers["other"], self.receivers["ops"]
        wait_until(lambda: other.numbers() == numbers)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(ops.numbers(), [])
        wait_until(lambda: self.receivers["gone"].numbers() == numbers[1:])
        wait_until(lambda: ops.numbers() == numbers, 60)
        attempts = ops.server.attempts
        self.assertEqual([reply for _, reply in attempts][:4],
                         [500, "hang", "reset", (429, {"Retry-After": "2"})])
        self.assertGreaterEqual(attempts[4][0] - attempts[3][0], 2)
        self.assertLess(attempts[4][0] - attempts[3][0], 4)
        self.assertGreaterEqual(attempts[1][0] - attempts[0][0], 0.99)
        self.assertEqual(self.status("gone")["failed"], 1)
        self.assertIn("404", self.status("gone")["last_error"])
        dead = self.status("dead")
        self.assertEqual(dead["actions_behind"], 3)
        self.assertIn("no answer within 1 s", dead["last_error"])
        self.assertIsNotNone(dead["next_try"])
        self.assertIn("302", self.status("moved")["last_error"])
        self.assertEqual(self.receivers["moved"].numbers(), [])
        self.assertNothingSecret()

    def test_a_hanging_target_does_not_hold_up_the_end(self):
        self.change()
        wait_until(lambda: self.receivers["dead"].server.attempts)
        began = time.monotonic()
        self.assertEqual(self.daemon.end(), 0)
        self.assertLess(time.monotonic() - began, 5)

    def assertNothingSecret(self):
        texts = [self.daemon.stderr()]
        for root in (self.mountpoint, self.state):
            for directory, _, names in os.walk(root):
                for name in names:
                    path = os.path.join(directory, name)
                    with open(path, "rb") as file:
                        texts.append(file.read().decode(errors="replace"))
        for _, headers, body in self.receivers["other"].server.received:
            texts.append(body.decode())
            texts.append(json.dumps(headers))
        for text in texts:
            self.assertNotIn(SECRET, text)


class Killed(NotifyCase):
    def test_nothing_is_lost_over_kill_9_and_nothing_is_told_twice_but_the_last(self):
        ops = self.receivers["ops"]
        numbers = []
        for _ in range(4):
            numbers += self.change(3)
            ops.server.otherwise = 503
            numbers += self.change(2)
            self.daemon.process.kill()
            self.daemon.process.wait()
            ops.server.otherwise = 200
            self.daemon = self.start()
        numbers += self.change()
        wait_until(lambda: ops.numbers() and ops.numbers()[-1] == numbers[-1])
        told = ops.numbers()
        self.assertEqual(sorted(set(told)), numbers)
        self.assertEqual(told, sorted(told))
        self.assertLessEqual(len(told) - len(numbers), 4)
        for body in ops.bodies():
            keys = {headers["Idempotency-Key"] for _, headers, sent in ops.server.received
                    if json.loads(sent)["number"] == body["number"]}
            self.assertEqual(len(keys), 1)

    def test_a_chain_that_was_cut_while_nobody_looked_is_told(self):
        self.change(4)
        ops = self.receivers["ops"]
        wait_until(lambda: len(ops.numbers()) == 4)
        self.daemon.end()
        directory = os.path.join(self.state, "journal/actions")
        [name] = os.listdir(directory)
        path = os.path.join(directory, name)
        with open(path, "rb") as file:
            lines = file.readlines()
        with open(path, "wb") as file:
            file.writelines(lines[:2])
        self.daemon = self.start()
        wait_until(lambda: len(ops.numbers()) == 5)
        self.assertEqual(ops.bodies()[-1]["event"], "chain.broken")
        [number] = self.change()
        wait_until(lambda: ops.numbers()[-1] == number)
        self.assertEqual(len(ops.numbers()), 6)


class Heartbeat(NotifyCase):
    def configuration(self):
        address = self.receivers["ops"].address("/beat")
        return f'[heartbeat]\nurl = "{address}"\ninterval_seconds = 1\n'

    def test_it_beats_and_says_that_nobody_is_told(self):
        received = self.receivers["ops"].server.received
        wait_until(lambda: len(received) >= 2)
        self.assertEqual(received[0][0], "/beat")
        self.assertIn("Nobody is told", self.daemon.read("notify/status.txt"))
        wait_until(lambda: json.loads(self.daemon.read("notify/status.json"))["heartbeat"]["sent"] >= 2)


def certificate(directory, name):
    paths = [os.path.join(directory, f"{name}.{kind}") for kind in ("key", "crt")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName={name}",
                    "-keyout", paths[0], "-out", paths[1]], check=True, capture_output=True)
    return paths


@unittest.skipIf(shutil.which("openssl") is None, "no openssl to make a certificate with")
class Tls(NotifyCase):
    def make_receivers(self):
        import tempfile
        self.certificates = tempfile.mkdtemp(prefix="tallyfs-test.")
        self.addCleanup(shutil.rmtree, self.certificates, True)
        trusted = []
        for name, subject in (("good", "IP:127.0.0.1"), ("misnamed", "DNS:elsewhere.example"),
                              ("unknown", "IP:127.0.0.1")):
            key, crt = certificate(self.certificates, subject.replace("/", "_"))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(crt, key)
            self.receivers[name] = Receiver(tls=context)
            if name != "unknown":
                with open(crt, encoding="utf-8") as file:
                    trusted.append(file.read())
        store = os.path.join(self.certificates, "store.pem")
        with open(store, "w", encoding="utf-8") as file:
            file.write("".join(trusted))
        self.environment = {"SSL_CERT_FILE": store, "SSL_CERT_DIR": self.certificates + "/none"}

    def test_only_a_valid_certificate_of_the_host_is_told_anything(self):
        [number] = self.change()
        wait_until(lambda: self.receivers["good"].numbers() == [number])
        for name in ("misnamed", "unknown"):
            wait_until(lambda: self.status(name)["last_error"])
            self.assertIn("TLS", self.status(name)["last_error"])
            self.assertEqual(self.receivers[name].server.attempts, [])


class CheckConfig(unittest.TestCase):
    def check(self, text):
        import tempfile
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "c.toml")
            for name, content, mode in (("open", "https://h/" + SECRET, 0o644),
                                        ("bad", "ftp://h/" + SECRET, 0o600),
                                        ("good", "https://h/" + SECRET, 0o600)):
                with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                    file.write(content)
                os.chmod(os.path.join(directory, name), mode)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("DIR", directory))
            done = subprocess.run([f"{BINARIES}/tallyfs", "--config", path, "check-config"],
                                  capture_output=True, text=True, timeout=30)
            self.assertNotIn(SECRET, done.stdout + done.stderr)
            return done.returncode, done.stderr

    def test_what_is_wrong_is_said_with_its_place_and_never_the_address(self):
        head = '[[notify]]\nname = "a"\nformat = "json"\n'
        good = head + 'url_file = "DIR/good"\n'
        self.assertEqual(self.check(good)[0], 0)
        for text, told in (
                (head, "url_file is missing"),
                (head + 'url_file = "DIR/open"\n', "chmod 600"),
                (head + 'url_file = "DIR/bad"\n', "no address"),
                (head + 'url_file = "DIR/none"\n', "cannot be read"),
                (head + 'url_env = "TALLYFS_NOT_SET"\n', "url"),
                (good + 'events = ["budgest"]\n', "did you mean budgets?"),
                (good + 'events = ["approval.requestet"]\n', "approval.requested"),
                (good + "template = '{\"a\":\"{tilte}\"}'\n", "did you mean title?"),
                (good + good, "there twice"),
                (good.replace("json", "slak"), "did you mean slack?"),
                (good.replace('"a"', '"a/b"'), "name must be"),
                (good.replace("json", "pagerduty"), "token_file"),
                ('[[notify]]\nname="a"\nformat="slack"\nurl="https://h/' + SECRET + '"\n', "url_file"),
                ('[notify_defaults]\nlink = "tally"\n', "link must be"),
                ('[heartbeat]\nurl = "http://h/"\ninterval_seconds = 0\n', "interval_seconds"),
                (good + 'evnets = []\n', "did you mean events?")):
            code, error = self.check(text)
            self.assertEqual(code, 2, text)
            self.assertIn(told, error, text)


if __name__ == "__main__":
    unittest.main()
