# SPDX-License-Identifier: Apache-2.0
"""Walks through a document: runs the commands of its ```console blocks one by one in one shell, and tells what they
print. `renewed` gives the document with that in place of what it shows.

A command is a line that begins with "$ "; lines with "> " continue it. What follows up to the next one is its output,
standard output and error together. A block ```console exit=1 holds commands that fail with that code, and one
```console eventually commands that only look, and that are asked again until they see what the document shows."""

import os
import re
import select
import subprocess
import time

import yaml

from support.server import PATIENCE_S, TOP, binary, clean_environment

FENCE = re.compile(r"^(?P<fence>`{3,})console(?: exit=(?P<exit>\d+))?(?P<again> eventually)?\n(?P<steps>.*?)^(?P=fence)$", re.M | re.S)
DOCUMENTED_URL = "http://localhost:8080"
WALK_S = PATIENCE_S * 4  # one command at most; the longest waits for a canary

# What differs from run to run. Everything else, digests of assets and releases and the simulated answers included, is
# the same anywhere.
MASKS = [
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?Z?"), "<time>"),
    (re.compile(r"sk-slp-[\w-]{43}"), "<key>"),
    (re.compile(r"slp_[\w-]{43}"), "<token>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r" +\d+(?:\.\d+)? m?s\b"), " <duration>"),
    (re.compile(r"No guard is broken after .*$", re.M), "No guard is broken after <calls>"),
    (re.compile(r"newest digest [0-9a-f]{64}"), "newest digest <digest>"),
    # A measured time makes columns wider or narrower.
    (re.compile(r"(?<=\S) {2,}(?=\S)"), "  "),
    (re.compile(r"^(\w+  latency  .*?)  .*$", re.M), r"\1  <latency>"),
    (re.compile(r"latency [\d.e-]+,"), "latency <latency>,"),
    (re.compile(r"\| sha256:[0-9a-f]{64} \|$", re.M), "| <run> |"),  # its digest is over measured times, too
]


def masked(text):
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    return text


class Shell:
    """One bash that runs command after command."""

    def __init__(self, server, home):
        self.server = server
        environment = clean_environment(home) | {"SLIPWAY_URL": server.url, "LC_ALL": "C.UTF-8",
                                                 "PYTHONDONTWRITEBYTECODE": "1"}
        environment["PATH"] = os.path.dirname(binary()) + ":" + environment["PATH"]
        self.process = subprocess.Popen(["bash", "--noprofile", "--norc"], cwd=TOP, env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.count = 0

    def run(self, command):
        """What it printed and its exit code; the address of the server as the document writes it."""
        self.count += 1
        end = f"--- end of command {self.count} ---"
        quoted = command.replace(DOCUMENTED_URL, self.server.url).replace("'", "'\\''")
        self.process.stdin.write(f"eval '{quoted}' </dev/null\necho '{end}' $?\n".encode())
        self.process.stdin.flush()
        said, until = b"", time.monotonic() + WALK_S
        while (found := re.search(re.escape(end.encode()) + rb" (\d+)\n", said)) is None:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, until - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert piece, f"no end of `{command}` after {WALK_S} s; so far:\n{said.decode(errors='replace')}"
            said += piece
        return said[:found.start()].decode().replace(self.server.url, DOCUMENTED_URL), int(found.group(1))

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.stdout.close()


def steps_of(block):
    """[(command, shown output)] of a block's text."""
    steps = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append([line[2:], ""])
        elif line.startswith("> ") and not steps[-1][1]:
            steps[-1][0] += "\n" + line[2:]
        else:
            steps[-1][1] += line + "\n"
    return steps


def walk(document, server, home, *, on_step, patience_s=PATIENCE_S):
    """Runs every command; `on_step(command, shown, printed)`. Returns the renewed document. `patience_s` is for what
    is to be seen eventually."""
    shell = Shell(server, home)
    renewed, at = "", 0
    try:
        for block in FENCE.finditer(document):
            expected_code = int(block["exit"] or 0)
            text = ""
            for command, shown in steps_of(block["steps"]):
                until = time.monotonic() + (patience_s if block["again"] else 0)
                while True:
                    printed, code = shell.run(command)
                    assert code == expected_code, f"`{command}` ended with {code}, not {expected_code}:\n{printed}"
                    if printed and not printed.endswith("\n"):
                        printed += "\n"
                    if masked(printed) == masked(shown) or time.monotonic() >= until:
                        break
                    time.sleep(0.1)
                on_step(command, shown, printed)
                text += "$ " + command.replace("\n", "\n> ") + "\n"
                # What only differs in times and the like stays as it is, so that renewing twice changes nothing.
                text += shown if masked(shown) == masked(printed) else printed
            renewed += document[at:block.start("steps")] + text
            at = block.end("steps")
    finally:
        shell.close()
    return renewed + document[at:]


def tour_server(make, home):
    """A server as the tour starts it, but for its port and its folder."""
    folder = TOP / "examples/support-assistant"
    settings = yaml.safe_load((folder / "server.yaml").read_text())
    settings["simulated"]["script_file"] = str(folder / "simulated.yaml")
    settings["environments"]["quiet"] = None  # of the other tests
    return make(settings | {"data_dir": str(home / ".local/share/slipway")})
