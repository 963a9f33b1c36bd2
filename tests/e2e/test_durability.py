# SPDX-License-Identifier: Apache-2.0
"""What is promised about records when the program, the file or the disk fails: `kill -9`, garbage, no space."""

import json
import os
import random
import re
import threading
import time

import httpx
import pytest

from support.disk import fill
from support.server import PATIENCE_S, SANITIZED, Server, eventually

pytestmark = pytest.mark.slow


class Load:
    """Clients that call without pause until told to stop, and remember what was answered, and when."""

    def __init__(self, server, keys, threads=4):
        self.answered = []  # (id, key, begun, answered)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(server, keys[n % len(keys)], n % 2 == 0))
                         for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self, server, key, stream):
        body = json.dumps({"model": "simulated-small", "stream": stream,
                           "messages": [{"role": "user", "content": "Keep this."}]})
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        try:
            with httpx.Client(base_url=server.url, trust_env=False, timeout=PATIENCE_S) as client:
                while not self._stop.is_set():
                    begun = time.monotonic()
                    answer = client.post("/v1/chat/completions", content=body, headers=headers)
                    assert answer.status_code == 200
                    with self._lock:
                        self.answered.append((answer.headers["x-slipway-invocation-id"], str(key), begun,
                                              time.monotonic()))
        except httpx.HTTPError:
            pass  # the server was killed

    def end(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)


def settled(server):
    """The ids of all records, once what the spool held has been read. A last call marks the end: records are read in
    the order in which they were written."""
    server.wait_record(server.chat())
    return {record["id"] for record in server.records()}


def spool_files(server):
    return sorted(path for path in (server.data_dir / "spool").iterdir() if path.name != "lock")


@pytest.mark.parametrize("run", range(1 if SANITIZED else 3))
def test_kill_9_under_load(make_server, run):
    server = make_server()
    strict, normal = server.make_key("preprod"), server.make_key("dev")
    load = Load(server, [strict, normal, strict, normal])
    eventually(lambda: len(load.answered) >= 150 + 100 * run, "some traffic")
    server.process.kill()
    load.end()
    server.kill()
    server.start()
    kept = settled(server)
    # Strict: whoever got an answer has a record. No exceptions.
    assert [i for i, key, _, _ in load.answered if key == strict and i not in kept] == []
    # Normal: on disk at most 100 ms after the end of the call, if the disk is not slower than that; and whether it is
    # can only be seen by a strict call, which is answered when the disk has taken it and what came before it. So what
    # was answered 100 ms before the last such call began must be there.
    proof = max(begun for _, key, begun, _ in load.answered if key == strict)
    expected = [i for i, key, _, answered in load.answered if key == normal and answered < proof - 0.1]
    assert [i for i in expected if i not in kept] == []
    # What the store has, has it once, and the server goes on.
    records = server.records()
    assert len(records) == len({record["id"] for record in records})
    answer = server.chat(key=strict)
    assert server.wait_record(answer)["status"] == "ok"
    assert server.status()["lost_records"] == 0


def test_totals_are_right_after_a_kill(make_server):
    """Roll-ups and records are written together: neither counts a call twice or leaves one out."""
    server = make_server()
    load = Load(server, [server.make_key("preprod", "counted")])
    eventually(lambda: len(load.answered) >= 150, "some traffic")
    server.process.kill()
    load.end()
    server.kill()
    server.start()
    settled(server)
    records = server.records(use_case="counted")
    totals = server.api("GET", "/overview", expect=200, params={"use_case": "counted"})["totals"]
    assert totals["requests"] == len(records) >= len(load.answered)
    assert totals["tokens"]["output"] == sum(record["usage"]["output"] for record in records)


def test_unread_spool_is_read_after_a_restart(make_server):
    """Records that were on disk but not yet in the store when the program died."""
    server = make_server()
    key = server.make_key("preprod")
    ids = [server.chat(key=key).headers["x-slipway-invocation-id"] for _ in range(20)]
    server.kill()
    # As if the store had never heard of them: the spool alone must bring them back.
    for file in server.data_dir.glob("telemetry.db*"):
        file.unlink()
    server.start()
    kept = settled(server)
    assert set(ids) <= kept


@pytest.mark.parametrize("garbage", [b"garbage" * 100, b"\x00" * 5000, os.urandom(3), b"\xff" * 70_000],
                         ids=["text", "zeros", "three-bytes", "ones"])
def test_corrupt_tail_is_cut_and_reported(make_server, garbage):
    server = make_server()
    key = server.make_key("preprod")
    ids = [server.chat(key=key).headers["x-slipway-invocation-id"] for _ in range(10)]
    server.kill()
    last = spool_files(server)[-1]
    with last.open("ab") as file:
        file.write(garbage)
    server.start()
    eventually(lambda: set(ids) <= {record["id"] for record in server.records()}, "the records before the damage")
    reports = [line for line in server.log if re.search(r"corrupt|damaged|tail", line)]
    assert reports, "nobody was told of the damage:\n" + "\n".join(server.log)
    assert server.wait_record(server.chat(key=key))["status"] == "ok"
    server.restart()  # the damage is gone for good
    assert set(ids) <= {record["id"] for record in server.records()}


def test_torn_record(make_server):
    """The machine stopped in the middle of a write: the last record is half there."""
    server = make_server()
    key = server.make_key("preprod")
    ids = [server.chat(key=key).headers["x-slipway-invocation-id"] for _ in range(10)]
    server.kill()
    for file in server.data_dir.glob("telemetry.db*"):
        file.unlink()
    last = spool_files(server)[-1]
    os.truncate(last, last.stat().st_size - 17)
    server.start()
    kept = settled(server)
    assert set(ids[:-1]) <= kept and ids[-1] not in kept
    assert server.wait_record(server.chat(key=key))["status"] == "ok"


def test_full_disk(small_disk):
    server = Server({"telemetry": {"segment": "1MiB", "memory_queue": "1MiB"}}, directory=small_disk,
                    expected_log=[r"full|No space|spool|disk|index|lost"])
    with server:
        strict, normal = server.make_key("preprod"), server.make_key("dev")
        assert server.wait_record(server.chat(key=strict))["status"] == "ok"
        ballast = fill(small_disk)

        def refused():
            answer = server.chat("x" * 20_000, key=strict)
            return answer if answer.status_code == 503 else None

        answer = eventually(refused, "the strict environment to refuse")
        error = answer.json()["error"]
        assert error["code"] and re.search("disk|record|space", error["message"]), error
        # Others go on being served, and it is said what was not kept.
        waiting = server.chat(key=normal)  # in memory, until that is full as well
        assert waiting.status_code == 200

        def lost():
            # Letters at random, so that compression doesn't make the record small.
            text = "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=200_000))
            assert server.chat(text, key=normal).status_code == 200
            return server.status()["lost_records"] > 0

        eventually(lost, "the lost records to be counted")
        assert sum(value for name, series in server.metrics().items() if name.endswith("records_lost_total")
                   for value in series.values()) > 0
        status = server.status()
        assert status["ready"] is False and any("disk" in c["detail"].lower() for c in status["checks"])
        assert server.get("/readyz").status_code == 503 and server.get("/healthz").status_code == 200
        ballast.unlink()
        eventually(lambda: server.chat(key=strict).status_code == 200, "the strict environment to serve again")
        eventually(lambda: server.get("/readyz").status_code == 200, "readiness")
        assert server.wait_record(server.chat(key=strict))["status"] == "ok"
        assert server.wait_record(server.chat(key=normal))["status"] == "ok"
        assert server.wait_record(waiting)["status"] == "ok"  # what waited was not lost
        status = server.status()
        assert any(c["state"] == "warn" and str(status["lost_records"]) in c["detail"] for c in status["checks"])


def test_strict_answers_wait_for_the_record(make_server):
    """The record of a strict call is found in the spool at the moment its answer arrives."""
    server = make_server()
    key = server.make_key("preprod")
    for stream in (False, True):
        answer = server.chat(key=key, stream=stream)
        size = sum(file.stat().st_size for file in spool_files(server))
        assert size > 0
        server.kill()
        server.start()
        record = eventually(lambda: server.find_record(answer.headers["x-slipway-invocation-id"]), "the record")
        assert record["status"] == "ok" and record["stream"] is stream
        if stream:
            assert record["response_body"] == answer.text


def test_data_directory_that_cannot_be_used(tmp_path):
    from support.server import clean_environment, run_cli
    file = tmp_path / "file"
    file.write_text("in the way")
    done = run_cli("serve", "--data-dir", file, "--port", "0", expect=None,
                   environment=clean_environment(tmp_path))
    assert done.returncode in (2, 3) and str(file) in done.stderr and "data_dir" in done.stderr
