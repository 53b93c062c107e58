"""The load of a soak: callers of every kind, and people and programs that use the mount.

Each part is a thread that goes on until `stop` is set, and puts what went wrong into `faults`.
"""
import http.client
import json
import os
import random
import socket
import struct
import subprocess
import threading
import time

from support import BINARIES, post

MODEL = "llama3.2"
DEMO_SECONDS = 45     # then the same calls again: repeated prompts, and callers that vanish
IDLE_CONNECTIONS = 200
DUTY = 4              # a job on the mount rests so many times as long as it took


class Parts:
    """Threads that share a stop and a list of faults."""

    def __init__(self):
        self.stop = threading.Event()
        self.faults = []
        self.threads = []

    def add(self, work, *arguments):
        def run():
            try:
                work(*arguments)
            except Exception as error:  # pylint: disable=broad-except
                self.fault(f"{work.__name__}: {error!r}")
        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def fault(self, text):
        self.faults.append(text)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(timeout=60)
            if thread.is_alive():
                self.fault("a part of the load did not end")


def demo_callers(parts, proxy, rate, seed):
    """The demo's services, about `rate` calls a second, begun anew from the same seed."""
    concurrency = max(2, rate // 25)
    while not parts.stop.is_set():
        process = subprocess.Popen(
            [f"{BINARIES}/tallyfs-demo", "--proxy", f"http://{proxy}", "--calls", "0", "--quiet",
             "--concurrency", str(concurrency), "--pause-ms", str(1000 * concurrency // rate),
             "--seed", str(seed)], stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + DEMO_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if parts.stop.wait(0.2):
                break
        if process.poll() is not None:
            parts.fault(f"the callers ended by themselves: {process.stderr.read().strip()}")
        process.terminate()
        process.wait()
        process.stderr.close()


def chat(model=MODEL, stream=True, **more):
    return {"model": model, "stream": stream,
            "messages": [{"role": "user", "content": "the same question"}], **more}


def odd_requests():
    """(path, body, headers) of what upstreams and callers get wrong, and of cold starts."""
    wishes = ("die-after=0", "die-after=2", "error-after=2", "cut-after=2", "status=500",
              "status=503", "chunk-bytes=7", "close", "until-close", "trailer", "coalesce",
              "delay-ms=50")
    requests = [("/as/odd/upstream/api/chat", chat(), {"X-Standin": wish}) for wish in wishes]
    requests += [
        ("/as/odd/upstream/v1/chat/completions", chat(), {"X-Standin": "die-after=2"}),
        ("/as/odd/upstream/v1/messages", chat(max_tokens=9), {"X-Standin": "error-after=1"}),
        ("/as/odd/upstream/v1/responses", {"model": MODEL, "input": "a", "stream": True},
         {"X-Standin": "cut-after=2"}),
        ("/as/odd/caller/api/generate", b"{ this is not JSON", {}),
        ("/as/odd/caller/api/chat", chat("no-such-model"), {}),
        ("/as/odd/load/api/generate", {"model": "qwen2.5:14b", "keep_alive": 0}, {}),
        ("/as/odd/load/api/chat", chat("qwen2.5:14b"), {}),
        ("/as/odd/load/api/chat", chat("nomic-embed-text"), {}),
        ("/as/odd/load/api/chat", chat(options={"num_ctx": 8192}), {}),
        ("/as/odd/load/api/chat", chat(), {}),
    ]
    return requests


def odd_callers(parts, proxy):
    requests = odd_requests()
    while not parts.stop.is_set():
        for path, body, headers in requests:
            if parts.stop.wait(0.1):
                return
            try:
                post(proxy, path, body, headers)
            except (OSError, http.client.HTTPException):
                pass  # cut off, as wished


def leaving_callers(parts, proxy):
    """Clients that go away at every point of an exchange, politely and not."""
    host, port = proxy.split(":")
    randomness = random.Random(3)
    body = json.dumps(chat(options={"num_predict": 60})).encode()
    request = (b"POST /as/odd/leaves/api/chat HTTP/1.1\r\nHost: " + proxy.encode() +
               b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) +
               body)
    while not parts.stop.wait(0.1):
        with socket.create_connection((host, int(port)), timeout=30) as client:
            try:
                how = randomness.randrange(4)
                if how == 0:  # in the middle of the request
                    client.sendall(request[:randomness.randrange(1, len(request))])
                elif how == 1:  # in the middle of the response
                    client.sendall(request)
                    client.recv(randomness.randrange(1, 600))
                elif how == 2:  # its half of the connection only
                    client.sendall(request)
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(65536):
                        pass
                else:  # with a reset
                    client.sendall(request)
                    client.recv(1)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
            except ConnectionError:
                pass


def idle_connections(parts, proxy):
    """Connections that say nothing, or the beginning of a head; one after the other is renewed."""
    host, port = proxy.split(":")

    def connect(number):
        client = socket.create_connection((host, int(port)), timeout=30)
        if number % 2:
            client.sendall(b"POST /api/chat HTTP/1.1\r\nHo")
        return client
    clients = [connect(number) for number in range(IDLE_CONNECTIONS)]
    number = 0
    while not parts.stop.wait(0.25):
        clients[number].close()
        clients[number] = connect(number)
        number = (number + 1) % len(clients)
    for client in clients:
        client.close()


def jobs(mountpoint, backup):
    """What people and programs do in the mount: (command, exit codes that are right)."""
    today = os.path.join(mountpoint, "calls/today.jsonl")
    return [
        (["grep", "-c", '"outcome":"ok"', today], (0, 1)),
        (["tail", "-n", "3", today], (0,)),
        (["ls", "-lR", os.path.join(mountpoint, "usage")], (0,)),
        (["find", os.path.join(mountpoint, "usage"), "-type", "f"], (0,)),
        (["grep", "-r", "qwen", os.path.join(mountpoint, "usage")], (0, 1)),
        (["cat", *(os.path.join(mountpoint, name) for name in
                   ("status.txt", "status.json", "metrics", "usage/today.txt", "usage/total.csv",
                    "usage/duplicates.csv", "usage/cold-starts.csv", "usage/swaps.csv"))], (0,)),
        # 24: a call that was in flight ended in the meantime.
        (["rsync", "-a", "--delete", mountpoint + "/", backup], (0, 24)),
        (["du", "-s", mountpoint], (0, 1)),  # 1: the same
    ]


def mount_user(parts, command, right):
    while not parts.stop.is_set():
        began = time.monotonic()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, check=False, timeout=300)
        if done.returncode not in right:
            parts.fault(f"{' '.join(command[:3])}: code {done.returncode}: {done.stderr[-300:]}")
        parts.stop.wait(max(0.5, DUTY * (time.monotonic() - began)))


class Follower:
    """A `tail -f` of the day from its beginning: counts whole lines."""

    def __init__(self, path):
        self.process = subprocess.Popen(["tail", "-n", "+1", "-s", "0.2", "-f", path],
                                        stdout=subprocess.PIPE)
        self.lines = 0
        self.broken = 0
        self.thread = threading.Thread(target=self.count, daemon=True)
        self.thread.start()

    def count(self):
        for line in self.process.stdout:
            self.lines += 1
            self.broken += not (line.startswith(b'{"v":1,') and line.endswith(b"}\n"))

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()
