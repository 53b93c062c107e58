"""Names that callers choose stay names: in the journal, in the mount, in metrics and in CSV."""
import csv
import http.client
import io
import json
import os
import re
import unittest
import urllib.parse

from support import MountCase, get, post
from test_first_light import chat

# Each as bytes, as a path can carry them; a header carries those without NUL, CR and LF.
NAMES = [
    b"../../etc", b"..", b".", b"...", b"/", b"//", b"a/b", b".hidden", b"~root", b"-rf", b"*",
    b"a\nb", b"a\r\nX-Injected: 1", b"\n", b"\0", b"a\0b", b"\x1b[2J", b"\x7f", b"tab\tbed", b" ",
    b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf0\x9f\xa6", b"x" * 10_000,
    "\u00fc".encode() * 5_000, "\u202egnp.exe".encode(), "\u2066isolated".encode(),
    "\u200eleft".encode(), "\u061cletter".encode(), "\u2028line".encode(), "\u0085next".encode(),
    "\ufeffmark".encode(), "\u00adsoft".encode(), "\U000e0041tag".encode(), "\U0001f999".encode(),
    b'"quoted"', b"back\\slash", b'"}\\n', b"{}", b"a,b", b"a;b", b"'", b"`id`", b"$(id)", b"%",
    b"%2e%2e", b"%00", b"100%", b"#", b"?", b"=cmd()", b"+1+1", b"-2+3", b"@SUM(A1)", b"\t=1",
    b"\r=1", b"(other)", b"README.md", b"today.txt", b"total.json", b"null", b"NaN", b"<script>",
]
FIELDS = 38  # of a line: docs/formats.md
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
                     "\ufeff\U000e0000-\U000e007f]")
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


class Names(MountCase):
    def setUp(self):
        super().setUp()
        self.models = []
        for name in NAMES:
            quoted = "".join(f"%{byte:02X}" for byte in name)
            post(self.daemon.proxy, f"/as/{quoted}/api/chat", chat("by path"))
            post(self.daemon.proxy, f"/as/tasks/{quoted}/api/chat", chat("by path, a task"))
            if not set(name) & set(b"\0\r\n\x1b\x7f"):
                for header in ("X-Service", "X-Task", "User-Agent"):
                    self.call_with(header, name)
            # JSON is UTF-8: a lone surrogate can still be written with an escape.
            text = name.decode("utf-8", "surrogateescape")
            self.models.append(text)
            post(self.daemon.proxy, "/as/models/api/chat",
                 json.dumps({"model": text, "messages": [{"role": "user", "content": "x"}]}).encode())

    def call_with(self, header, value):
        connection = http.client.HTTPConnection(self.daemon.proxy, timeout=30)
        body = json.dumps(chat("by header")).encode()
        connection.putrequest("POST", "/api/chat")
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader(header, value)
        connection.endheaders(body)
        self.assertEqual(connection.getresponse().status, 200, value[:20])
        connection.close()

    def test_every_line_is_one_call_and_every_name_in_it_is_one_line_of_text(self):
        count = 0
        for day in os.listdir(self.daemon.path("calls/day")):
            with open(self.daemon.path("calls/day", day), "rb") as file:
                content = file.read()
            self.assertTrue(content.endswith(b"\n"))
            for line in content[:-1].split(b"\n"):
                count += 1
                self.assertLess(len(line), 16_384)
                self.assertIsNone(re.search(rb"[\x00-\x1f\x7f]", line), line[:200])
                call = json.loads(line.decode("utf-8", "strict"))
                self.assertEqual(call["v"], 1)
                self.assertEqual(len(call), FIELDS)
                for field in ("service", "task", "principal", "process"):
                    if call[field] is not None:
                        self.assertIsNone(CONTROL.search(call[field]), (field, call[field][:40]))
                        self.assertLessEqual(len(call[field].encode()), 256)
                        self.assertNotIn(call[field], ("", " "))
        self.assertGreater(count, 4 * len(NAMES))
        self.assertEqual(count, json.loads(self.daemon.read("usage/total.json"))["total"]["calls"])

    def test_every_entry_of_the_mount_is_a_safe_component_and_can_be_read(self):
        files = 0
        for folder, folders, names in os.walk(os.fsencode(self.mountpoint),
                                              onerror=self.fail_with):
            for name in folders + names:
                text = name.decode("utf-8", "strict")
                self.assertLessEqual(len(name), 255)
                self.assertNotIn(text, ("", ".", ".."))
                self.assertFalse(text.startswith("."), text)
                self.assertIsNone(CONTROL.search(text), text.encode())
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    self.assertTrue(os.path.realpath(path).startswith(
                        os.fsencode(os.path.realpath(self.mountpoint)) + b"/"), path)
                with open(path, "rb") as file:
                    self.check_file(name.decode(), file.read().decode("utf-8", "strict"), path)
                files += 1
        self.assertGreater(files, 500)

    @staticmethod
    def fail_with(error):
        raise error

    def check_file(self, name, content, path):
        if name.endswith(".json"):
            json.loads(content)
        elif name.endswith(".csv"):
            rows = list(csv.reader(io.StringIO(content), strict=True))
            for row in rows:
                self.assertEqual(len(row), len(rows[0]), (path, row))
                for cell in row:
                    if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
                        float(cell)  # a figure; anything else could be a formula
        elif name.endswith(".txt"):
            for line in content.splitlines():
                self.assertRegex(line, r"\A[ -~]{0,80}\Z", path)

    def test_services_and_models_have_a_directory_of_their_own_under_their_name(self):
        for kind, field in (("services", "service"), ("models", "model")):
            names = {call[field] for call in self.daemon.calls() if call[field]}
            folder = self.daemon.path("usage", kind)
            self.assertEqual(len(os.listdir(folder)), len(names))
            for name in names:
                if "/" in name or "\0" in name or len(name.encode()) > 255 or name in (".", ".."):
                    continue
                total = json.loads(self.daemon.read("usage", kind, name, "total.json"))["total"]
                calls = [call for call in self.daemon.calls() if call[field] == name]
                self.assertEqual(total["calls"], len(calls), name)
            for entry in os.listdir(folder):
                status, _ = get(self.daemon.admin, "/usage/%s/%s/total.json"
                                % (kind, urllib.parse.quote(entry, safe="")))
                self.assertEqual(status, 200, entry)
        # What the path means stays what it means.
        self.assertIn("calls", os.listdir(self.daemon.path("usage/services/..", "..")))
        status, _ = get(self.daemon.admin, "/usage/services/..%2f..%2f..%2fetc/passwd")
        self.assertEqual(status, 404)

    def test_metrics_parse_and_no_series_is_there_twice(self):
        content = self.daemon.read("metrics")
        self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f]", content))
        seen = set()
        for line in content.split("\n"):
            if not line or line.startswith("#"):
                continue
            sample = SAMPLE.fullmatch(line)
            self.assertIsNotNone(sample, line)
            labels = sample[2] or ""
            self.assertEqual("".join(match[0] for match in LABEL.finditer(labels)), labels)
            float(sample[3])
            self.assertNotIn((sample[1], labels), seen)
            seen.add((sample[1], labels))
        self.assertGreater(len(seen), 100)

    def test_exact_names_are_in_json(self):
        groups = json.loads(self.daemon.read("usage/total.json"))["groups"]
        calls = self.daemon.calls()
        for field in ("service", "task", "model"):
            self.assertEqual({group[field] for group in groups}, {call[field] for call in calls})


class Rebinding(MountCase):
    def ask(self, address, head):
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.connect()
        connection.sock.sendall(head.encode() + b"\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := connection.sock.recv(65536):
            answer += piece
        connection.close()
        return answer

    def test_a_page_that_has_rebound_its_name_gets_nothing_from_either_port(self):
        for address in (self.daemon.proxy, self.daemon.admin):
            port = address.split(":")[1]
            for head in (f"GET /status.txt HTTP/1.1\r\nHost: evil.example:{port}",
                         f"GET /status.txt HTTP/1.1\r\nHost: evil.example:{port}\r\n"
                         f"Origin: http://evil.example:{port}",
                         f"GET http://evil.example:{port}/status.txt HTTP/1.1\r\nHost: localhost",
                         "GET /status.txt HTTP/1.1\r\nHost: [::1].evil.example",
                         "GET /status.txt HTTP/1.1\r\nHost: evil.example/.localhost"):
                answer = self.ask(address, head)
                self.assertRegex(answer, rb"\AHTTP/1.1 40[03] ", head)
                self.assertNotIn(b"PROXY", answer)
            answer = self.ask(address, "GET /status.txt HTTP/1.1\r\nHost: localhost\r\n"
                                       "Host: evil.example")
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer[:80])
        self.assertIn(b"PROXY", self.ask(self.daemon.admin,
                                         "GET /status.txt HTTP/1.1\r\nHost: localhost"))

    def test_no_page_of_another_origin_may_read_or_send_through_the_admin_port(self):
        answer = self.ask(self.daemon.admin, "GET /status.txt HTTP/1.1\r\nHost: localhost\r\n"
                                             "Origin: http://evil.example")
        self.assertNotIn(b"Access-Control", answer)
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            answer = self.ask(self.daemon.admin,
                              f"{method} /status.txt HTTP/1.1\r\nHost: localhost\r\n"
                              "Content-Length: 0")
            self.assertTrue(answer.startswith(b"HTTP/1.1 405 "), answer[:80])


if __name__ == "__main__":
    unittest.main()
