"""The daemon dies and comes back: nothing that a client saw complete is lost."""
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import threading
import unittest

from support import MountCase, post, wait_until
from test_first_light import chat

CYCLES = 12


class Kill(MountCase):
    time_scale = "0.02"

    def kill(self):
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()
        self.daemon.process.stdout.close()

    def test_a_killed_daemon_loses_no_call_that_a_client_saw_complete(self):
        randomness = random.Random(7)
        complete = []
        for cycle in range(CYCLES):
            stop = threading.Event()

            def call_all_the_time(worker):
                count = 0
                while not stop.is_set():
                    count += 1
                    text = f"cycle {cycle} worker {worker} call {count}"
                    try:
                        status, body = post(self.daemon.proxy, f"/as/{cycle}-{worker}-{count}/api/chat",
                                            chat(text, stream=count % 2 == 0))
                    except (OSError, http.client.HTTPException):
                        return
                    if status == 200 and b'"done":true' in body:
                        complete.append(f"{cycle}-{worker}-{count}")
            workers = [threading.Thread(target=call_all_the_time, args=(i,)) for i in range(4)]
            before = len(complete)
            for worker in workers:
                worker.start()
            wanted = before + randomness.randrange(1, 30)
            wait_until(lambda: len(complete) >= wanted or
                       not any(worker.is_alive() for worker in workers))
            self.kill()
            stop.set()
            for worker in workers:
                worker.join()
            self.daemon = self.start()
            self.check(complete)

    def check(self, complete):
        calls = self.daemon.calls()
        ids = [call["id"] for call in calls]
        self.assertEqual(len(ids), len(set(ids)))
        recorded = {call["service"] for call in calls if call["outcome"] == "ok"}
        self.assertLessEqual(set(complete), recorded)
        total = json.loads(self.daemon.read("usage/total.json"))["total"]
        self.assertEqual(total["calls"], len(calls))
        self.assertEqual(total["output_tokens"],
                         sum(call["output_tokens"] or 0 for call in calls))

    def test_calls_that_were_open_become_interrupted(self):
        slow = threading.Thread(target=self.call_and_lose, daemon=True)
        slow.start()
        wait_until(self.in_flight)
        name = self.in_flight()[0]
        running = json.loads(self.daemon.read("calls/inflight", name))
        self.assertEqual(running["service"], "slow")
        self.kill()
        slow.join(timeout=30)
        self.daemon = self.start()
        call = self.daemon.calls()[-1]
        self.assertEqual(call["outcome"], "interrupted")
        self.assertEqual(call["id"], running["id"])
        self.assertEqual(call["service"], "slow")
        self.assertEqual(self.in_flight(), [])

    def in_flight(self):
        return [name for name in os.listdir(self.daemon.path("calls/inflight"))
                if name.endswith(".json")]

    def call_and_lose(self):
        try:
            post(self.daemon.proxy, "/as/slow/api/chat", chat("go on"), {"X-Standin": "stall-after=1"})
        except (OSError, http.client.HTTPException):
            pass

    def test_a_stale_mount_is_recovered_and_a_deleted_ledger_rebuilt(self):
        for i in range(20):
            post(self.daemon.proxy, "/as/a/api/chat", chat(f"hello {i}"))
        total = self.daemon.read("usage/total.json")
        self.kill()
        with self.assertRaises(OSError):
            os.listdir(self.mountpoint)
        for name in os.listdir(self.state):
            if name.startswith("ledger"):
                os.remove(os.path.join(self.state, name))
        self.daemon = self.start()
        self.assertEqual(self.daemon.read("usage/total.json"), total)

    def test_rebuild_makes_the_same_figures(self):
        for i in range(20):
            post(self.daemon.proxy, "/as/a/api/chat", chat(f"hello {i % 5}"))
        names = ("usage/total.json", "usage/duplicates.csv", "usage/cold-starts.csv",
                 "usage/today.csv")
        before = [self.daemon.read(name) for name in names]
        self.assertEqual(self.daemon.end(), 0)
        binary = self.daemon.process.args[0]
        done = subprocess.run([binary, "rebuild", "--state", self.state], capture_output=True,
                              text=True, check=True)
        self.assertIn("20 calls", done.stdout)
        self.daemon = self.start()
        self.assertEqual([self.daemon.read(name) for name in names], before)

    def test_sigterm_unmounts_while_a_reader_holds_a_file_open(self):
        post(self.daemon.proxy, "/api/chat", chat("hello"))
        with open(self.daemon.path("calls/today.jsonl"), encoding="utf-8") as held:
            held.read(10)
            self.assertEqual(self.daemon.end(), 0)
        self.assertEqual(os.listdir(self.mountpoint), [])

    def test_a_new_daemon_serves_on_the_socket_that_outlived_the_old_one(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        self.assertEqual(self.daemon.end(), 0)
        # As systemd hands sockets over: from descriptor 3 on, for this process id.
        prefix = ("sh", "-c", 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"', "sh")
        for _ in range(2):
            daemon = self.start(prefix=prefix, close_fds=False,
                                preexec_fn=lambda: os.dup2(listening.fileno(), 3))
            address = "127.0.0.1:%d" % listening.getsockname()[1]
            self.assertEqual(daemon.proxy, address)
            self.assertEqual(post(address, "/api/chat", chat("hello"))[0], 200)
            self.assertEqual(daemon.end(), 0)

    def test_unmounting_by_hand_stops_the_daemon_cleanly(self):
        subprocess.run(["fusermount3", "-u", self.mountpoint], check=True)
        self.assertEqual(self.daemon.process.wait(timeout=30), 0)


if __name__ == "__main__":
    unittest.main()
