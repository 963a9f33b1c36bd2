# SPDX-License-Identifier: Apache-2.0
"""./run demo shows the whole life of a use case, says which step went wrong, and leaves nothing behind."""

import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

from support.server import PATIENCE_S, TOP, binary, clean_environment, eventually

DEMO = TOP / "tools/demo/demo.py"
WHOLE_S = PATIENCE_S * 8


@pytest.fixture
def surroundings(tmp_path):
    """A home that holds data of a real server, and a folder for temporary things."""
    (tmp_path / "tmp").mkdir()
    data = tmp_path / ".local/share/slipway"
    data.mkdir(parents=True)
    (data / "admin.token").write_text("mine")
    yield clean_environment(tmp_path) | {"TMPDIR": str(tmp_path / "tmp"), "SLIPWAY_BIN": binary(), "OPENAI_API_KEY": "sk-mine"}
    assert [path.name for path in data.iterdir()] == ["admin.token"], "the demo touched another data directory"
    assert list((tmp_path / "tmp").iterdir()) == [], "the demo left something behind"


def servers_of(folder):
    """Processes that serve from below a folder."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serve" in words and any(word.startswith(os.fsencode(folder)) for word in words):
            found.append(int(entry.parent.name))
    return found


@pytest.mark.slow
def test_the_demo_goes_through_from_registration_to_new_golden_cases(surroundings, tmp_path):
    done = subprocess.run([sys.executable, DEMO, "--check"], env=surroundings, cwd=tmp_path, capture_output=True, text=True,
                          timeout=WHOLE_S)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    said = done.stdout
    assert re.search(r"All \d+ steps in \d+ s\.\nStopped\.\n$", said) and "\x1b" not in said
    at = 0
    for part in ("use-case create", "use-case review", "slipway push", "release cut", "\n      FAIL", "no   gate", "\n      PASS",
                 "support-assistant in preprod: release 3", "release approve", "--canary", "canary finished: release 3", "/v1/feedback",
                 "from-invocations", "24 cases", "The audit log is whole"):
        assert part in said[at:], f"no “{part}” after:\n{said[:at][-600:]}"
        at = said.index(part, at)
    assert servers_of(tmp_path) == []


@pytest.mark.slow
def test_the_demo_names_the_step_that_failed(surroundings, tmp_path):
    broken = tmp_path / "slipway"
    broken.write_text(f'#!/bin/sh\n[ "$1" = validate ] && {{ echo "out of order" >&2; exit 3; }}\nexec {binary()} "$@"\n')
    broken.chmod(0o755)
    done = subprocess.run([sys.executable, DEMO, "--check"], env=surroundings | {"SLIPWAY_BIN": str(broken)}, cwd=tmp_path,
                          capture_output=True, text=True, timeout=WHOLE_S)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"^Step \d+ failed: Ada's folder of YAML", done.stdout, re.M), done.stdout[-3000:]
    assert "slipway validate ended with 3, not 0" in done.stdout and "out of order" in done.stdout
    assert "server.started" in done.stdout  # the server's log helps
    assert servers_of(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_can_be_stopped_at_any_time(surroundings, tmp_path, sent):
    said = tmp_path / "said"
    with said.open("wb") as out:
        demo = subprocess.Popen([sys.executable, DEMO, "--check"], env=surroundings, cwd=tmp_path, stdout=out, stderr=subprocess.STDOUT,
                                start_new_session=True)
    try:
        eventually(lambda: "registers a use case" in said.read_text(), "the third step")
        assert servers_of(tmp_path)
        os.killpg(demo.pid, sent)  # as a terminal does: to whatever the demo has started as well
        assert demo.wait(PATIENCE_S) == 130
    finally:
        demo.kill()
        demo.wait()
    assert said.read_text().endswith("Stopped.\n"), said.read_text()
    assert servers_of(tmp_path) == []
