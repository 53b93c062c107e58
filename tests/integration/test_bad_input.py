"""What is wrong gets a clear answer, and nothing is lost by it."""
import os
import socket
import subprocess
import tempfile
import unittest

from support import BINARIES, MountCase, post
from test_first_light import chat

PROGRAM = f"{BINARIES}/tallyfs"


def fails(test, expected_code, *arguments):
    """Runs the daemon, which must end with the code given; returns what it said."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60,
                          check=False)
    test.assertEqual(done.returncode, expected_code, done.stderr)
    test.assertEqual(done.stdout, "")
    return done.stderr


class CommandLine(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="tallyfs-test.")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.state = ["--state", os.path.join(self.directory, "state"), "--listen", "127.0.0.1:0",
                      "--admin", "127.0.0.1:0"]

    def test_wrong_usage_says_how_it_is_done(self):
        self.assertIn("MOUNTPOINT", fails(self, 2))
        self.assertIn("--help", fails(self, 2, "--no-such-option", "/mnt"))
        self.assertIn("HOST:PORT", fails(self, 2, "--listen", "nonsense", self.directory))
        self.assertIn("http://", fails(self, 2, "--upstream", "https://example", self.directory))

    def test_help_and_version_are_short_and_exit_0(self):
        done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True)
        self.assertIn("MOUNTPOINT", done.stdout)
        for line in done.stdout.splitlines():
            self.assertLessEqual(len(line), 100)
        done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r"^tallyfs \d+\.\d+\.\d+\n$")

    def test_a_typo_in_the_configuration_is_named_with_its_line_and_the_nearest_key(self):
        path = os.path.join(self.directory, "tallyfs.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write('listen = "127.0.0.1:0"\n[proxy]\nthread = 2\n')
        said = fails(self, 2, "--config", path, "check-config")
        self.assertIn("tallyfs.toml:3", said)
        self.assertIn("did you mean threads?", said)
        with open(path, "w", encoding="utf-8") as file:
            file.write('listen = \n')
        self.assertIn("tallyfs.toml:1", fails(self, 2, "--config", path, "check-config"))
        with open(path, "w", encoding="utf-8") as file:
            file.write('[proxy]\nthreads = "two"\n')
        self.assertIn("whole number", fails(self, 2, "--config", path, "check-config"))

    def test_a_mountpoint_that_does_not_do_is_explained(self):
        missing = os.path.join(self.directory, "missing")
        self.assertIn("missing", fails(self, 1, *self.state, missing))
        full = os.path.join(self.directory, "full")
        os.mkdir(full)
        with open(os.path.join(full, "file"), "w", encoding="utf-8"):
            pass
        self.assertIn("empty", fails(self, 1, *self.state, full))
        self.assertIn("director", fails(self, 1, *self.state, os.path.join(full, "file")))


class Running(MountCase):
    def other_mountpoint(self):
        path = os.path.join(self.directory, "other")
        os.mkdir(path)
        return path

    def test_a_second_daemon_on_the_same_state_is_refused_with_the_pid_of_the_first(self):
        said = fails(self, 1, "--state", self.state, "--listen", "127.0.0.1:0", "--admin",
                     "127.0.0.1:0", self.other_mountpoint())
        self.assertIn(str(self.daemon.process.pid), said)

    def test_a_port_in_use_is_said_with_what_to_do(self):
        state = os.path.join(self.directory, "state2")
        other = self.other_mountpoint()
        for option, used in (("--listen", self.daemon.proxy), ("--admin", self.daemon.admin)):
            ports = {"--listen": "127.0.0.1:0", "--admin": "127.0.0.1:0", option: used}
            arguments = [word for pair in ports.items() for word in pair]
            said = fails(self, 1, "--state", state, *arguments, other)
            self.assertIn(used.split(":")[1], said)
            self.assertIn("--", said)

    def raw(self, request):
        host, port = self.daemon.proxy.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            try:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # answered and closed before all of it was sent
            answer = b""
            try:
                while piece := connection.recv(65536):
                    answer += piece
            except OSError:
                pass
            return answer

    def test_malformed_requests_are_refused_and_the_proxy_goes_on(self):
        head = b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\n"
        cases = {
            b"nonsense\r\n\r\n": b"400",
            head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": b"400",
            head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello": b"400",
            head + b"Content-Length: -1\r\n\r\n": b"400",
            head + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n": b"431",
            b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n": b"403",
        }
        for request, status in cases.items():
            answer = self.raw(request)
            self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), (request[:60], answer[:80]))
        self.assertEqual(post(self.daemon.proxy, "/api/chat", chat("hello"))[0], 200)

    def test_invalid_json_is_answered_by_ollama_and_recorded(self):
        status, body = post(self.daemon.proxy, "/as/bad/api/chat", b"{ this is not JSON")
        self.assertEqual(status, 400)
        self.assertIn(b"error", body)
        call = self.daemon.calls()[-1]
        self.assertEqual((call["service"], call["status"], call["outcome"]),
                         ("bad", 400, "upstream_error"))

    def test_an_unknown_route_is_passed_on_and_recorded_as_other(self):
        status, _ = post(self.daemon.proxy, "/api/no-such-route", {})
        self.assertEqual(status, 404)
        self.assertEqual(self.daemon.calls()[-1]["endpoint"], "other")

    def test_an_ollama_that_is_not_there_is_an_error_in_the_dialect(self):
        self.standin.end()
        for path, part in (("/api/chat", b'{"error":"'), ("/v1/chat/completions", b'"type"'),
                           ("/v1/messages", b'"type":"error"')):
            status, body = post(self.daemon.proxy, path, chat("hello"))
            self.assertEqual(status, 502)
            self.assertIn(part, body)
        self.assertEqual([call["outcome"] for call in self.daemon.calls()],
                         ["upstream_error"] * 3)


if __name__ == "__main__":
    unittest.main()
