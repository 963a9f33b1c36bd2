# SPDX-License-Identifier: Apache-2.0
"""What is kept of a call, what it cost, and how it is found again."""

import csv
import io
import json
import threading
import time

import pytest

from support.server import eventually, nano
from support.upstream import openai_answer, openai_chunk, openai_usage


# ---- capture policies

@pytest.mark.parametrize("environment, bodies", [("dev", True), ("preprod", True), ("prod", False)])
@pytest.mark.parametrize("stream", [False, True])
def test_capture(house, environment, bodies, stream):
    key = house.make_key(environment)
    answer = house.chat("kept or not", key=key, stream=stream)
    record = house.wait_record(answer)
    assert record["status"] == "ok" and record["usage"]["output"] > 0 and record["environment"] == environment
    if bodies:
        assert json.loads(record["request_body"])["messages"][0]["content"] == "kept or not"
        assert record["response_body"] == answer.text
        assert record["input_preview"] == "kept or not"
    else:
        assert record["request_body"] is None and record["response_body"] is None
        assert record["input_preview"] == "" and record["output_preview"] == ""
        assert house.records(q="kept", use_case=key.use_case) == []


def test_capture_none_only_counts(house):
    key = house.make_key("quiet")
    answer = house.chat(key=key)
    assert answer.status_code == 200

    def totals():
        return house.api("GET", "/overview", expect=200, params={"use_case": key.use_case})["totals"]

    eventually(lambda: totals()["requests"] == 1, "the count of the call")
    assert totals()["tokens"]["output"] > 0 and nano(totals()["cost_usd"]) > 0
    assert house.records(use_case=key.use_case) == []
    assert house.find_record(answer.headers["x-slipway-invocation-id"]) is None


def test_long_bodies_are_cut_with_a_mark(make_server):
    server = make_server({"telemetry": {"body_limit": "1KiB"}})
    answer = server.chat("x" * 5000)
    record = server.wait_record(answer)
    assert len(record["request_body"]) < 1200 and "cut here by Slipway" in record["request_body"]
    assert record["usage"]["input"] > 100  # counted before it was cut


# ---- tokens and cost

def usage_model(upstream, usage, name="fake-priced"):
    async def answer(exchange):
        if not exchange.request.get("stream"):
            fields = {"usage": usage} if usage is not None else {}
            value = openai_answer(exchange.request["model"], "Six words are in this answer.") | fields
            if usage is None:
                del value["usage"]
            await exchange.json(value)
            return
        model = exchange.request["model"]
        await exchange.open_stream()
        for word in ("Six", " words", " are", " in", " this", " answer", "."):
            # Usage null in every chunk is what some servers send; it is not the final word (a complaint).
            await exchange.event(openai_chunk(model, {"content": word}, usage=None))
        await exchange.event(openai_chunk(model, {}, "stop", usage=None))
        if usage is not None:
            await exchange.event(openai_chunk(model, usage=usage))
        await exchange.event("[DONE]")
        await exchange.end_stream()

    return upstream.fresh(answer, name)


@pytest.mark.parametrize("stream", [False, True])
def test_cached_tokens_are_counted_once(house, key, upstream, stream):
    model = usage_model(upstream, openai_usage(prompt=1000, completion=100, cached=800, reasoning=30))
    record = house.wait_record(house.chat(model=model, key=key, stream=stream))
    usage = record["usage"]
    assert (usage["input"], usage["cache_read"], usage["output"], usage["reasoning"]) == (200, 800, 70, 30)
    assert usage["estimated"] is False
    # 200 × $1 + 800 × $0.25 + 100 × $4, a million tokens each.
    assert nano(record["cost_usd"]) == 800_000
    lines = {line["class"]: line for line in record["cost_lines"]}
    assert lines["input"]["tokens"] == 200 and nano(lines["cache_read"]["usd"]) == 200_000
    assert sum(nano(line["usd"]) for line in lines.values()) == nano(record["cost_usd"])


@pytest.mark.parametrize("stream", [False, True])
def test_usage_that_the_provider_does_not_tell_is_estimated(house, key, upstream, stream):
    record = house.wait_record(house.chat("Please answer.", model=usage_model(upstream, None), key=key, stream=stream))
    assert record["status"] == "ok" and record["usage"]["estimated"] is True
    assert 2 <= record["usage"]["input"] <= 20 and record["cost_usd"] is not None
    if stream:
        assert 5 <= record["usage"]["output"] <= 9


def test_unknown_price_is_unknown(house, key, upstream):
    record = house.wait_record(house.chat(model=usage_model(upstream, openai_usage(), "fake-unpriced"), key=key))
    assert record["cost_usd"] is None and record["usage"]["input"] == 11
    assert not record.get("cost_lines")
    totals = house.api("GET", "/overview", expect=200, params={"use_case": key.use_case})["totals"]
    assert totals["unknown_cost_requests"] == 1 and nano(totals["cost_usd"]) == 0


def test_built_in_price(house, key, upstream):
    upstream.on("gpt-4o-mini", None)
    record = house.wait_record(house.chat(model="gpt-4o-mini", key=key))
    # 11 × $0.15 + 7 × $0.60, a million tokens each.
    assert nano(record["cost_usd"]) == 5850


def test_nonsense_usage_never_makes_negative_costs(house, key, upstream):
    model = usage_model(upstream, {"prompt_tokens": 10, "completion_tokens": -5, "total_tokens": 5,
                                   "prompt_tokens_details": {"cached_tokens": 5000}})
    record = house.wait_record(house.chat(model=model, key=key))
    assert record["status"] == "ok"
    for count in ("input", "cache_read", "output", "reasoning"):
        assert record["usage"][count] is None or record["usage"][count] >= 0
    assert record["cost_usd"] is None or nano(record["cost_usd"]) >= 0


# ---- finding

@pytest.fixture(scope="module")
def populated(house):
    """Twelve calls of one use case, of several kinds."""
    keys = [house.make_key("dev", "searched"), house.make_key("prod", "searched")]
    for number in range(8):
        assert house.chat(f"The needle number {number} lies in the haystack", key=keys[0]).status_code == 200
    house.chat("wholly different: Übergrößenträger 数据", key=keys[0], model="simulated-large")
    house.chat(key=keys[0], headers={"x-simulate": "status=500; message=a rare breakdown"})
    house.chat(key=keys[0], headers={"x-simulate": "status=429"})
    house.chat(key=keys[1])
    house.wait_records(12, use_case="searched")
    return keys


def found(house, **filters):
    return house.records(use_case="searched", **filters)


@pytest.mark.parametrize("filters, count", [
    ({}, 12), ({"environment": "prod"}, 1), ({"environment": "dev"}, 11), ({"status": "ok"}, 10),
    ({"status": "error"}, 2), ({"status": "limited,upstream_error"}, 2), ({"status": "limited"}, 1),
    ({"provider": "simulated"}, 12), ({"provider": "openai"}, 0), ({"model": "simulated/simulated-large"}, 1),
    ({"q": "needle haystack"}, 8), ({"q": "needle absent"}, 0), ({"q": "NEEDLE"}, 8), ({"q": "übergrößenträger"}, 1),
    ({"q": "数据"}, 1), ({"q": "breakdown"}, 1), ({"q": "needle", "status": "error"}, 0),
    ({"to": "2021-01-01T00:00:00Z"}, 0)])
def test_filters_and_search(house, populated, filters, count):
    assert len(found(house, **filters)) == count


def test_search_by_id(house, populated):
    record = found(house, status="ok", environment="dev")[3]
    assert [r["id"] for r in found(house, q=record["id"])] == [record["id"]]


def test_filter_by_key(house, populated):
    assert len(found(house, key=populated[0].id)) == 11 and len(found(house, key=populated[1].id)) == 1


def test_newest_first_and_pages_are_complete(house, populated):
    whole = found(house)
    assert [r["started_at"] for r in whole] == sorted((r["started_at"] for r in whole), reverse=True)
    paged, cursor = [], None
    for _ in range(20):
        page = house.api("GET", "/invocations", expect=200, params={
            "use_case": "searched", "limit": 5} | ({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 5
        paged += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert [r["id"] for r in paged] == [r["id"] for r in whole]


@pytest.mark.parametrize("query", [
    {"limit": 0}, {"limit": 501}, {"limit": "x"}, {"status": "nonsense"}, {"from": "yesterday"}, {"cursor": "?!"},
    {"q": "x" * 401}])
def test_wrong_queries_are_explained(house, query):
    answer = house.api("GET", "/invocations", params=query)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] and answer.json()["code"] == "invalid_argument"


def test_searches_that_look_like_code_find_nothing(house, populated):
    for text in ('"', "'; DROP TABLE x; --", "%", "*", "a AND", "NEAR(", "\\", "🙂"):
        assert house.api("GET", "/invocations", params={"q": text}).status_code == 200


def test_export_jsonl(house, populated):
    answer = house.api("GET", "/invocations/export", params={
        "use_case": "searched", "format": "jsonl", "bodies": "true"})
    assert answer.status_code == 200 and "attachment" in answer.headers["content-disposition"]
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["id"] for row in rows] == [r["id"] for r in found(house)]
    assert sum("needle" in (row["request_body"] or "") for row in rows) == 8
    rows = house.api("GET", "/invocations/export", params={"use_case": "searched", "format": "jsonl"}).text
    assert all("request_body" not in json.loads(line) or json.loads(line)["request_body"] is None
               for line in rows.splitlines())


def test_export_csv(house, populated):
    answer = house.api("GET", "/invocations/export", params={
        "use_case": "searched", "format": "csv", "status": "ok"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 10 and {row["use_case"] for row in rows} == {"searched"}
    assert {row["id"] for row in rows} == {r["id"] for r in found(house, status="ok")}
    assert house.api("GET", "/invocations/export", params={"format": "xml"}).status_code == 422


def test_csv_cells_are_no_formulas(house):
    key = house.make_key(name="=1+2")
    house.wait_record(house.chat(key=key))
    text = house.api("GET", "/invocations/export", params={"use_case": key.use_case, "format": "csv"}).text
    row = next(csv.DictReader(io.StringIO(text)))
    assert not row["key_name"].startswith("=")


def test_command_line_finds_the_same(house, populated):
    items = json.loads(house.cli("logs", "search", "needle", "--use-case", "searched", "--since", "1h",
                                 "--json").stdout)["items"]
    assert [i["id"] for i in items] == [r["id"] for r in found(house, q="needle")]
    table = house.cli("logs", "search", "needle", "--use-case", "searched", "--limit", "3")
    assert table.stdout.count("simulated/simulated-small") == 3 and "There are more" in table.stderr
    shown = json.loads(house.cli("logs", "show", items[0]["id"], "--json").stdout)
    assert "needle" in shown["request_body"]
    rows = house.cli("logs", "export", "--use-case", "searched", "--since", "1h").stdout.splitlines()
    assert len(rows) == 12
    house.cli("logs", "show", "00000000-0000-7000-8000-000000000000", expect=2)


def test_overview_counts_what_was_sent(house, populated):
    records = found(house)
    view = house.api("GET", "/overview", expect=200, params={"use_case": "searched", "group_by": "status"})
    totals = view["totals"]
    assert totals["requests"] == 12 and totals["errors"] == 2
    assert totals["by_status"] | {} == {"ok": 10, "client_error": 0, "limited": 1, "upstream_error": 1,
                                        "interrupted": 0, "blocked": 0, "internal_error": 0}
    assert totals["error_rate"] == pytest.approx(2 / 12, abs=1e-6)
    for name in ("input", "output", "cache_read", "reasoning"):
        assert totals["tokens"][name] == sum(r["usage"][name] or 0 for r in records), name
    assert nano(totals["cost_usd"]) == sum(nano(r["cost_usd"] or "0") for r in records) > 0
    durations = sorted(r["duration_ms"] for r in records)
    assert totals["duration_ms"]["p50"] == pytest.approx(durations[5], rel=0.5)
    assert durations[0] * 0.9 <= totals["duration_ms"]["p50"] <= totals["duration_ms"]["p99"] <= durations[-1] * 1.1
    assert sum(point["requests"] for point in view["series"]) == 12
    assert {g["key"]: g["totals"]["requests"] for g in view["groups"]} == {"ok": 10, "limited": 1, "upstream_error": 1}
    assert view["previous"]["requests"] == 0 and view["lost_records"] == 0


@pytest.mark.parametrize("group_by, labels", [
    ("environment", {"dev": 11, "prod": 1}), ("use_case", {"searched": 12}), ("provider", {"simulated": 12})])
def test_overview_groups(house, populated, group_by, labels):
    view = house.api("GET", "/overview", expect=200, params={"use_case": "searched", "group_by": group_by})
    assert {g["key"]: g["totals"]["requests"] for g in view["groups"]} == labels


def test_overview_of_one_key_names_it(house, populated):
    view = house.api("GET", "/overview", expect=200, params={"use_case": "searched", "group_by": "key"})
    assert {g["key"] for g in view["groups"]} == {key.id for key in populated}
    assert {g["label"] for g in view["groups"]} == {key.fields["name"] for key in populated}


# ---- live

class Tail:
    """Reads the live tail in a thread."""

    def __init__(self, server, headers=None, **filters):
        self.events, self.lines = [], []
        self._opened = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, args=(server, headers or {}, filters), daemon=True)
        self._thread.start()
        assert self._opened.wait(10)

    def _run(self, server, headers, filters):
        import httpx
        headers = {"authorization": f"Bearer {server.admin_token}"} | headers
        try:
            with httpx.stream("GET", server.url + "/api/v1/invocations/stream", params=filters, headers=headers,
                              timeout=60, trust_env=False) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                event = {}
                for line in answer.iter_lines():
                    self.lines.append(line)
                    self._opened.set()
                    if self._stop:
                        return
                    name, _, value = line.partition(": ")
                    if name in ("id", "event", "data"):
                        event[name] = value
                    elif not line and event:
                        self.events.append(event)
                        event = {}
        except httpx.HTTPError:
            pass

    def ids(self):
        return [event["id"] for event in self.events]


def test_live_tail(house):
    key, other = house.make_key(), house.make_key()
    tail = Tail(house, use_case=key.use_case)
    ids = []
    for number in range(5):
        ids.append(house.chat(f"live {number}", key=key).headers["x-slipway-invocation-id"])
        house.chat(key=other)
    eventually(lambda: len(tail.events) >= 5, "five events of the tail")
    assert sorted(tail.ids()) == sorted(ids)
    record = json.loads(tail.events[0]["data"])
    assert tail.events[0]["event"] == "invocation" and record["id"] == tail.ids()[0]
    assert record["use_case"] == key.use_case and "request_body" not in record
    # Somebody who lost the connection after the second goes on with the third.
    resumed = Tail(house, {"last-event-id": tail.ids()[1]}, use_case=key.use_case)
    eventually(lambda: len(resumed.events) >= 3, "the rest")
    assert resumed.ids() == tail.ids()[2:]


def test_command_line_tail(house, key):
    import subprocess
    from support.server import binary
    with subprocess.Popen([binary(), "logs", "tail", "--use-case", key.use_case, "--json", "--url", house.url,
                           "--data-dir", str(house.data_dir)], env=house.environment, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as tail:
        try:
            lines = []
            reader = threading.Thread(target=lambda: lines.append(tail.stdout.readline()), daemon=True)
            reader.start()
            # Calls go on until one is seen: the tail begins when the server has it, which can't be seen from here.
            eventually(lambda: house.chat(key=key) and lines, "a line of the tail", pause_s=0.2)
            assert json.loads(lines[0])["use_case"] == key.use_case
        finally:
            tail.kill()


def test_record_appears_within_seconds(house, key):
    answer = house.chat(key=key)
    sent = time.monotonic()
    house.wait_record(answer)
    # "Seconds later" is the promise; the bound is generous because other tests keep the machine busy.
    assert time.monotonic() - sent < 10
