"""Real PostgreSQL servers of a test's own: on loopback, with directories that are deleted, ended
with the test."""
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def binaries():
    """The newest supported version that is installed; None if there is none."""
    for version in range(17, 11, -1):
        for directory in glob.glob(f"/usr/lib/postgresql/{version}/bin"):
            if os.path.exists(f"{directory}/initdb"):
                return directory
    return None


def as_ordinary_user():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """`settings` are options of the server; `backup_of` another cluster makes it its standby."""

    def __init__(self, case, *settings, backup_of=None):
        self.directory = tempfile.mkdtemp(prefix="tallyfs-test-pg.")
        case.addCleanup(shutil.rmtree, self.directory, True)
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        self.data = f"{self.directory}/data"
        self.port = free_port()
        self.settings = ["fsync=off", "max_connections=30", "autovacuum_naptime=1s", *settings]
        self.server = None
        if backup_of is None:
            self.run(f"{binaries()}/initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-N",
                     "-E", "UTF8", "--locale=C.UTF-8")
        else:
            self.run(f"{binaries()}/pg_basebackup", "-h", "127.0.0.1", "-p", str(backup_of.port),
                     "-U", "postgres", "-D", self.data, "-R", "-c", "fast", "--no-sync")
        case.addCleanup(self.stop)
        self.start()

    def run(self, *command):
        done = subprocess.run([*as_ordinary_user(), *command], capture_output=True, text=True,
                              timeout=60, cwd=self.directory)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stderr}")
        return done.stdout

    def start(self):
        options = [word for one in self.settings for word in ("-c", one)]
        self.log = open(f"{self.directory}/log", "a", encoding="utf-8")
        self.server = subprocess.Popen(
            [*as_ordinary_user(), f"{binaries()}/postgres", "-D", self.data, "-k", self.directory,
             "-p", str(self.port), "-c", "listen_addresses=127.0.0.1", *options],
            stdout=self.log, stderr=self.log, cwd=self.directory)
        deadline = time.monotonic() + 30
        while subprocess.run([f"{binaries()}/pg_isready", "-q", "-h", "127.0.0.1", "-p",
                              str(self.port)], check=False).returncode != 0:
            if time.monotonic() > deadline or self.server.poll() is not None:
                with open(self.log.name, encoding="utf-8") as log:
                    raise AssertionError(log.read())
            time.sleep(0.05)

    def stop(self):
        if self.server is None:
            return
        self.thaw()
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait(30)
        self.server = None
        self.log.close()

    def freeze(self):
        """The server answers nothing any more, and its sockets stay open."""
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def signal_all(self, how):
        with open(f"{self.data}/postmaster.pid", encoding="utf-8") as file:
            parent = int(file.readline())
        children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True,
                                  check=False).stdout.split()
        for pid in [parent, *map(int, children)]:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass

    def psql(self, sql, database="postgres"):
        return subprocess.run(
            [f"{binaries()}/psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d",
             database, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql],
            capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    def session(self, case, database="postgres", role="postgres"):
        return Session(case, self, database, role)


class Session:
    """A psql that stays connected: what it is told runs in one session."""

    def __init__(self, case, cluster, database, role):
        self.process = subprocess.Popen(
            [f"{binaries()}/psql", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", role, "-d",
             database, "-XAtq"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        case.addCleanup(self.end)

    def __call__(self, sql):
        """Runs it and returns what psql printed."""
        self.send(sql + "\n\\echo done-with-it\n")
        lines = []
        for line in self.process.stdout:
            if line.strip() == "done-with-it":
                return "".join(lines).strip()
            lines.append(line)
        return "".join(lines).strip()

    def send(self, text):
        """Without waiting: it may be about to wait for a lock."""
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.process.stdin.close()
        self.process.stdout.close()
