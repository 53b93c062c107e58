"""The real daemon, the stand-in Ollama and a mount of a test's own, for the tests beside this file.

Everything is on loopback with ports that the kernel chooses; what was started is ended, and what
was mounted is unmounted, also when a test fails.
"""
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

BINARIES = os.environ["TALLYFS_BINARIES"]
FIXTURES = os.environ["TALLYFS_FIXTURES"]
START_SECONDS_MAX = 30


def can_mount():
    return os.path.exists("/dev/fuse") and shutil.which("fusermount3") is not None


class Process:
    """A program that says on its first line of stdout that it is ready; `wait=False`: in time."""

    def __init__(self, arguments, wait=True, **keywords):
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, **keywords)
        if wait:
            self.wait_ready()

    def wait_ready(self):
        self.ready = self.process.stdout.readline().strip()
        if not self.ready.startswith("ready "):
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.process.args} did not get ready: {self.ready!r} {self.stderr()}")

    def stderr(self):
        # The program writes at the position of this file, so it is not moved.
        size = os.fstat(self.errors.fileno()).st_size
        return os.pread(self.errors.fileno(), size, 0).decode(errors="replace")

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(timeout=START_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("did not end after " + signal.Signals(how).name)
        self.process.stdout.close()
        self.errors.close()
        return self.process.returncode


class Standin(Process):
    def __init__(self, time_scale="0", *more):
        super().__init__([f"{BINARIES}/tallyfs-standin", "--listen", "127.0.0.1:0",
                          "--time-scale", time_scale, *more])
        self.address = self.ready.split("http://")[1].split()[0].rstrip("/")


class Daemon(Process):
    def __init__(self, mountpoint, state, upstream, *more, prefix=(), listen="127.0.0.1:0",
                 **keywords):
        self.mountpoint = mountpoint
        self.state = state
        super().__init__([*prefix, f"{BINARIES}/tallyfs", "--state", state,
                          "--listen", listen, "--admin", "127.0.0.1:0",
                          "--upstream", f"http://{upstream}", *more, mountpoint], **keywords)

    def wait_ready(self):
        super().wait_ready()
        fields = dict(field.split("=", 1) for field in self.ready.split()[1:])
        self.proxy = fields["proxy"]
        self.admin = fields["admin"]

    def path(self, *names):
        return os.path.join(self.mountpoint, *names)

    def read(self, *names):
        with open(self.path(*names), encoding="utf-8") as file:
            return file.read()

    def calls(self):
        """Every line of calls/day, as the mount shows it."""
        lines = []
        for name in sorted(os.listdir(self.path("calls/day"))):
            for line in self.read("calls/day", name).splitlines():
                lines.append(json.loads(line))
        return lines


def unmount(mountpoint):
    """Whatever is mounted there, also by a daemon that was killed."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounted = any(line.split()[4] == mountpoint for line in file)
    if mounted:
        subprocess.run(["fusermount3", "-u", "-z", mountpoint], check=False, capture_output=True)


def post(address, path, body, headers=None):
    """Sends a request and reads its whole response: (status, bytes)."""
    connection = http.client.HTTPConnection(address, timeout=30)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", path, data,
                       {"Content-Type": "application/json", **(headers or {})})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


def get(address, path):
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


def wait_until(condition, seconds_max=START_SECONDS_MAX):
    """Asks until it holds; what is waited for is another process, so asking is all there is."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("this did not come true in time")
        time.sleep(0.01)


class MountCase(unittest.TestCase):
    """A directory of its own with state and mountpoint, a stand-in, and a daemon in between."""
    time_scale = "0"
    standin_options = ()

    def setUp(self):
        if not can_mount():
            self.skipTest("no /dev/fuse or no fusermount3 here")
        self.directory = tempfile.mkdtemp(prefix="tallyfs-test.")
        self.addCleanup(shutil.rmtree, self.directory, True)
        self.mountpoint = os.path.join(self.directory, "tally")
        self.state = os.path.join(self.directory, "state")
        os.mkdir(self.mountpoint)
        self.addCleanup(unmount, self.mountpoint)
        self.standin = Standin(self.time_scale, *self.standin_options)
        self.addCleanup(self.standin.end)
        self.daemon = self.start()

    def start(self, *more, **keywords):
        daemon = Daemon(self.mountpoint, self.state, self.standin.address, *more, **keywords)
        self.addCleanup(daemon.end)
        return daemon
