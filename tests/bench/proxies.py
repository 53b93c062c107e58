"""The two proxies that are compared, each as it is run in earnest, in front of the same upstream."""
import os
import pwd
import shutil
import signal
import socket
import subprocess

import load
import machine
import support

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

# A careful administrator's nginx for Ollama: connections are kept open on both sides and never
# retired, what comes is passed on at once, and each request leaves a line of JSON.
CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile 16384;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log warn;
events {{ worker_connections 8192; }}
http {{
    log_format calls escape=json '{{"time":"$time_iso8601","client":"$remote_addr",'
        '"method":"$request_method","uri":"$request_uri","status":$status,'
        '"request_bytes":$request_length,"response_bytes":$bytes_sent,'
        '"request_time":$request_time,"upstream_connect_time":"$upstream_connect_time",'
        '"upstream_header_time":"$upstream_header_time",'
        '"upstream_response_time":"$upstream_response_time","user_agent":"$http_user_agent"}}';
    access_log {prefix}/access.log calls;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    keepalive_requests 1000000000;
    upstream ollama {{
        server {upstream};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address};
        client_max_body_size 100m;
        location / {{
            proxy_pass http://ollama;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_buffering off;
            proxy_read_timeout 3600s;
        }}
    }}
}}
"""


class Nginx:
    """A private one in the foreground: its own prefix, a port that the kernel chose."""

    def __init__(self, directory, upstream, core):
        os.mkdir(directory)
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.proxy = "127.0.0.1:%d" % listener.getsockname()[1]
        user = ""
        if os.geteuid() == 0:  # the worker would be nobody, who may not look into the prefix
            user = f"user {pwd.getpwuid(0).pw_name};"
        path = os.path.join(directory, "nginx.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(prefix=directory, user=user, upstream=upstream,
                                            address=self.proxy))
        self.errors = os.path.join(directory, "error.log")
        # nginx takes over listening sockets that are named in its environment, as it does when
        # its program is replaced: nobody can take the port in between.
        self.process = subprocess.Popen(
            [*machine.pinned(core), NGINX, "-p", directory, "-c", path, "-e", self.errors],
            env={**os.environ, "NGINX": f"{listener.fileno()};"}, pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL, start_new_session=True)
        machine.before_others(self.process.pid)
        listener.close()
        support.wait_until(lambda: self.process.poll() is not None or self.answers())
        if self.process.poll() is not None:
            with open(self.errors, encoding="utf-8") as file:
                raise RuntimeError("nginx did not start: " + file.read())

    def answers(self):
        try:
            return load.exchange(self.proxy, load.request("GET", "/api/version")) != b""
        except OSError:
            return False

    def process_ids(self):
        return [self.process.pid, *machine.children(self.process.pid)]

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=support.START_SECONDS_MAX)


class Tallyfs(support.Daemon):
    """With everything switched on: journal, ledger, mount, admin port, policies and a budget."""
    decided = {"policies/50-guests": "deny principal=uid:4294967294 model=*-cloud",
               "policies/60-iban": "deny pattern=iban leaves=yes",
               "policies/70-night": "ask prompt_bytes>100000000 time=22:00-06:00",
               "budgets/house": "tokens_per_day=1000000000000 calls_at_once=100000"}
    settings = ""  # the defaults, and not what this machine is configured for

    def __init__(self, directory, upstream, core):
        mountpoint = os.path.join(directory, "tally")
        os.makedirs(mountpoint)
        configuration = os.path.join(directory, "tallyfs.toml")
        with open(configuration, "w", encoding="ascii") as file:
            file.write(self.settings)
        try:
            super().__init__(mountpoint, os.path.join(directory, "state"), upstream,
                             "--config", configuration, prefix=machine.pinned(core),
                             start_new_session=True)
        except AssertionError:
            support.unmount(mountpoint)
            raise
        machine.before_others(self.process.pid)
        for name, text in self.decided.items():
            with open(self.path("control", name), "w", encoding="ascii") as file:
                file.write(text + "\n")

    def process_ids(self):
        return [self.process.pid]

    def end(self, how=signal.SIGTERM):
        try:
            return super().end(how)
        finally:
            support.unmount(self.mountpoint)


def subjects(bench, upstream):
    """tallyfs, nginx and a second nginx, running, by name; without nginx only the first."""
    running = {"tallyfs": bench.start(Tallyfs, upstream)}
    if NGINX:
        running["nginx"] = bench.start(Nginx, upstream)
        running["again"] = bench.start(Nginx, upstream)
    return running
