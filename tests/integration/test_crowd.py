"""Many at once, and those who take their time: the others are served, and memory stays bounded.

TALLYFS_NAMES=1000000 invents a million names in place of 20,000; TALLYFS_CONNECTIONS=8000 opens as
many connections.
"""
import json
import os
import resource
import socket
import time
import unittest

from support import MountCase, get, post, wait_until
from test_first_light import chat

NAMES = int(os.environ.get("TALLYFS_NAMES", "20000"))
CONNECTIONS = int(os.environ.get("TALLYFS_CONNECTIONS", "5000"))
AT_ONCE = 100  # pipelined requests: as many heads as fit into the proxy's buffer
LONG_SECONDS = 2.0  # a call that takes none waited for something


def sanitized(daemon):
    """Whether memory is counted in sanitizers' units; then only its order can be judged."""
    with open(daemon.process.args[0], "rb") as file:
        content = file.read()
    return b"__asan_init" in content or b"__tsan_init" in content


def connect(address):
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=60)


class Crowd(MountCase):
    def resident(self):
        with open(f"/proc/{self.daemon.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    def processor_seconds(self):
        with open(f"/proc/{self.daemon.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metric(self, name):
        _, text = get(self.daemon.admin, "/metrics")
        for line in text.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError("there is no metric " + name)

    def call_is_quick(self):
        began = time.monotonic()
        status, _ = post(self.daemon.proxy, "/as/quick/api/chat", chat("hello"))
        self.assertEqual(status, 200)
        self.assertLess(time.monotonic() - began, LONG_SECONDS)


class Idle(Crowd):
    def open_many(self, count):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if hard < count + 200:
            self.skipTest(f"only {hard} open files are allowed here, {count + 200} are needed")
        sockets = []
        self.addCleanup(lambda: [one.close() for one in sockets])
        for _ in range(count):
            sockets.append(connect(self.daemon.proxy))
        return sockets

    def test_thousands_of_idle_connections_cost_little_and_slow_nobody(self):
        self.call_is_quick()
        before = self.resident()
        sockets = self.open_many(CONNECTIONS)
        wait_until(lambda: self.metric("tallyfs_connections_open") >= CONNECTIONS)
        each = (self.resident() - before) / CONNECTIONS
        print(f"{CONNECTIONS} idle connections: {each / 1024:.1f} KiB of memory each")
        if not sanitized(self.daemon):
            self.assertLess(each, 16 * 1024)
        self.call_is_quick()
        for slow in sockets[::2]:  # half of a head, and then nothing
            slow.sendall(b"POST /api/chat HTTP/1.1\r\nHost: loc")
        self.call_is_quick()
        for gone in sockets:
            gone.close()
        wait_until(lambda: self.metric("tallyfs_connections_open") == 0)
        self.call_is_quick()

    def test_a_connection_over_the_limit_is_told_so_and_those_within_it_go_on(self):
        self.daemon.end()
        configuration = os.path.join(self.directory, "few.toml")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write("[proxy]\nconnections_max = 50\n")
        self.daemon = self.start("--config", configuration)
        within = self.open_many(50)
        wait_until(lambda: self.metric("tallyfs_connections_open") == 50)
        status, body = post(self.daemon.proxy, "/api/chat", chat("one too many"))
        self.assertEqual(status, 503)
        self.assertIn(b"too many connections", body)
        within.pop().close()
        wait_until(lambda: self.metric("tallyfs_connections_open") == 49)
        self.call_is_quick()

    def test_without_descriptors_it_waits_for_some_and_goes_on(self):
        self.daemon.end()
        few = 150
        self.daemon = self.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                                      (few, few)))
        kept = connect(self.daemon.proxy)
        self.addCleanup(kept.close)
        request = b"GET /api/tags HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n\r\n"

        def ask():
            kept.sendall(request)
            self.assertTrue(kept.recv(65536).startswith(b"HTTP/1.1 200 "))
        ask()
        sockets = self.open_many(3 * few)
        wait_until(lambda: "cannot accept" in self.daemon.stderr())
        ask()  # who is connected already is served, over a connection that is open already
        began = self.processor_seconds()
        ended = time.monotonic() + 1
        while time.monotonic() < ended:
            ask()
            time.sleep(0.1)
        if not sanitized(self.daemon):
            self.assertLess(self.processor_seconds() - began, 0.5)
        for one in sockets:
            one.close()
        wait_until(lambda: self.answers(request))
        self.call_is_quick()

    def answers(self, request):
        try:
            with connect(self.daemon.proxy) as one:
                one.settimeout(1)
                one.sendall(request)
                return one.recv(100).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False


class Names(Crowd):
    def invent(self, count, request_of):
        """Sends `count` requests on one connection, many at once, and reads as many replies."""
        with connect(self.daemon.proxy) as connection, connection.makefile("rb") as replies:
            for first in range(0, count, AT_ONCE):
                numbers = range(first, min(first + AT_ONCE, count))
                connection.sendall(b"".join(request_of(number) for number in numbers))
                for _ in numbers:
                    self.assertTrue(replies.readline().startswith(b"HTTP/1.1 200 "))
                    length = 0
                    while (line := replies.readline()) != b"\r\n":
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    self.assertGreater(len(replies.read(length)), 0)

    @staticmethod
    def request(target, model):
        body = b'{"model":"%s","prompt":"x","stream":false}' % model
        return (b"POST %s HTTP/1.1\r\nHost: localhost\r\nX-Standin: tokens=1\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (target, len(body), body))

    def test_any_number_of_invented_names_takes_the_room_of_a_thousand(self):
        def invented(number):
            return self.request(b"/as/invented-%d/api/generate" % number, b"llama3.2")
        self.invent(2_000, invented)
        self.daemon.read("usage/total.json")
        before = self.resident()
        self.invent(NAMES, invented)
        total = self.daemon.read("usage/total.json")
        grown = self.resident() - before
        print(f"{NAMES} invented names: {grown / 1e6:.1f} MB more")
        self.assertIn(f'"calls": {NAMES + 2_000}', total)
        names = os.listdir(self.daemon.path("usage/services"))
        self.assertEqual(len(names), 1_001)
        self.assertIn("(other)", names)
        self.assertLess(len(self.daemon.read("metrics")), 2_000_000)
        if not sanitized(self.daemon):
            self.assertLess(grown, 24e6 + NAMES * 100)

    def test_combinations_of_invented_names_are_bounded_as_well(self):
        def invented(number):
            target = b"/as/s%d/t%d/api/generate" % (number % 199, number % 211)
            return self.request(target, b"llama3.2" if number % 2 else b"qwen3:14b")
        self.invent(2_000, invented)
        self.daemon.read("usage/total.json")
        before = self.resident()
        self.invent(NAMES, lambda number: invented(number + 2_000))
        document = json.loads(self.daemon.read("usage/total.json"))
        grown = self.resident() - before
        print(f"{NAMES} invented combinations: {grown / 1e6:.1f} MB more")
        self.assertEqual(document["total"]["calls"], NAMES + 2_000)
        groups = {(group["service"], group["task"], group["model"])
                  for group in document["groups"]}
        self.assertGreater(len(groups), 10_000)
        self.assertLess(len(groups), 10_500)
        self.assertIn(("s7", "(other)", "(other)"), groups)
        self.assertLess(len(self.daemon.read("metrics")), 2_000_000)


class Slow(Crowd):
    standin_options = ("--parallel", "64")  # it works on, for those who do not read as well

    def test_readers_that_take_nothing_slow_nobody_and_grow_nothing(self):
        # Some 30 MB each: no socket holds that, and the stand-in has all of it in memory.
        body = b'{"model":"llama3.2","prompt":"long"}'
        request = (b"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nX-Standin: tokens=300000"
                   b"\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        self.call_is_quick()
        before = self.resident()
        readers = [connect(self.daemon.proxy) for _ in range(30)]
        self.addCleanup(lambda: [one.close() for one in readers])
        for one in readers:
            one.sendall(request)
        for one in readers:
            self.assertTrue(one.recv(1))
        sizes = [self.resident()]
        while len(sizes) < 3 or sizes[-1] > sizes[-2]:  # until nothing moves any more
            time.sleep(0.3)
            sizes.append(self.resident())
            self.call_is_quick()
        grown = (sizes[-1] - before) / len(readers)
        print(f"{len(readers)} readers that take nothing: {grown / 1024:.0f} KiB of memory each")
        if not sanitized(self.daemon):
            self.assertLess(grown, 200 * 1024)


if __name__ == "__main__":
    unittest.main()
