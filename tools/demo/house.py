# SPDX-License-Identifier: Apache-2.0
"""A server in a folder of its own, and ways to talk to it: the command line as different people, and HTTP."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "examples/support-assistant"
PATIENCE_S = 60  # an upper bound for what takes milliseconds: reached only where something hangs
PROXY_FREE = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failed(Exception):
    """Something is not as the demo says; the text tells what was done and what came of it."""


def free_port(wanted):
    """`wanted` if nobody has it, else 0: any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted


def clean_environment(folder):
    """Nothing that could configure the program, name another server, or connect a real provider."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR") if name in os.environ}
    return kept | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / ".config"), "NO_COLOR": "1"}


class House:
    def __init__(self, binary, folder, teller, port):
        self.binary, self.folder, self.tell = binary, folder, teller
        self.port = port
        self.shop = folder / "shop"
        self.log_file = folder / "server.log"
        self.settings_file = folder / "slipway.yaml"
        self.environment = clean_environment(folder)
        self.tokens = {}
        self.process = None
        self.url = None

    # ---- life

    def start(self):
        shutil.copytree(EXAMPLE, self.shop, ignore=shutil.ignore_patterns("__pycache__"))
        # Its own answers are there within a millisecond; these take as long as to look like some.
        self.settings_file.write_text(json.dumps({
            "data_dir": str(self.folder / "data"),
            "server": {"port": self.port, "drain": "2s"},
            "simulated": {"script_file": str(self.shop / "simulated.yaml"), "first_token": "40ms", "jitter": "80ms",
                          "tokens_per_second": 400},
            "environments": {"dev": {}, "preprod": {},
                             "prod": {"require_approved_use_case": True, "capture": "full", "retention": {"bodies": "7d"}}},
        }, indent=2) + "\n")
        command = ["serve", "--config", str(self.settings_file)]
        self.tell.command(["slipway", *command])
        welcome_file = self.folder / "welcome.txt"
        with welcome_file.open("wb") as out, self.log_file.open("wb") as log:
            # In a session of its own: Ctrl+C is for the demo, which then stops the server.
            self.process = subprocess.Popen([self.binary, *command], cwd=self.folder, env=self.environment,
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=log, start_new_session=True)

        def welcomed():
            if self.process.poll() is not None:
                raise Failed(f"the server ended with {self.process.returncode}")
            text = welcome_file.read_text()
            return text if re.search(r"^\s*Stop ", text, re.M) else None

        welcome = self.eventually(welcomed, "the server's welcome")
        self.url = re.search(r"(https?://\S+)/sign-in#token=", welcome).group(1)
        self.environment["SLIPWAY_URL"] = self.url
        self.tokens["admin"] = (self.folder / "data/admin.token").read_text().strip()

    def stop(self):
        """True if it ended by itself and well."""
        if self.process is None:
            return True
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE_S) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False

    @staticmethod
    def eventually(probe, what, patience_s=PATIENCE_S):
        end = time.monotonic() + patience_s
        while True:
            found = probe()
            if found:
                return found
            if time.monotonic() > end:
                raise Failed(f"waited {patience_s} s in vain for {what}")
            time.sleep(0.05)

    # ---- the command line

    def slipway(self, who, *arguments, expect=0, show=None, secret=False):
        """What it printed on standard output. `show`: so many lines of it are shown, less than 0: the last ones, None: all;
        `secret`: it is nothing for screens."""
        self.tell.command(["slipway", *arguments], who)
        try:
            done = subprocess.run([self.binary, *arguments], cwd=self.shop, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  env=self.environment | {"SLIPWAY_TOKEN": self.tokens[who]}, timeout=3 * PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"slipway {' '.join(arguments)} has not ended after {3 * PATIENCE_S} s") from None
        if done.returncode != expect:
            raise Failed(f"slipway {' '.join(arguments)} ended with {done.returncode}, not {expect}:\n{done.stdout}{done.stderr}")
        if secret:
            self.tell.output("(kept for the demo)")
        elif show != 0:
            self.tell.output(done.stdout + (done.stderr if expect else ""), show)
        return done.stdout.strip()

    # ---- HTTP

    def send(self, method, path, body=None, token="", headers=None):
        """(status, headers, parsed body) of any answer."""
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", "Bearer " + token)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with PROXY_FREE.open(request, timeout=PATIENCE_S) as answer:
                status, received, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, received, text = error.code, error.headers, error.read()
        except (OSError, TimeoutError) as error:
            raise Failed(f"{method} {path}: {error}") from None
        try:
            return status, received, json.loads(text) if text else None
        except ValueError:
            return status, received, text.decode(errors="replace")

    def api(self, method, path, body=None, who="admin", expect=(200, 201)):
        status, _, answer = self.send(method, "/api/v1" + path, body, self.tokens[who])
        if status not in expect:
            raise Failed(f"{method} /api/v1{path} was answered with {status}: {json.dumps(answer)}")
        return answer

    def log_tail(self, lines=15):
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""
