# SPDX-License-Identifier: Apache-2.0
"""What operators and their tools look at: probes, metrics, traces, request ids, logs, start and stop."""

import json
import re
import signal
import threading
import time

import pytest

from support.server import PATIENCE_S, eventually
from support.upstream import openai_answer


def test_probes(house):
    assert house.get("/healthz").text == "ok\n"
    ready = house.get("/readyz")
    assert ready.status_code == 200 and "records ok" in ready.text
    for path in ("/healthz", "/readyz", "/metrics"):
        assert house.get(path).headers["cache-control"] == "no-store"
        assert house.http.head(path).status_code == 200


def test_status(house):
    status = house.status()
    assert status["ready"] is True and status["lost_records"] == 0
    assert {check["state"] for check in status["checks"]} <= {"ok", "warn"}
    assert [loop["index"] for loop in status["loops"]] == [0, 1]


def test_metrics_parse_and_count(make_server):
    server = make_server()
    for _ in range(3):
        server.chat()
    server.chat(stream=True)
    server.chat(headers={"x-simulate": "status=500"})
    server.wait_records(5)
    text = server.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = set(server.metrics())
    assert all(name.startswith("slipway_") for name in names)
    assert server.metric("slipway_requests_total") == 5
    assert server.metric("slipway_requests_total", status="ok") == 4
    assert server.metric("slipway_requests_total", status="upstream_error") == 1
    for part in ("duration", "first_token", "tokens", "cost", "loop_lag", "spool", "records_lost"):
        assert any(part in name for name in names), f"no metric tells of {part}: {sorted(names)}"
    for name in names:
        if name.endswith("_bucket"):
            series = {}
            for labels, value in server.metrics()[name].items():
                labels = dict(labels)
                series.setdefault(tuple(sorted((k, v) for k, v in labels.items() if k != "le")), []).append(
                    (float(labels["le"]), value))
            for buckets in series.values():
                counts = [value for _, value in sorted(buckets)]
                assert counts == sorted(counts) and sorted(buckets)[-1][0] == float("inf")
    assert server.metric("slipway_records_lost_total") == 0
    assert server.metric("slipway_records_written_total") == 5


def test_in_flight_goes_up_and_down(make_server, upstream):
    import asyncio
    release = threading.Event()

    async def slow(exchange):
        while not release.is_set():
            await asyncio.sleep(0.005)
        await exchange.json(openai_answer(exchange.request["model"]))

    model = upstream.fresh(slow)
    server = make_server({"connections": {"fake": {"base_url": upstream.base_url, "api_key": "x", "models": ["fake-*"],
                                                   "allow_private": True}}})
    call = threading.Thread(target=lambda: server.chat(model=model))
    call.start()
    eventually(lambda: upstream.requests(model), "the call upstream")
    assert server.metric("slipway_requests_in_flight") == 1
    release.set()
    call.join(PATIENCE_S)
    eventually(lambda: server.metric("slipway_requests_in_flight") == 0, "the gauge at zero")


TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_traceparent_is_continued(house, key, upstream):
    model = upstream.fresh(None)
    answer = house.chat(model=model, key=key, headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    record = house.wait_record(answer)
    assert record["trace_id"] == TRACE and record["parent_span_id"] == "b7ad6b7169203331"
    assert upstream.only(model).header("traceparent") == f"00-{TRACE}-{record['span_id']}-01"


@pytest.mark.parametrize("sent", [None, "", "nonsense", f"00-{'0' * 32}-b7ad6b7169203331-01",
                                  f"00-{TRACE}-b7ad6b7169203331", f"ff-{TRACE}-b7ad6b7169203331-01"])
def test_without_a_good_traceparent_a_trace_begins(house, key, upstream, sent):
    model = upstream.fresh(None)
    record = house.wait_record(house.chat(model=model, key=key, headers={"traceparent": sent} if sent is not None
                                          else {}))
    assert re.fullmatch("[0-9a-f]{32}", record["trace_id"]) and record["trace_id"] != TRACE
    assert record["parent_span_id"] == ""
    assert upstream.only(model).header("traceparent") == f"00-{record['trace_id']}-{record['span_id']}-01"


def test_request_id(house, key):
    answer = house.chat(key=key, headers={"x-request-id": "order-4711"})
    assert answer.headers["x-request-id"] == "order-4711"
    assert house.wait_record(answer)["request_id"] == "order-4711"
    for bad in ("x" * 300, "with space", 'quo"te'):
        given = house.chat(key=key, headers={"x-request-id": bad}).headers["x-request-id"]
        assert given != bad and len(given) == 36
    assert house.api("GET", "/status").headers["x-request-id"]


def test_log_lines_are_json(house):
    for line in house.log:
        entry = json.loads(line)
        assert entry["time"] and entry["level"] and entry["event"]
    (started,) = house.log_events("server.started")
    assert started["loops"] == 2


def test_a_second_server_on_the_same_data_is_refused(house):
    from support.server import run_cli
    done = run_cli("serve", "--config", house.config_file, expect=None, environment=house.environment)
    assert done.returncode in (2, 3) and "another Slipway uses this data directory" in done.stderr


def test_a_taken_port_is_explained(house):
    from support.server import run_cli
    done = run_cli("serve", "--config", house.config_file, "--data-dir", house.directory / "other", "--port",
                   house.port, expect=None, environment=house.environment)
    assert done.returncode in (2, 3) and str(house.port) in done.stderr


def test_stop_lets_running_calls_finish(make_server, upstream):
    import asyncio

    async def slow(exchange):
        await asyncio.sleep(0.5)
        await exchange.json(openai_answer(exchange.request["model"]))

    model = upstream.fresh(slow)
    server = make_server({"connections": {"fake": {"base_url": upstream.base_url, "api_key": "x", "models": ["fake-*"],
                                                   "allow_private": True}}})
    answers = []
    call = threading.Thread(target=lambda: answers.append(server.chat(model=model)))
    call.start()
    eventually(lambda: upstream.requests(model), "the call upstream")
    server.process.send_signal(signal.SIGTERM)
    call.join(PATIENCE_S)
    assert answers and answers[0].status_code == 200
    server.stop()
    server.start()
    assert [r["status"] for r in server.wait_records(1)] == ["ok"]


def test_stop_ends_calls_that_do_not_finish(make_server, upstream):
    from support.upstream import silent
    model = upstream.fresh(silent)
    server = make_server({"server": {"drain": "200ms"}, "connections": {"fake": {
        "base_url": upstream.base_url, "api_key": "x", "models": ["fake-*"], "allow_private": True}}})
    outcome = []

    def call():
        import httpx
        try:
            outcome.append(server.chat(model=model).status_code)
        except httpx.HTTPError as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    eventually(lambda: upstream.requests(model), "the call upstream")
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    thread.join(PATIENCE_S)
    assert outcome
    server.stop()
    # The drain is 200 ms; far below the call's own clocks is what counts.
    assert time.monotonic() - started < 20
    server.start()
    (record,) = server.wait_records(1)
    assert record["status"] in ("interrupted", "upstream_error", "internal_error")


def test_live_tails_do_not_hold_up_the_stop(make_server):
    import httpx
    server = make_server()
    with httpx.Client(trust_env=False, timeout=PATIENCE_S) as http:
        with http.stream("GET", server.url + "/api/v1/invocations/stream",
                         headers={"authorization": f"Bearer {server.admin_token}"}) as tail:
            assert next(tail.iter_lines()).startswith(":")
            server.stop()


def test_check_command(tmp_path):
    from support.server import clean_environment, run_cli
    done = run_cli("check", "--json", environment=clean_environment(tmp_path))
    told = json.loads(done.stdout)
    assert told["ok"] is True and len(told["records"]) == 2 and told["ready_ms"] > 0
    assert not list(tmp_path.rglob("slipway.db"))  # nothing is left in the home directory
    assert "All is well" in run_cli("check", environment=clean_environment(tmp_path)).stdout


def test_doctor(house):
    """Every finding that is not well says how to mend it, to people and to programs, and the exit code says so."""
    done = house.cli("doctor", "--config", house.config_file, "--json", expect=1)
    told = {finding["check"]: finding for finding in json.loads(done.stdout)["items"]}
    assert {"settings", "data directory", "disk space", "disk writes", "clock", "open files", "port"} <= set(told)
    assert told["connection dead"]["state"] == "fail" and "base_url" in told["connection dead"]["mend"]
    assert told["connection simulated"]["state"] == told["settings"]["state"] == told["data directory"]["state"] == "ok"
    assert told["connection fake"]["state"] == "ok" and "credentials are good" in told["connection fake"]["detail"]
    for finding in told.values():
        assert finding["detail"] and bool(finding["mend"]) == (finding["state"] != "ok"), finding
    text = house.cli("doctor", "--config", house.config_file, expect=1).stdout
    assert told["connection dead"]["mend"] in text


def test_doctor_is_content_with_a_good_house(make_server):
    server = make_server()
    told = json.loads(server.cli("doctor", "--config", server.config_file, "--json").stdout)
    assert {finding["state"] for finding in told["items"]} <= {"ok", "warn"}
