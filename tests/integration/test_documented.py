"""Ollama's documented bodies pass through unchanged and are counted right."""
import http.server
import json
import os
import threading
import unittest

from support import FIXTURES, Daemon, MountCase, post


def documented_exchanges():
    """(path, request body, response chunks) for each documented request that has responses."""
    exchanges = []
    with open(os.path.join(FIXTURES, "ollama/documented-bodies.jsonl"), encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row["kind"] == "request":
                exchanges.append((row["json"]["path"], row["json"]["body"], []))
            elif exchanges and (row["json"].keys() & {"done", "embeddings", "embedding", "status"}):
                exchanges[-1][2].append(row["json"])
    return [exchange for exchange in exchanges if exchange[2]]


class Replies(http.server.BaseHTTPRequestHandler):
    """Answers each POST with the next of the server's replies, a chunk for each line."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.requests.append(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/show":  # where a model runs is asked before it is used
            self.server.requests.pop()
            return self.do_GET()
        lines = self.server.replies.pop(0)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson" if len(lines) > 1 else
                         "application/json; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in lines:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def do_GET(self):
        body = b"{}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Documented(MountCase):
    def start(self, *more, **keywords):
        self.upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Replies)
        self.upstream.replies = []
        self.upstream.requests = []
        thread = threading.Thread(target=self.upstream.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.upstream.server_close)
        self.addCleanup(self.upstream.shutdown)
        address = "127.0.0.1:%d" % self.upstream.server_address[1]
        daemon = Daemon(self.mountpoint, self.state, address, *more, **keywords)
        self.addCleanup(daemon.end)
        return daemon

    def test_documented_bodies_pass_unchanged_and_are_counted(self):
        # Push and the web routes are asked for otherwise.
        with open(self.daemon.path("control/policies/10-all"), "w", encoding="utf-8") as file:
            file.write("allow leaves=yes\n")
        exchanges = documented_exchanges()
        self.assertGreater(len(exchanges), 20)
        for path, body, replies in exchanges:
            lines = [json.dumps(reply).encode() + b"\n" for reply in replies]
            self.upstream.replies = [lines]
            sent = json.dumps(body).encode()
            status, content = post(self.daemon.proxy, path, sent)
            self.assertEqual((status, content), (200, b"".join(lines)))
            self.assertEqual(self.upstream.requests[-1], sent)
            call = json.loads(self.daemon.read("calls/today.jsonl").splitlines()[-1])
            self.check(call, path, body, replies, len(content))

    def check(self, call, path, body, replies, size):
        last = replies[-1]
        context = (path, body.get("model"), str(last)[:200])
        self.assertEqual(call["outcome"], "ok", context)
        self.assertEqual(call["response_bytes"], size, context)
        if not last.get("done", "embeddings" in last):
            return  # pull, push and /api/embeddings report no counts
        self.assertEqual(call["model"], body["model"], context)
        if "total_duration" in last:
            self.assertEqual(call["prompt_tokens"], last["prompt_eval_count"], context)
            self.assertEqual(call["output_tokens"], last.get("eval_count", 0), context)
            self.assertEqual(call["tokens_from"], "reported", context)
        for field, source in (("load_ms", "load_duration"), ("eval_ms", "eval_duration"),
                              ("prompt_eval_ms", "prompt_eval_duration")):
            if source in last:
                self.assertEqual(call[field], last[source] // 1000 / 1000, (field, context))
        if last.get("done_reason") in ("load", "unload"):
            self.assertEqual(call["endpoint"], last["done_reason"], context)


if __name__ == "__main__":
    unittest.main()
