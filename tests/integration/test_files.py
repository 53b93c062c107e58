"""The mount used as people use directories: sizes, copies, searches, nothing changes by itself."""
import json
import os
import subprocess
import threading
import unittest

from support import MountCase, post
from test_first_light import chat, some_of_everything

LIVE = {"status.txt", "status.json", "metrics"}


def run(*arguments, **keywords):
    return subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=120,
                          **keywords).stdout


class Files(MountCase):
    def setUp(self):
        super().setUp()
        some_of_everything(self.daemon.proxy)

    def walk(self):
        for folder, _, names in os.walk(self.mountpoint):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    yield path

    def test_the_size_of_every_file_is_what_cat_gives(self):
        count = 0
        for path in self.walk():
            with open(path, "rb") as file:  # fstat: the rendering that was opened
                self.assertEqual(os.fstat(file.fileno()).st_size, len(file.read()), path)
            count += 1
        self.assertGreater(count, 60)

    def test_rsync_and_tar_take_all_of_it_and_a_second_rsync_nothing(self):
        backup = os.path.join(self.directory, "backup")
        run("rsync", "-a", self.mountpoint + "/", backup)
        again = run("rsync", "-a", "--itemize-changes", self.mountpoint + "/", backup)
        transferred = {line.split()[1] for line in again.splitlines() if line.startswith(">f")}
        self.assertLessEqual(transferred, LIVE)
        run("tar", "cf", os.path.join(self.directory, "all.tar"), "-C", self.mountpoint, ".")
        run("cp", "-a", self.mountpoint, os.path.join(self.directory, "copy"))
        for name in ("usage/total.json", "calls/today.jsonl", "usage/swaps.csv"):
            with open(os.path.join(backup, name), encoding="utf-8") as file:
                self.assertEqual(file.read(), self.daemon.read(name))

    def test_grep_find_du_and_jq_work(self):
        self.assertIn("calls/day", run("grep", "-rl", '"service":"agent"', self.mountpoint))
        found = run("find", self.mountpoint, "-name", "*.json").splitlines()
        self.assertGreater(len(found), 10)
        self.assertGreater(int(run("du", "-s", self.mountpoint).split()[0]), 10)
        lines = run("jq", "-r", ".id", self.daemon.path("calls/today.jsonl")).splitlines()
        self.assertEqual(lines, [call["id"] for call in self.daemon.calls()])

    def test_tail_follows_the_day(self):
        follower = subprocess.Popen(["tail", "-s", "0.05", "-n", "0", "-f",
                                     self.daemon.path("calls/today.jsonl")],
                                    stdout=subprocess.PIPE, text=True)
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        seen = []
        reader = threading.Thread(target=lambda: seen.append(follower.stdout.readline()))
        reader.start()
        # tail does not say when it has reached the end: it is called until it has.
        while reader.is_alive():
            post(self.daemon.proxy, "/as/tailed/api/chat", chat("hello"))
            reader.join(timeout=0.2)
        self.assertEqual(json.loads(seen[0])["service"], "tailed")

    def test_a_file_opened_before_a_change_reads_to_its_end(self):
        path = self.daemon.path("usage/total.json")
        with open(path, encoding="utf-8") as before:
            start = before.read(10)
            for i in range(5):
                post(self.daemon.proxy, "/as/agent/api/chat", chat(f"more {i}"))
            with open(path, encoding="utf-8") as after:
                new = json.loads(after.read())
            old = json.loads(start + before.read())
        self.assertEqual(new["total"]["calls"], old["total"]["calls"] + 5)

    def test_reads_during_growth_never_show_a_torn_line(self):
        stop = threading.Event()
        bad = []

        def read_all_the_time():
            while not stop.is_set():
                content = self.daemon.read("calls/today.jsonl")
                if "\0" in content or not content.endswith("\n"):
                    bad.append(content[-100:])
        readers = [threading.Thread(target=read_all_the_time) for _ in range(2)]
        for reader in readers:
            reader.start()
        for i in range(300):
            post(self.daemon.proxy, "/as/writer/api/embed", {"model": "nomic-embed-text", "input": str(i)})
        stop.set()
        for reader in readers:
            reader.join()
        self.assertEqual(bad, [])

    def test_nothing_can_be_written(self):
        for name in ("status.txt", "usage/today.txt", "calls/today.jsonl", "new-file"):
            with self.assertRaises(OSError, msg=name):
                with open(self.daemon.path(name), "a", encoding="utf-8") as file:
                    file.write("x")
        with self.assertRaises(OSError):
            os.mkdir(self.daemon.path("new"))
        with self.assertRaises(OSError):
            os.remove(self.daemon.path("status.txt"))

    def test_a_hostile_name_stays_one_entry(self):
        for name in ("../../etc", "a\nb", "x" * 5000, "100%", ".hidden"):
            encoded = "".join(f"%{byte:02X}" for byte in name.encode())
            status, _ = post(self.daemon.proxy, f"/as/{encoded}/api/chat", chat("hello"))
            self.assertEqual(status, 200, name[:20])
        for entry in os.listdir(self.daemon.path("usage/services")):
            self.assertNotIn("\n", entry)
            self.assertFalse(entry.startswith("."), entry)
            self.assertTrue(os.path.isdir(self.daemon.path("usage/services", entry)))


if __name__ == "__main__":
    unittest.main()
