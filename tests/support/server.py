# SPDX-License-Identifier: Apache-2.0
"""Starts the program under test on a temporary directory and a free port, talks to it and stops it again.

A server that stops leaves an empty list of complaints: every log line that is an error, or that says a loop stood
still, fails the test that owned the server unless the test said beforehand that it expects it."""

import contextlib
import decimal
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import httpx
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
SANITIZED = os.environ.get("SLIPWAY_SANITIZED", "")
# Upper bounds for things that take milliseconds: reached only where something hangs. Never a measure of speed.
PATIENCE_S = 90 if SANITIZED else 30


def binary():
    """The program under test."""
    path = pathlib.Path(os.environ.get("SLIPWAY_BIN") or TOP / "build/release/src/app/slipway")
    if not path.is_absolute():
        path = TOP / path
    if not path.exists():
        raise RuntimeError(f"there is no {path}: build it first, or set SLIPWAY_BIN")
    return str(path)


def eventually(probe, what, timeout_s=PATIENCE_S, pause_s=0.02):
    """Calls `probe` until it gives something true, and returns that."""
    end = time.monotonic() + timeout_s
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}")
        time.sleep(pause_s)


def clean_environment(home):
    """What the program sees of this process's environment: nothing that could configure it."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return kept | {"HOME": str(home), "XDG_CONFIG_HOME": str(home) + "/.config", "NO_COLOR": "1"}


def merged(base, extra):
    """`extra` over `base`, maps merged, everything else replaced; None takes a key away."""
    out = dict(base)
    for name, value in extra.items():
        if value is None:
            out.pop(name, None)
        elif isinstance(value, dict) and isinstance(out.get(name), dict):
            out[name] = merged(out[name], value)
        else:
            out[name] = value
    return out


BASE_CONFIG = {
    "server": {"address": "127.0.0.1", "port": 0, "loops": 2, "drain": "2s"},
    "environments": {
        "dev": {"capture": "full"},
        "preprod": {"capture": "full", "durability": "strict"},
        # Most tests are not about approvals; those that are ask for them.
        "prod": {"capture": "metadata", "require_approved_use_case": False},
        "quiet": {"capture": "none"},
    },
    # A loop that stands still is a fault, but on a machine that also compiles, the scheduler may take a quarter of a
    # second from any thread.
    "watchdog": {"stall": "2s" if SANITIZED else "500ms"},
    "telemetry": {"disk_reserve": "0B"},
}


def store_for(directory):
    """Where this run's servers keep what they share: with $SLIPWAY_TEST_POSTGRESQL_SERVER (see support/postgresql.py) a
    database for each directory, else nothing, which is the embedded store."""
    server = os.environ.get("SLIPWAY_TEST_POSTGRESQL_SERVER")
    if not server:
        return {}
    remembered = directory / "store-url"
    if not remembered.exists():
        from support.postgresql import new_database

        directory.mkdir(parents=True, exist_ok=True)
        remembered.write_text(new_database(server))
    return {"store": {"url": remembered.read_text()}}


class Server:
    """One `slipway serve`. Not started by the constructor; `with Server(...) as server:` starts and stops it."""

    def __init__(self, config=None, *, environment=None, directory=None, expected_log=(), trust=True):
        self._own_directory = directory is None
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="slipway-test-"))
        self.data_dir = self.directory / "data"
        self.config_file = self.directory / "slipway.yaml"
        self.config = merged(merged(BASE_CONFIG, store_for(self.directory)), config or {})
        self.config.setdefault("data_dir", str(self.data_dir))
        self.environment = clean_environment(self.directory) | (environment or {})
        self.expected_log = list(expected_log)  # patterns of log lines that would otherwise be complaints
        self.trust = trust  # an ssl.SSLContext for a server with a certificate
        self.process = None
        self.url = self.key = self.sign_in_token = None
        self.port = None
        self.welcome = ""
        self._log = []
        self._readers = []
        self._http = None
        self._keys_made = 0

    # ---- life

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.stop()
        else:
            self.kill()
            print("".join(f"  slipway: {line}\n" for line in self._log[-40:]))
        self.clean()

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(yaml.safe_dump(self.config, sort_keys=False))
        self.process = subprocess.Popen(
            [binary(), "serve", "--config", str(self.config_file)], cwd=self.directory, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        welcome, shown = [], threading.Event()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, welcome, shown), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self._log, None), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        # A server that gave up closes its output a moment before it can be waited for: the welcome's last line
        # decides, not poll().
        if not shown.wait(PATIENCE_S) or not any(line.strip().startswith("Stop ") for line in list(welcome)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)  # let it finish what it says about it
            self.kill()
            raise AssertionError("slipway did not start:\n" + "\n".join(self._log + welcome))
        self.welcome = "\n".join(welcome)
        self.url = re.search(r"(https?://\S+)/sign-in#token=", self.welcome).group(1)
        self.port = int(self.url.rsplit(":", 1)[1])
        self.url = self.url.replace("localhost", "127.0.0.1")
        self.sign_in_token = re.search(r"#token=(\S+)", self.welcome).group(1)
        key = re.search(r"API key\s+(\S+)", self.welcome)
        self.key = key.group(1) if key else self.key
        eventually(lambda: self.get("/readyz").status_code == 200, "/readyz")
        return self

    @staticmethod
    def _read(stream, lines, shown):
        for line in stream:
            lines.append(line.rstrip("\n"))
            if shown is not None and line.strip().startswith("Stop "):
                shown.set()
        if shown is not None:
            shown.set()

    def stop(self):
        """SIGTERM; asserts that the server ends by itself with exit code 0 and nothing to complain about."""
        if self.process is None:
            return
        self._close_http()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("slipway did not stop after SIGTERM:\n" + "\n".join(self._log[-40:]))
        self._join()
        assert code == 0, f"slipway ended with {code}:\n" + "\n".join(self._log[-60:])
        complaints = self.complaints()
        assert not complaints, "unexpected in slipway's log:\n" + "\n".join(complaints[:20])

    def kill(self):
        """kill -9: nothing is asserted."""
        self._close_http()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._join()

    def clean(self):
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def restart(self):
        self.stop()
        return self.start()

    def _join(self):
        for reader in self._readers:
            reader.join(PATIENCE_S)
        for stream in (self.process.stdout, self.process.stderr) if self.process else ():
            stream.close()
        self.process = None

    def _close_http(self):
        if self._http is not None:
            self._http.close()
            self._http = None

    def simulated_port(self):
        """Where this server's built-in simulated provider listens: the one port of the process that isn't ours."""
        sockets = set()
        for entry in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                sockets.add(os.readlink(entry))
        ports = set()
        for line in pathlib.Path(f"/proc/{self.process.pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                ports.add(int(fields[1].split(":")[1], 16))
        (port,) = ports - {self.port}
        return port

    # ---- log

    @property
    def log(self):
        return list(self._log)

    def log_events(self, event):
        found = []
        for line in self.log:
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if entry.get("event") == event:
                    found.append(entry)
        return found

    def complaints(self):
        out = []
        for line in self.log:
            if any(re.search(pattern, line) for pattern in self.expected_log):
                continue
            try:
                entry = json.loads(line)
            except ValueError:
                out.append(line)  # a sanitizer's report, or something printed beside the log
                continue
            # A loop that "stood" in epoll_wait had nothing to do: the machine gave its thread no time.
            starved = str(entry.get("stack", "")).startswith("epoll_wait")
            if entry.get("level") == "error" or (entry.get("event") == "loop_stalled" and not starved):
                out.append(line)
        return out

    # ---- HTTP

    @property
    def http(self):
        if self._http is None:
            self._http = httpx.Client(base_url=self.url, timeout=PATIENCE_S, trust_env=False, verify=self.trust)
        return self._http

    def get(self, path, **options):
        return self.http.get(path, **options)

    @property
    def admin_token(self):
        return (self.data_dir / "admin.token").read_text().strip()

    def api(self, method, path, *, expect=None, **options):
        """The control API under /api/v1 as the local administrator; with `expect`, the parsed answer."""
        headers = {"authorization": f"Bearer {self.admin_token}"} | options.pop("headers", {})
        answer = self.http.request(method, "/api/v1" + path, headers=headers, **options)
        if expect is None:
            return answer
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def v1(self, path, body=None, *, key=None, headers=None, method="POST", content=None, timeout=PATIENCE_S):
        """A plain request to the model API; no SDK in between."""
        sent = {"authorization": f"Bearer {self.key if key is None else key}"} if key != "" else {}
        if method == "POST":
            sent["content-type"] = "application/json"
        sent |= headers or {}
        content = content if content is not None else json.dumps(body) if body is not None else None
        return self.http.request(method, "/v1" + path, headers=sent, content=content, timeout=timeout)

    def chat(self, text="Hello", model="simulated-small", *, key=None, headers=None, **fields):
        body = {"model": model, "messages": [{"role": "user", "content": text}]} | fields
        return self.v1("/chat/completions", body, key=key, headers=headers)

    # ---- keys and records

    def make_key(self, environment="dev", use_case=None, **fields):
        """A fresh key, by default of a fresh use case, so that tests on one server don't see each other's calls."""
        self._keys_made += 1
        name = fields.pop("name", f"key {self._keys_made}")
        use_case = use_case or f"case-{os.getpid()}-{self._keys_made}"
        known = self.api("POST", "/use-cases", json={"slug": use_case, "name": use_case})
        assert known.status_code in (201, 409), known.text
        made = self.api("POST", "/keys", expect=201,
                        json={"name": name, "use_case": use_case, "environment": environment} | fields)
        return Key(made)

    def find_record(self, invocation_id):
        answer = self.api("GET", f"/invocations/{invocation_id}")
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait_record(self, answer_or_id):
        """The record of a call, by its id or by its answer; waits until it can be queried."""
        wanted = answer_or_id
        if not isinstance(wanted, str):
            wanted = wanted.headers["x-slipway-invocation-id"]
        try:
            return eventually(lambda: self.find_record(wanted), f"the record {wanted}")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.state()}") from None

    def state(self):
        """What a reader of a failure wants to know of the server."""
        said = "\n".join(line for line in self.log if '"level":"info"' not in line)
        return f"its status is {self.status()}, its log\n{said[-3000:]}"

    def records(self, **filters):
        """Every record that fits, newest first, all pages."""
        filters = {"from": "2020-01-01T00:00:00Z", "limit": 500} | filters
        items, cursor = [], None
        while True:
            page = self.api("GET", "/invocations", expect=200,
                            params=filters | ({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return items

    def wait_records(self, count, **filters):
        """Waits until `count` records fit, and returns them."""
        found = []

        def enough():
            nonlocal found
            found = self.records(**filters)
            return len(found) >= count

        eventually(enough, f"{count} records with {filters}", pause_s=0.05)
        assert len(found) == count, f"{len(found)} records instead of {count} with {filters}"
        return found

    def status(self):
        return self.api("GET", "/status", expect=200)

    def metrics(self):
        """Samples of /metrics as {name: {frozenset of labels: value}}."""
        from prometheus_client.parser import text_string_to_metric_families

        out = {}
        for family in text_string_to_metric_families(self.get("/metrics").text):
            for sample in family.samples:
                out.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
        return out

    def metric(self, name, **labels):
        """Sum over all series of `name` that carry these labels."""
        wanted = set(labels.items())
        return sum(value for have, value in self.metrics().get(name, {}).items() if wanted <= set(have))

    # ---- command line

    def cli(self, *arguments, expect=0, stdin="", environment=None):
        return run_cli(*arguments, "--url", self.url, "--data-dir", str(self.data_dir), expect=expect, stdin=stdin,
                       environment=self.environment | (environment or {}), cwd=self.directory)


class Key(str):
    """A secret that knows its key."""

    def __new__(cls, made):
        key = super().__new__(cls, made["secret"])
        key.id = made["key"]["id"]
        key.use_case = made["key"]["use_case"]
        key.fields = made["key"]
        return key


def run_cli(*arguments, expect=0, stdin="", environment=None, cwd=None):
    """Runs the program; `expect` None accepts any exit code."""
    done = subprocess.run([binary(), *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          env=environment, cwd=cwd, timeout=PATIENCE_S * 2)
    assert expect is None or done.returncode == expect, (
        f"slipway {' '.join(map(str, arguments))} ended with {done.returncode}, not {expect}:\n"
        f"{done.stdout}\n{done.stderr}")
    return done


def nano(dollars):
    """Nano-dollars of a decimal string, exactly; None stays None."""
    if dollars is None:
        return None
    value = decimal.Decimal(dollars) * 10**9
    assert value == int(value), f"{dollars} has more than nine places"
    return int(value)
