"""What is kept of calls: redacted before it reaches the disk, by service, for so many days, and
never at the cost of a call."""
import glob
import http.client
import http.server
import json
import os
import shutil
import stat
import subprocess
import threading
import time
import unittest
import uuid

from support import MountCase, can_mount, get, post, wait_until
from test_approvals import ANNA, PEOPLE, Shell
from test_control import shell

CANARY = "canary-7f3a9c"
# Taken apart here, so that a stream can cut them anywhere.
SECRETS = ("anna.muster@example.org", "DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111",
           "sk-proj-Zx81kQ0vT5mB2nLr8YwHc3")
ROUTES = {
    "/api/chat": ("native", "messages"), "/api/generate": ("native", "prompt"),
    "/v1/chat/completions": ("openai", "messages"), "/v1/responses": ("responses", "input"),
    "/v1/messages": ("anthropic", "messages"),
}


def request_for(path, text, stream):
    body = {"model": "m", "stream": stream}
    if ROUTES[path][1] == "messages":
        body["messages"] = [{"role": "user", "content": text}]
    else:
        body[ROUTES[path][1]] = text
    if path == "/v1/messages":
        body["max_tokens"] = 100
    return body


def reply_to(path, text):
    """One document of this route, that says `text`."""
    return {
        "/api/chat": {"model": "m", "message": {"role": "assistant", "content": text},
                      "done": True, "done_reason": "stop"},
        "/api/generate": {"model": "m", "response": text, "done": True, "context": [1, 2, 3]},
        "/v1/chat/completions": {"model": "m", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text},
             "finish_reason": "stop"}]},
        "/v1/responses": {"model": "m", "status": "completed", "output": [
            {"type": "message", "role": "assistant",
             "content": [{"type": "output_text", "text": text}]}]},
        "/v1/messages": {"type": "message", "model": "m", "role": "assistant",
                         "stop_reason": "end_turn", "content": [{"type": "text", "text": text}]},
    }[path]


def events_of(path, pieces):
    """A stream of this route, a piece of text in each of its events."""
    def data(event):
        return f"data: {json.dumps(event)}\n\n"
    if path == "/api/chat":
        events = [json.dumps({"model": "m", "message": {"role": "assistant", "content": piece},
                              "done": False}) + "\n" for piece in pieces]
        return events + [json.dumps({"model": "m", "done": True, "done_reason": "stop"}) + "\n"]
    if path == "/api/generate":
        events = [json.dumps({"model": "m", "response": piece, "done": False}) + "\n"
                  for piece in pieces]
        return events + [json.dumps({"model": "m", "done": True}) + "\n"]
    if path == "/v1/chat/completions":
        events = [data({"model": "m", "choices": [{"index": 0, "delta": {"content": piece}}]})
                  for piece in pieces]
        return events + ["data: [DONE]\n\n"]
    if path == "/v1/responses":
        events = [data({"type": "response.output_text.delta", "output_index": 0,
                        "content_index": 0, "delta": piece}) for piece in pieces]
        return events + [data({"type": "response.completed", "response": {
            **reply_to(path, "".join(pieces))}})]
    events = [data({"type": "content_block_delta", "index": 0,
                    "delta": {"type": "text_delta", "text": piece}}) for piece in pieces]
    return events + [data({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
                     data({"type": "message_stop"})]


class Quiet(http.server.ThreadingHTTPServer):
    """A daemon that is killed cuts its connections: that is no news."""
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Speaker(http.server.BaseHTTPRequestHandler):
    """An Ollama that says what the test wants, in pieces of so many letters."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer("application/json", b'{"version":"0.33.0","models":[]}')

    def answer(self, content_type, body):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path
        if path not in ROUTES:
            return self.answer("application/json", b"{}")
        text = self.server.says
        if not asked.get("stream"):
            return self.answer("application/json", json.dumps(reply_to(path, text)).encode())
        native = path.startswith("/api/")
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson" if native else "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        size = self.server.piece_letters
        pieces = [text[at:at + size] for at in range(0, len(text), size)]
        events = [event.encode() for event in events_of(path, pieces)]
        for number, data in enumerate(events):
            if number == len(events) - 1 and self.server.hold.is_set():
                self.server.released.wait(30)
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        return None


class CaptureCase(MountCase):
    def setUp(self):
        self.speaker = Quiet(("127.0.0.1", 0), Speaker)
        self.speaker.says = "hello " + CANARY
        self.speaker.piece_letters = 3
        self.speaker.hold = threading.Event()
        self.speaker.released = threading.Event()
        threading.Thread(target=self.speaker.serve_forever, daemon=True).start()
        self.addCleanup(self.speaker.server_close)
        self.addCleanup(self.speaker.shutdown)
        super().setUp()

    def start(self, *more, **keywords):
        self.standin.address = f"127.0.0.1:{self.speaker.server_address[1]}"
        return super().start(*more, **keywords)

    def set(self, name, value):
        done = shell(f"echo {value} > '{self.daemon.path('control', name)}'")
        self.assertEqual(done.returncode, 0, self.daemon.read("control/last_error"))

    def call(self, path="/api/chat", text="hi", stream=False, service="tester"):
        status, body = post(self.daemon.proxy, f"/as/{service}{path}",
                            request_for(path, text, stream))
        self.assertEqual(status, 200, body)
        return self.daemon.calls()[-1]["id"]

    def captured(self, call, name="request.json"):
        path = self.daemon.path("calls/by-id", call, name)
        wait_until(lambda: os.path.exists(path))
        with open(path, encoding="utf-8") as file:
            return file.read()

    def kept(self):
        return json.loads(self.daemon.read("status.json"))["captures"]

    def stored(self):
        """Everything below the state directory, also what has no name any more in the mount."""
        content = b""
        for folder, _, names in os.walk(self.state):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    content += file.read()
        return content

    def actions(self, event):
        lines = []
        for name in sorted(os.listdir(self.daemon.path("actions/day"))):
            lines += [json.loads(line)
                      for line in self.daemon.read("actions/day", name).splitlines()]
        return [line for line in lines if line["event"] == event]


class Kept(CaptureCase):
    def test_off_keeps_nothing_of_what_was_said(self):
        for path in ROUTES:
            for stream in (False, True):
                self.call(path, "please " + CANARY, stream)
        self.assertFalse(os.path.exists(os.path.join(self.state, "captures")))
        self.assertNotIn(CANARY.encode(), self.stored())
        self.assertEqual(os.listdir(self.daemon.path("calls/captures")), [])

    def test_every_dialect_is_kept_streamed_or_not(self):
        self.set("capture", "full")
        for path in ROUTES:
            for stream in (False, True):
                call = self.call(path, "please " + CANARY, stream)
                with self.subTest(path=path, stream=stream):
                    self.assertEqual(self.captured(call, "prompt.txt"),
                                     f"[user]\nplease {CANARY}\n")
                    self.assertEqual(self.captured(call, "response.txt"),
                                     f"[assistant]\nhello {CANARY}\n")
                    self.assertIn(CANARY, self.captured(call, "request.json"))
                    reply = json.loads(self.captured(call, "response.json"))
                    self.assertEqual(reply.get("streamed", False), stream)
                    self.assertIn(CANARY, json.dumps(reply))
                    about = json.loads(self.captured(call, "about.json"))
                    self.assertEqual((about["service"], about["capture"]), ("tester", "full"))

    def test_no_secret_reaches_the_disk_however_a_stream_cuts_it(self):
        self.set("capture", "full")
        text = "; ".join(SECRETS) + "; done"
        self.speaker.says = text
        for letters in (1, 3, 7, 100):
            self.speaker.piece_letters = letters
            for path in ROUTES:
                for stream in (False, True):
                    call = self.call(path, text, stream)
                    for name in ("prompt.txt", "response.txt", "request.json", "response.json"):
                        kept = self.captured(call, name)
                        with self.subTest(path=path, stream=stream, name=name, letters=letters):
                            for form in ("email", "iban", "card", "key"):
                                self.assertIn(f"[redacted:{form}]", kept)
                            self.assertIn("done", kept)
        stored = self.stored()
        for secret in SECRETS:
            for part in secret.replace("@", " ").split():
                if len(part) > 6:
                    self.assertNotIn(part.encode(), stored, part)
            self.assertNotIn(secret.encode(), stored)

    def test_patterns_of_ones_own_hold_from_the_next_call_on(self):
        self.set("capture", "full")
        self.set("redact/project", "canary-[0-9a-f]+")
        call = self.call(text="about " + CANARY, stream=True)
        self.assertEqual(self.captured(call, "prompt.txt"), "[user]\nabout [redacted:project]\n")
        self.assertEqual(self.captured(call, "response.txt"),
                         "[assistant]\nhello [redacted:project]\n")
        self.assertNotIn(CANARY.encode(), self.stored())

    def test_metadata_keeps_the_form_of_a_request_and_no_text(self):
        self.set("capture", "metadata")
        call = self.call(text="please " + CANARY)
        shape = json.loads(self.captured(call))
        self.assertEqual(shape["messages"], [{"role": "user", "content": "[text: 20 bytes]"}])
        self.assertEqual(shape["model"], "m")
        names = os.listdir(self.daemon.path("calls/by-id", call))
        self.assertEqual(sorted(names), ["about.json", "call.json", "request.json"])
        self.assertNotIn(CANARY.encode(), self.stored())

    def test_files_are_listed_by_day_with_exact_sizes_and_for_the_owner_alone(self):
        self.set("capture", "full")
        call = self.call()
        self.captured(call)
        [day] = os.listdir(self.daemon.path("calls/captures"))
        self.assertEqual(os.listdir(self.daemon.path("calls/captures", day)), [call])
        folder = os.path.join(self.state, "captures", day, call)
        for name in os.listdir(folder):
            shown = os.stat(self.daemon.path("calls/captures", day, call, name))
            stored = os.stat(os.path.join(folder, name))
            self.assertEqual(shown.st_size, stored.st_size)
            self.assertEqual(int(shown.st_mtime), int(stored.st_mtime))
            self.assertEqual(stat.S_IMODE(stored.st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(shown.st_mode), 0o400)
        self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
        for path in ("/calls/captures", f"/calls/captures/{day}/{call}/prompt.txt",
                     f"/calls/by-id/{call}/prompt.txt"):
            self.assertEqual(get(self.daemon.admin, path)[0], 404, path)
        self.assertEqual(get(self.daemon.admin, f"/calls/by-id/{call}/call.json")[0], 200)
        backup = os.path.join(self.directory, "backup")
        done = subprocess.run(["rsync", "-a", self.mountpoint + "/calls", backup],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.path.exists(f"{backup}/calls/captures/{day}/{call}/prompt.txt"))

    def test_bodies_over_the_limits_are_cut_or_not_kept_and_say_so(self):
        self.set("capture", "full")
        self.speaker.says = "word " * 300_000
        self.speaker.piece_letters = 10_000
        call = self.call(text="x " * (3 << 20), stream=True)
        self.assertIn("longer than 4194304", json.loads(self.captured(call))["not_kept"])
        reply = json.loads(self.captured(call, "response.json"))
        self.assertEqual(reply["cut_after_bytes"], 1 << 20)
        self.assertLess(len(self.captured(call, "response.txt")), 1 << 20)
        call = self.call()
        self.assertIn("longer than", json.loads(self.captured(call, "response.json"))["not_kept"])


class Settings(CaptureCase):
    def test_a_service_has_a_setting_of_its_own_at_once_and_after_a_restart(self):
        self.assertEqual(os.listdir(self.daemon.path("control/services")), [])
        self.assertEqual(self.daemon.read("control/services/n8n/capture"), "default\n")
        self.set("services/n8n/capture", "full")
        self.set("services/a b@c/capture", "full")
        self.assertEqual(sorted(os.listdir(self.daemon.path("control/services"))),
                         ["a b@c", "n8n"])
        change = self.actions("setting.changed")[0]
        self.assertEqual((change["subject"], change["detail"]),
                         ("services/n8n/capture", {"to": "full"}))
        for _ in range(2):
            self.captured(self.call(service="n8n"), "prompt.txt")
            self.captured(self.call(service="a%20b@c"), "prompt.txt")
            other = self.call(service="other", text=CANARY + "-other")
            self.captured(self.call(service="n8n"))
            self.assertFalse(os.path.exists(self.daemon.path("calls/by-id", other, "request.json")))
            self.daemon.end()
            self.daemon = self.start()
        self.assertEqual(self.daemon.read("control/services/n8n/capture"), "full\n")
        self.assertNotIn((CANARY + "-other").encode(), self.stored())
        self.set("services/n8n/capture", "default")
        os.unlink(self.daemon.path("control/services/a b@c/capture"))
        self.assertEqual(os.listdir(self.daemon.path("control/services")), [])
        self.assertEqual(len(self.actions("setting.removed")), 2)
        self.set("capture", "full")
        self.set("services/quiet/capture", "off")
        quiet = self.call(service="quiet", text=CANARY + "-quiet")
        self.captured(self.call(service="n8n"))
        self.assertFalse(os.path.exists(self.daemon.path("calls/by-id", quiet, "request.json")))

    def test_nonsense_changes_nothing_and_says_why(self):
        for name in ("capture", "services/n8n/capture"):
            refused = shell(f"echo ful > {self.daemon.path('control', name)}")
            self.assertIn("Invalid argument", refused.stderr)
            self.assertIn("did you mean full?", self.daemon.read("control/last_error"))
        self.assertEqual(os.listdir(self.daemon.path("control/services")), [])
        self.assertIn("services/<service>/capture", self.daemon.read("control/README.md"))


class Failures(CaptureCase):
    def test_a_killed_daemon_leaves_no_byte_of_what_ran(self):
        self.set("capture", "full")
        self.speaker.hold.set()
        body = request_for("/api/chat", "please " + CANARY, True)
        callers = [threading.Thread(target=self.try_call, args=(body,)) for _ in range(4)]
        for caller in callers:
            caller.start()
        wait_until(lambda: len(os.listdir(self.daemon.path("calls/inflight"))) == 5)
        self.daemon.end(9)
        self.speaker.released.set()
        for caller in callers:
            caller.join()
        self.assertNotIn(CANARY.encode(), self.stored())

    def try_call(self, body):
        try:
            post(self.daemon.proxy, "/api/chat", body)
        except OSError:
            pass
        except http.client.HTTPException:
            pass

    def test_a_daemon_killed_while_it_writes_shows_no_half_capture(self):
        self.set("capture", "full")
        stop = threading.Event()

        def load():
            while not stop.is_set():
                self.try_call(request_for("/api/chat", SECRETS[0] + " please", True))
        for _ in range(3):
            callers = [threading.Thread(target=load) for _ in range(4)]
            for caller in callers:
                caller.start()
            wait_until(lambda: self.kept()["kept"] > 20)
            self.daemon.end(9)
            stop.set()
            for caller in callers:
                caller.join()
            stop.clear()
            self.daemon = self.start()
            for folder in glob.glob(self.daemon.path("calls/captures/*/*")):
                self.assertEqual(len(os.listdir(folder)), 5, folder)
        self.assertEqual(glob.glob(os.path.join(self.state, "captures/*/.*")), [])
        self.assertNotIn(SECRETS[0].encode(), self.stored())

    def test_an_unwritable_directory_harms_no_call_and_is_said(self):
        with open(os.path.join(self.state, "captures"), "w", encoding="utf-8"):
            pass
        self.set("capture", "full")
        for _ in range(5):
            self.call()
        wait_until(lambda: self.kept()["failed"] == 5)
        self.assertEqual(self.daemon.stderr().count("captures cannot be written"), 1)
        self.assertIn("5 captures could not be kept", self.daemon.read("status.txt"))
        os.unlink(os.path.join(self.state, "captures"))
        self.captured(self.call(), "response.txt")

    def test_a_full_disk_harms_no_call_and_is_said(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        self.set("capture", "full")
        folder = os.path.join(self.state, "captures")
        os.mkdir(folder)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=70m", "tmpfs", folder],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest("cannot mount a small tmpfs: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)
        self.captured(self.call())
        with open(os.path.join(folder, "ballast"), "wb") as ballast:
            ballast.write(b"\0" * (8 << 20))
        calls = [self.call() for _ in range(5)]
        wait_until(lambda: self.kept()["failed"] == 5)
        self.assertIn("No space left", self.daemon.stderr())
        self.assertFalse(os.path.exists(self.daemon.path("calls/by-id", calls[0], "request.json")))
        os.unlink(os.path.join(folder, "ballast"))
        self.captured(self.call())


class Retention(CaptureCase):
    def old_capture(self, day, service="old"):
        name = str(uuid.UUID(int=(int(time.mktime(time.strptime(day + " 12", "%Y-%m-%d %H")) * 1000)
                                  << 80) | (7 << 76) | (2 << 62) | int(uuid.uuid4()) & 0xffff))
        folder = os.path.join(self.state, "captures", day, name)
        os.makedirs(folder, mode=0o700)
        with open(os.path.join(folder, "about.json"), "w", encoding="utf-8") as file:
            json.dump({"service": service}, file)
        with open(os.path.join(folder, "prompt.txt"), "w", encoding="utf-8") as file:
            file.write(CANARY + "\n")

    def days(self):
        return sorted(os.listdir(self.daemon.path("calls/captures")))

    def test_old_days_go_whole_and_that_is_recorded(self):
        self.assertEqual(self.daemon.read("control/retention_captures_days"), "30\n")
        self.old_capture("2026-01-02")
        self.old_capture("2026-01-02")
        self.old_capture("2026-01-03")
        self.set("retention_captures_days", "0")
        self.assertEqual(self.days(), ["2026-01-02", "2026-01-03"])
        refused = shell(f"printf 7 > {self.daemon.path('control/retention_captures_days')}")
        self.assertNotEqual(refused.returncode, 0)
        self.set("retention_captures_days", "7")
        wait_until(lambda: self.days() == [])
        self.assertNotIn(CANARY.encode(), self.stored())
        deleted = self.actions("captures.deleted")
        self.assertEqual([(one["subject"], one["detail"]["count"]) for one in deleted],
                         [("2026-01-02", 2), ("2026-01-03", 1)])
        self.assertEqual(deleted[0]["by"], "tallyfs")

    def test_days_that_grew_old_while_nothing_ran_go_after_the_start(self):
        self.set("capture", "full")
        call = self.call()
        self.captured(call)
        self.daemon.end()
        self.old_capture("2026-01-02")
        self.daemon = self.start()
        wait_until(lambda: "2026-01-02" not in self.days())
        self.captured(call)
        self.assertEqual(len(self.actions("captures.deleted")), 1)


class Deleting(CaptureCase):
    def setUp(self):
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            self.skipTest("several users take root and setpriv")
        super().setUp()

    def start(self, *more, **keywords):
        os.chmod(self.directory, 0o755)
        config = os.path.join(self.directory, "tallyfs.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(PEOPLE)
        return super().start("--config", config, *more, **keywords)

    def ask(self, what):
        name = self.daemon.path("approvals/new/mine")
        with open(name, "w", encoding="utf-8") as file:
            file.write(f"kind=delete-captures\n{what}\nreason=asked by the works council\n")
        with open(name, encoding="utf-8") as file:
            return file.read().strip()

    def approve(self, request):
        decided = Shell(ANNA)(f"echo approve > {self.daemon.path(request)}/steps/1-owner/decision")
        self.assertEqual(decided.returncode, 0, decided.stderr)

    def test_captures_of_a_service_go_when_that_is_approved(self):
        self.set("capture", "full")
        gone = [self.call(service="n8n", text=CANARY + "-n8n") for _ in range(2)]
        stays = self.call(service="agent")
        for call in (*gone, stays):
            self.captured(call)
        for wrong, told in (("service=nobody", "no captures"), ("day=tomorrow", "no day"),
                            ("what=all", "it has day, id or service")):
            with self.assertRaises(OSError):
                self.ask(wrong)
            self.assertIn(told, self.daemon.read("control/last_error"))
        request = self.ask("service=n8n")
        self.assertIn("2 captures of service n8n: 10 files", self.daemon.read(request, "plan.txt"))
        self.assertIn((CANARY + "-n8n").encode(), self.stored())
        self.approve(request)
        wait_until(lambda: (CANARY + "-n8n").encode() not in self.stored())
        self.captured(stays)
        # The kernel knows the name for a second more.
        wait_until(lambda: not os.path.exists(self.daemon.path("calls/by-id", gone[0],
                                                               "prompt.txt")))
        [deleted] = self.actions("captures.deleted")
        self.assertEqual(deleted["detail"], {"service": "n8n", "count": 2, "request": "0001"})
        [done] = glob.glob(self.daemon.path("approvals/done/0001-delete-captures"))
        with open(os.path.join(done, "result.json"), encoding="utf-8") as file:
            self.assertIn("2 captures deleted", file.read())

    def test_captures_of_a_call_and_of_a_day_too(self):
        self.set("capture", "full")
        first, second = self.call(), self.call()
        self.captured(first)
        self.captured(second)
        self.approve(self.ask("id=" + first))
        wait_until(lambda: not os.path.exists(self.daemon.path("calls/by-id", first, "prompt.txt")))
        self.captured(second)
        [day] = os.listdir(self.daemon.path("calls/captures"))
        self.approve(self.ask("day=" + day))
        wait_until(lambda: os.listdir(self.daemon.path("calls/captures")) == [])
        self.daemon.end(9)
        self.daemon = self.start()
        self.assertEqual(len(self.actions("captures.deleted")), 2)


if __name__ == "__main__":
    if not can_mount():
        print("no /dev/fuse or no fusermount3 here: all of this is skipped")
    unittest.main()
