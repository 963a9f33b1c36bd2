# SPDX-License-Identifier: Apache-2.0
"""Starts and stops what bench/gateway/run measures, each on its own core, on the loopback interface only."""
import ctypes
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


LIBC = ctypes.CDLL(None)


def start(core, command, **extra):
    """A process on that core that ends with this one, however this one ends."""
    return subprocess.Popen(pinned(core, command), preexec_fn=lambda: LIBC.prctl(1, signal.SIGKILL), **extra)


def pinned(core, command):
    return ["taskset", "-c", core, *command]


def move(pids, core):
    """Every thread of these processes to another core."""
    for pid in pids:
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {int(core)})


def wait_for(port, seconds=10.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.005)
    raise SystemExit(f"nothing listens on port {port} after {seconds} s")


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def rss_kb(pids):
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total


def stop_process(process):
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Awake:
    """Spins on a core whenever nothing else wants it. On a virtual machine an idle core is given back to the hypervisor
    and takes tens of microseconds to return, which would be measured as the proxy's."""

    def __init__(self, core):
        spin = "import os,pathlib\np=pathlib.Path('/proc/self/autogroup')\np.exists() and p.write_text('19')\nwhile True: pass"
        self.process = start(core, ["chrt", "-i", "0", sys.executable, "-c", spin], start_new_session=True)

    def stop(self):
        stop_process(self.process)


class Upstream:
    """The instant provider as a process of its own."""

    def __init__(self, program, port, core):
        self.port = port
        self.process = start(core, [str(program), "--port", str(port)])
        wait_for(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop_process(self.process)


class Direct:
    """No proxy at all: what the network, the upstream and the load cost by themselves."""

    name = "direct"
    key = None

    def __init__(self, port):
        self.port = port

    def pids(self):
        return []


class Nginx:
    """One worker that passes calls on over kept connections and does nothing else."""

    name = "nginx"
    key = None

    def __init__(self, work, port, upstream, core):
        self.port = port
        folder = work / "nginx"
        folder.mkdir()
        config = folder / "nginx.conf"
        config.write_text(f"""
worker_processes 1;
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    tcp_nodelay on;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
""")
        self.process = start(
            core, ["nginx", "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")])
        wait_for(port)

    def pids(self):
        return [self.process.pid]

    def stop(self):
        stop_process(self.process)


class Slipway:
    """Keys, limits, cost and durable records on; one loop, and every thread of it on the proxy's core."""

    name = "slipway"

    def __init__(self, program, data, upstream, core, capture="full"):
        self.port = free_port()
        config = self.configure(data, self.port, upstream, capture)
        self.log = open(data / "log", "wb")
        self.process = start(core, [str(program), "serve", "--config", str(config)], stdout=self.log,
                             stderr=self.log, env=self.environment())
        try:
            self.wait_ready(self.port, self.process, data / "log")
            self.key = self.create_key(data)
        except BaseException:
            stop_process(self.process)
            raise

    @staticmethod
    def environment():
        """Without what would make further connections or settings."""
        return {name: value for name, value in os.environ.items()
                if not name.startswith(("SLIPWAY_", "OPENAI_", "ANTHROPIC_", "OLLAMA_"))}

    @staticmethod
    def configure(data, port, upstream, capture):
        data.mkdir(parents=True)
        config = data / "slipway.yaml"
        config.write_text(f"""
data_dir: {data}/state
server: {{address: 127.0.0.1, port: {port}, loops: 1}}
log: {{level: warning}}
environments:
  bench: {{capture: {capture}}}
connections:
  provider:
    dialect: openai
    base_url: http://127.0.0.1:{upstream}/v1
    api_key: sk-bench
    allow_private: true
    models: ["gpt-*"]
""")
        return config

    @staticmethod
    def wait_ready(port, process, log, seconds=15.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if process.poll() is not None:
                raise SystemExit("slipway ended at once:\n" + pathlib.Path(log).read_text(errors="replace")[-2000:])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.001)
        raise SystemExit("slipway is not ready:\n" + pathlib.Path(log).read_text(errors="replace")[-2000:])

    def create_key(self, data):
        """Over the control API, with the token the server leaves for its own account."""
        token = self.token(data)
        self.call_api(token, "/api/v1/use-cases", {"slug": "bench", "name": "Benchmark"})
        wanted = {"name": "bench", "use_case": "bench", "environment": "bench"}
        return self.call_api(token, "/api/v1/keys", wanted)["secret"]

    def token(self, data):
        return (data / "state" / "admin.token").read_text().strip()

    def call_api(self, token, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", path, json.dumps(body),
                               {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status not in (200, 201):
                raise SystemExit(f"{path}: {answer.status} {text[:500]}")
            return json.loads(text)
        finally:
            connection.close()

    @classmethod
    def start_to_ready_ms(cls, program, data, upstream, core):
        """From the start of the process to the first 200 from /readyz, on a data directory that exists already."""
        port = free_port()
        config = cls.configure(data, port, upstream, "full")
        took = 0.0
        for _ in range(2):  # the first start makes the databases
            begin = time.monotonic()
            process = start(core, [str(program), "serve", "--config", str(config)], stdout=open(data / "log", "wb"),
                            stderr=subprocess.STDOUT, env=cls.environment())
            try:
                cls.wait_ready(port, process, data / "log")
                took = (time.monotonic() - begin) * 1000
            finally:
                stop_process(process)
        return took

    @staticmethod
    def stripped_bytes(program, work):
        stripped = work / "slipway.stripped"
        subprocess.run(["strip", "-o", str(stripped), str(program)], check=True)
        return stripped.stat().st_size

    def pids(self):
        return [self.process.pid]

    def stop(self):
        stop_process(self.process)
        self.log.close()
