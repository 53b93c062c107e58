"""Clients that call without a pause over kills and restarts, and note what they saw complete."""
import collections
import json
import re
import socket
import threading

CALLS_OF_A_CONNECTION = 40
PROMPT = {"model": "llama3.2", "messages": [{"role": "user", "content": "hello"}]}

# service -> path below it, body, what ends the answer (none: its length), wishes to the stand-in
KINDS = {
    "chat-stream": ("/api/chat", {**PROMPT, "stream": True}, b'"done":true', "tokens=5"),
    "chat": ("/api/chat", {**PROMPT, "stream": False}, None, "tokens=5"),
    "openai-stream": ("/v1/chat/completions", {**PROMPT, "stream": True}, b"[DONE]", "tokens=5"),
    "slow-stream": ("/api/chat", {**PROMPT, "stream": True}, b'"done":true',
                    "tokens=30,delay-ms=3"),
    "openai": ("/v1/chat/completions", PROMPT, None, "tokens=5"),
    "embed": ("/api/embed", {"model": "nomic-embed-text", "input": "hello"}, None, ""),
}


class Calls:
    """What all clients sent and saw: by address, service and task, which name a call.

    A port can be used again by a later connection, so a key can have several calls."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = collections.Counter()
        self.complete = collections.Counter()

    def begin(self, key):
        with self.lock:
            self.sent[key] += 1

    def end(self, key):
        with self.lock:
            self.complete[key] += 1

    def seen_complete(self):
        with self.lock:
            return self.complete.copy()

    def known(self, key):
        with self.lock:
            return self.sent[key]


class Client(threading.Thread):
    def __init__(self, number, address, calls):
        super().__init__(daemon=True)
        self.number = number
        self.address = address
        self.calls = calls
        self.stopping = threading.Event()
        self.start()

    def run(self):
        kinds = list(KINDS)
        turn = self.number
        while not self.stopping.is_set():
            try:
                with socket.create_connection(self.address, timeout=30) as connection:
                    for count in range(CALLS_OF_A_CONNECTION):
                        turn += 1
                        self.call(connection, kinds[turn % len(kinds)], f"t{count}")
                        if self.stopping.is_set():
                            return
            except (OSError, EOFError):
                continue  # killed: the next connection waits for the next daemon

    def call(self, connection, kind, task):
        path, body, end, wishes = KINDS[kind]
        data = json.dumps(body).encode()
        head = (f"POST /as/{kind}/{task}{path} HTTP/1.1\r\nHost: localhost\r\n"
                f"X-Standin: {wishes}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(data)}\r\n\r\n").encode()
        key = ("%s:%d" % connection.getsockname(), kind, task)
        self.calls.begin(key)
        connection.sendall(head + data)
        answer = Answer(connection)
        if end is None:
            answer.read_until(lambda: answer.has_length())
            self.calls.end(key)
            return
        # The terminal event is the end for a client, whatever follows.
        answer.read_until(lambda: end in answer.bytes)
        self.calls.end(key)
        answer.read_until(lambda: answer.bytes.endswith(b"\r\n0\r\n\r\n"))


class Answer:
    def __init__(self, connection):
        self.connection = connection
        self.bytes = b""

    def read_until(self, complete):
        while not complete():
            more = self.connection.recv(65536)
            if not more:
                raise EOFError
            self.bytes += more

    def has_length(self):
        head, found, body = self.bytes.partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise AssertionError(self.bytes)
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if length is None:
            return body.endswith(b"0\r\n\r\n")
        return len(body) >= int(length[1])
