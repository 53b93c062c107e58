"""The program bench_load as an object: makes the load, and is the upstream that answers it."""
import json
import socket
import subprocess

import machine
import support

STAMP_PLACE = "@" * 16
# A paragraph, as those who fill a search index send it.
PARAGRAPH = ("The proxy forwards what it reads at once and keeps of it only what a line needs: "
             "who called, which model, how many tokens, how long it took and why. ") * 3


def request(method, path, body=None):
    """The bytes of a request as Ollama's own libraries send it."""
    data = json.dumps(body).encode() if body is not None else b""
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1:11434", "Accept: application/json",
            "User-Agent: ollama-python/0.4.4 (x86_64 linux) Python/3.11.2"]
    if data:
        head += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + data


# A reply of some hundred bytes, where all that counts is what a proxy does once a call; and one of
# 768 numbers, where the bytes count as well.
EMBED_SHORT = request("POST", "/api/embed", {"model": "tiny", "input": "Where is the key?"})
EMBED_LONG = request("POST", "/api/embed", {"model": "nomic-embed-text", "input": PARAGRAPH})
CHAT = request("POST", "/api/chat", {"model": "llama3.2", "stream": True, "messages": [
    {"role": "system", "content": "You are helpful."}, {"role": "user", "content": PARAGRAPH}]})
POLLS = ("/api/version", "/api/ps", "/api/tags")


def exchange(address, data):
    """Sends bytes, and returns those of the whole response."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(data)
        got = b""
        while not _whole(got):
            more = connection.recv(65536)
            if not more:
                raise RuntimeError(f"{address} closed the connection after {got!r}")
            got += more
        return got


def _whole(response):
    head, end, body = response.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return body.endswith(b"0\r\n\r\n")


def body_of(response):
    """Without head and chunks."""
    head, _, body = response.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    out = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return out
        out += body[:int(size, 16)]
        body = body[int(size, 16) + 2:]


class Load(support.Process):
    """Commands as methods; each returns what was measured, or raises RuntimeError."""

    def __init__(self, core):
        super().__init__([*machine.pinned(core), f"{support.BINARIES}/bench_load"],
                         stdin=subprocess.PIPE, start_new_session=True)
        machine.before_others(self.process.pid)
        self.upstream = self.ready.split()[1]
        self.embed = None
        self.embed_answers = {}

    def begin(self, what, **arguments):
        """Begins what finish() waits for."""
        self.process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self.process.stdin.flush()

    def finish(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("bench_load ended: " + self.stderr())
        result = json.loads(line)
        if "error" in result:
            raise RuntimeError("bench_load: " + result["error"])
        return result

    def run(self, what, **arguments):
        self.begin(what, **arguments)
        return self.finish()

    def learn(self):
        """Has a stand-in answer once each request that is made later, and answers like it."""
        standin = support.Standin()
        try:
            for path in POLLS:
                answer = exchange(standin.address, request("GET", path))
                self.run("answer", request=f"GET {path}", bytes=answer.decode())
            for embed in (EMBED_SHORT, EMBED_LONG):
                self.embed_answers[embed] = exchange(standin.address, embed).decode()
            self.learn_stream(exchange(standin.address, CHAT).decode())
        finally:
            standin.end()
        return self.use(EMBED_SHORT)

    def use(self, embed):
        """Which of the two embeddings is called from now on."""
        self.embed = embed
        self.run("answer", request="POST /api/embed", bytes=self.embed_answers[embed])
        return self

    def learn_stream(self, streamed):
        head, _, rest = streamed.partition("\r\n\r\n")
        chunks = []
        while not rest.startswith("0\r\n"):
            size, _, rest = rest.partition("\r\n")
            chunks.append(rest[:int(size, 16)])
            rest = rest[int(size, 16) + 2:]
        piece = json.loads(chunks[0])
        text = json.dumps(piece["message"]["content"])
        stamped = chunks[0].replace(f'"content":{text}', f'"content":"{STAMP_PLACE}"')
        self.run("answer-with-stream", request="POST /api/chat", head=head + "\r\n\r\n",
                 piece=f"{len(stamped):x}\r\n{stamped}\r\n",
                 end=f"{len(chunks[-1]):x}\r\n{chunks[-1]}\r\n{rest}")

    def begin_requests(self, to, seconds, connections=16, per_second=0):
        """Embeddings; as fast as they are answered if no rate is given."""
        self.begin("requests", to=to, request=self.embed.decode(), seconds=seconds,
                   connections=connections, per_second=per_second)

    def requests(self, *arguments, **more):
        self.begin_requests(*arguments, **more)
        return self.finish()
