"""A service calls, and the mounted files tell: at once, and with the right figures."""
import collections
import json
import os
import subprocess
import unittest

from support import MountCase, get, post

MODEL = "llama3.2"


def chat(text, **more):
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}


class FirstLight(MountCase):
    def test_a_call_is_in_today_txt_right_after_its_response(self):
        for count in range(1, 101):
            status, _ = post(self.daemon.proxy, f"/as/newcomer/api/chat", chat(f"hello {count}"))
            self.assertEqual(status, 200)
            total = json.loads(self.daemon.read("usage/today.json"))["total"]
            self.assertEqual(total["calls"], count)
            lines = self.daemon.read("calls/today.jsonl").splitlines()
            self.assertEqual(len(lines), count)
        text = self.daemon.read("usage/today.txt")
        self.assertIn("newcomer", text)
        self.assertIn(MODEL, text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        call = json.loads(lines[-1])
        self.assertEqual(call["service"], "newcomer")
        self.assertEqual(call["service_from"], "path")
        self.assertEqual(call["outcome"], "ok")
        self.assertEqual(call["tokens_from"], "reported")
        one = json.loads(self.daemon.read("calls/by-id", call["id"], "call.json"))
        self.assertEqual(one, call)

    def test_every_figure_is_the_sum_over_the_lines(self):
        some_of_everything(self.daemon.proxy)
        calls = self.daemon.calls()
        self.assertGreater(len(calls), 20)
        total = json.loads(self.daemon.read("usage/today.json"))["total"]
        self.assertEqual(total, expected(calls, total))
        for kind, field in (("services", "service"), ("models", "model")):
            names = {call[field] for call in calls if call[field]}
            self.assertEqual(set(os.listdir(self.daemon.path("usage", kind))),
                             {name.replace("/", "%2F") for name in names})
            for name in names:
                of_name = [call for call in calls if call[field] == name]
                for file in ("today.json", "this-month.json", "total.json"):
                    path = ("usage", kind, name.replace("/", "%2F"), file)
                    got = json.loads(self.daemon.read(*path))["total"]
                    self.assertEqual(got, expected(of_name, got), path)
        self.assert_csv_sums(calls)

    def assert_csv_sums(self, calls):
        for name in ("today.csv", "this-month.csv", "total.csv", "days.csv"):
            lines = self.daemon.read("usage", name).splitlines()
            header = lines[0].split(",")
            rows = [dict(zip(header, line.split(","))) for line in lines[1:]]
            self.assertEqual(sum(int(row["calls"]) for row in rows), len(calls), name)
            self.assertEqual(sum(int(row["output_tokens"]) for row in rows),
                             sum(call["output_tokens"] or 0 for call in calls), name)

    def test_repeated_prompts_are_found(self):
        for _ in range(3):
            post(self.daemon.proxy, "/as/poller/api/chat", chat("the same again"))
        post(self.daemon.proxy, "/as/poller/api/chat", chat("another one"))
        rows = self.daemon.read("usage/duplicates.csv").splitlines()
        self.assertEqual(len(rows), 2)
        self.assertEqual(dict(zip(rows[0].split(","), rows[1].split(",")))["calls"], "3")

    def test_the_admin_port_shows_the_same_files(self):
        post(self.daemon.proxy, "/api/chat", chat("hello"))
        for name in ("usage/today.json", "calls/today.jsonl", "usage/README.md", "usage/total.csv"):
            status, body = get(self.daemon.admin, "/" + name)
            self.assertEqual((status, body.decode()), (200, self.daemon.read(name)), name)
        self.assertIn(b"tallyfs_calls_total", get(self.daemon.admin, "/metrics")[1])
        self.assertEqual(get(self.daemon.admin, "/nothing")[0], 404)
        self.assertEqual(post(self.daemon.admin, "/usage/today.json", {})[0], 405)

    def test_the_process_behind_a_call_is_named_without_its_help(self):
        subprocess.run(["curl", "-sf", f"http://{self.daemon.proxy}/api/chat", "-d",
                        json.dumps(chat("hi"))], check=True, capture_output=True)
        call = self.daemon.calls()[-1]
        self.assertEqual(call["process"], "curl")
        self.assertEqual(call["service_from"], "process")


def some_of_everything(proxy):
    """Calls of every dialect, streamed and not, good and bad, from several services."""
    for i in range(4):
        for service in ("agent", "n8n/nightly"):
            post(proxy, f"/as/{service}/api/chat", chat(f"question {i}"))
            post(proxy, f"/as/{service}/api/generate",
                 {"model": MODEL, "prompt": f"continue {i}", "stream": False})
    messages = [{"role": "user", "content": "hello there"}]
    for stream in (False, True):
        post(proxy, "/as/web/v1/chat/completions",
             {"model": MODEL, "messages": messages, "stream": stream})
        post(proxy, "/as/web/v1/completions", {"model": MODEL, "prompt": "once", "stream": stream})
        post(proxy, "/as/web/v1/responses", {"model": MODEL, "input": "hello", "stream": stream})
        post(proxy, "/as/web/v1/messages",
             {"model": MODEL, "max_tokens": 20, "messages": messages, "stream": stream})
    post(proxy, "/as/search/api/embed", {"model": "nomic-embed-text", "input": ["a b", "c"]})
    post(proxy, "/as/search/api/embeddings", {"model": "nomic-embed-text", "prompt": "a b"})
    post(proxy, "/as/search/v1/embeddings", {"model": "nomic-embed-text", "input": "a b"})
    post(proxy, "/as/agent/api/chat", {"model": "no-such-model", "messages": messages})
    post(proxy, "/as/agent/api/generate", b"{ this is not JSON")
    post(proxy, "/as/agent/api/generate", {"model": MODEL})  # loads
    post(proxy, "/as/agent/api/generate", {"model": MODEL, "keep_alive": 0})  # unloads


def expected(calls, like):
    """The sums that a file must show, computed from lines alone; `like` tells which figures."""
    sums = collections.Counter()
    for c in calls:
        add_to(sums, c)
    return shown(sums, like)


def add_to(sums, c):
    sums["calls"] += 1
    sums["errors"] += c["outcome"] not in ("ok", "client_gone")
    sums["client_gone"] += c["outcome"] == "client_gone"
    sums["calls_with_estimated_tokens"] += c["tokens_from"] == "estimated"
    sums["cold_starts"] += bool(c["cold_start"])
    sums["prompts_cut"] += bool(c["prompt_cut"])
    for field in ("prompt_tokens", "output_tokens", "request_bytes", "response_bytes"):
        sums[field] += c[field] or 0
    for field in ("duration_ms", "queue_ms", "eval_ms"):
        sums[field] += microseconds(c[field])
    sums["first_token_ms_sum"] += microseconds(c["first_token_ms"])
    sums["first_token_calls"] += c["first_token_ms"] is not None
    if c["cold_start"]:
        waited = c["load_ms"] if c["load_ms"] is not None else c["first_byte_ms"]
        sums["cold_load_ms"] += microseconds(waited)
    sums["busy_ms"] += busy(c)
    sums["calls_named_by_" + c["service_from"]] += 1


def shown(sums, like):
    return {name: sums[name] / 1000 if "_ms" in name else sums[name] for name in like}


def microseconds(milliseconds):
    return round((milliseconds or 0) * 1000)


def busy(c):
    if c["prompt_eval_ms"] is None and c["eval_ms"] is None:
        return microseconds(c["duration_ms"])
    load = 0 if not c["cold_start"] else microseconds(c["load_ms"])
    return load + microseconds(c["prompt_eval_ms"]) + microseconds(c["eval_ms"])


if __name__ == "__main__":
    unittest.main()
