# SPDX-License-Identifier: Apache-2.0
"""Streams that go wrong, wait, or are left; and streams that must not hold up anybody else."""

import asyncio
import json
import threading
import time

import httpx
import pytest

from support.server import PATIENCE_S, eventually, nano
from support.upstream import openai_chunk, stream_words

# The promise is one second from the client's leaving to the cancelled upstream call. The tests allow three, because
# both ends are processes that share a busy machine with other tests; a call that isn't cancelled lasts for minutes.
CANCEL_S = 3


class Stream:
    """An open stream of a client: lines as they come, and when."""

    def __init__(self, server, model, key, **fields):
        self.client = httpx.Client(trust_env=False, timeout=PATIENCE_S)
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "stream": True} | fields
        self.request = self.client.build_request(
            "POST", server.url + "/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"})
        self.answer = self.client.send(self.request, stream=True)
        self.lines = self.answer.iter_lines()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()

    def leave(self):
        self.answer.close()
        self.client.close()

    def events(self):
        """Parsed data of every event to the end; comments are left out."""
        for line in self.lines:
            if line.startswith("data:"):
                data = line[5:].removeprefix(" ")
                yield data if data == "[DONE]" else json.loads(data)

    def next_event(self):
        return next(self.events())

    @property
    def id(self):
        return self.answer.headers["x-slipway-invocation-id"]


def error_of(events):
    """The error event at the end of a stream; nothing may follow it."""
    assert "error" in events[-1], events[-1]
    assert not any(event == "[DONE]" for event in events)
    error = events[-1]["error"]
    assert error["message"] and error["code"] and error["type"]
    return error


async def forever(exchange):
    """A word every few milliseconds until the client leaves."""
    await exchange.open_stream()
    model = exchange.request["model"]
    await exchange.event(openai_chunk(model, {"role": "assistant", "content": ""}))
    while not exchange.received.left.is_set():
        await exchange.event(openai_chunk(model, {"content": " word"}))
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("environment", ["dev", "preprod"])
def test_client_that_leaves_cancels_upstream(house, upstream, environment):
    key, model = house.make_key(environment), upstream.fresh(forever, "fake-priced")
    with Stream(house, model, key) as stream:
        for _ in range(5):
            stream.next_event()
        invocation = stream.id
    left = time.monotonic()
    request = upstream.only(model)
    assert request.left.wait(PATIENCE_S) and request.left_at - left < CANCEL_S
    record = house.wait_record(invocation)
    assert record["status"] == "interrupted" and record["error"]["code"] == "client_left"
    # What was spent is recorded, as far as it can be known.
    assert record["usage"]["estimated"] is True and record["usage"]["output"] >= 4 and record["usage"]["input"] > 0
    assert nano(record["cost_usd"]) > 0
    assert record["first_token_ms"] is not None and record["response_body"].count(" word") >= 4


def test_client_that_leaves_before_the_first_token(house, key, upstream):
    from support.upstream import silent
    model = upstream.fresh(silent)
    # The keep-alive comment opens the answer, and the client goes.
    with Stream(house, model, key) as stream:
        assert next(stream.lines).startswith(":")
        invocation = stream.id
    left = time.monotonic()
    request = upstream.only(model)
    assert request.left.wait(PATIENCE_S) and request.left_at - left < CANCEL_S
    record = house.wait_record(invocation)
    assert record["status"] == "interrupted" and record["usage"]["estimated"] is True
    assert record["first_token_ms"] is None


def test_client_that_leaves_the_simulated_provider(house, key):
    with Stream(house, "simulated-small?tokens-per-second=20", key) as stream:
        for _ in range(3):
            stream.next_event()
        invocation = stream.id
    record = house.wait_record(invocation)
    assert record["status"] == "interrupted" and record["usage"]["output"] >= 1


def test_client_of_an_anthropic_stream_leaves(house, key, upstream):
    async def endless(exchange):
        await exchange.open_stream()
        await exchange.event({"type": "message_start", "message": {
            "id": "m", "type": "message", "role": "assistant", "model": "claude", "content": [],
            "usage": {"input_tokens": 4, "output_tokens": 1}}}, "message_start")
        await exchange.event({"type": "content_block_start", "index": 0,
                              "content_block": {"type": "text", "text": ""}}, "content_block_start")
        while not exchange.received.left.is_set():
            await exchange.event({"type": "content_block_delta", "index": 0,
                                  "delta": {"type": "text_delta", "text": " word"}}, "content_block_delta")
            await asyncio.sleep(0.01)

    model = upstream.fresh(endless, "claude")
    with Stream(house, model, key) as stream:
        for _ in range(5):
            stream.next_event()
        invocation = stream.id
    left = time.monotonic()
    request = upstream.only(model)
    assert request.left.wait(PATIENCE_S) and request.left_at - left < CANCEL_S
    record = house.wait_record(invocation)
    assert record["status"] == "interrupted" and record["usage"]["input"] == 4 and record["usage"]["output"] >= 3


async def dies(exchange):
    await exchange.open_stream()
    await stream_words(exchange, ["Half", " an"], finish=None, usage=False, done=False)
    await asyncio.sleep(0.05)
    exchange.reset()


async def dies_inside_an_event(exchange):
    await exchange.open_stream()
    await stream_words(exchange, ["Half", " an"], finish=None, usage=False, done=False)
    await exchange.chunk('data: {"id": "chatcmpl-1", "obj')
    exchange.close()


async def ends_early(exchange):
    await exchange.open_stream()
    await stream_words(exchange, ["Half", " an"], finish=None, usage=False, done=False)
    await exchange.end_stream()


async def malformed_event(exchange):
    await exchange.open_stream()
    await stream_words(exchange, ["Half", " an"], finish=None, usage=False, done=False)
    await exchange.event('{"choices": [{"delta": {"content": "bro')
    await stream_words(exchange, [" answer"])
    await exchange.end_stream()


async def error_event(exchange):
    await exchange.open_stream()
    await stream_words(exchange, ["Half", " an"], finish=None, usage=False, done=False)
    await exchange.event({"error": {"message": "the model broke down", "type": "server_error", "code": None}})
    await exchange.end_stream()


async def malformed_chunk(exchange):
    await exchange.open_stream()
    await stream_words(exchange, ["Half", " an"], finish=None, usage=False, done=False)
    await asyncio.sleep(0.1)  # what came with it in one piece need not have been looked at before
    await exchange.write(b"this is no chunk\r\n")
    await exchange.gone()


async def endless_event(exchange):
    await exchange.open_stream()
    await stream_words(exchange, ["Half", " an"], finish=None, usage=False, done=False)
    await exchange.chunk("data: ")
    while not exchange.received.left.is_set():
        await exchange.chunk("x" * 65536)


@pytest.mark.parametrize("behaviour", [
    dies, dies_inside_an_event, ends_early, malformed_event, error_event, malformed_chunk, endless_event],
    ids=lambda behaviour: behaviour.__name__)
def test_stream_that_breaks(house, key, upstream, behaviour):
    model = upstream.fresh(behaviour, "fake-priced")
    with Stream(house, model, key) as stream:
        assert stream.answer.status_code == 200
        events = list(stream.events())  # a proper end of the answer, or httpx would complain
        text = "".join(e["choices"][0]["delta"].get("content", "") for e in events[:-1])
        assert text == "Half an"
        error = error_of(events)
        record = house.wait_record(stream.id)
    assert record["status"] == "upstream_error" and record["error"]["code"] == error["code"]
    assert record["error"]["message"] == error["message"] and record["http_status"] == 200
    assert record["usage"]["estimated"] is True and record["usage"]["output"] >= 2
    assert nano(record["cost_usd"]) > 0
    assert "Half" in record["response_body"] and error["code"] in record["response_body"]
    if behaviour is error_event:
        assert "the model broke down" in error["message"]


@pytest.mark.parametrize("fault", ["cut-after=3", "error-after=3", "malformed-after=3"])
def test_faults_of_the_simulated_provider_in_a_stream(house, key, fault):
    answer = house.chat(key=key, stream=True, headers={"x-simulate": fault})
    assert answer.status_code == 200 and '"error"' in answer.text and "[DONE]" not in answer.text
    assert house.wait_record(answer)["status"] == "upstream_error"


def test_stream_without_done_after_a_finish_reason_is_complete(house, key, upstream):
    async def no_done(exchange):
        await exchange.open_stream()
        await stream_words(exchange, ["All", " well"], done=False)
        await exchange.end_stream()

    answer = house.chat(model=upstream.fresh(no_done), key=key, stream=True)
    assert answer.text.endswith("data: [DONE]\n\n")
    assert house.wait_record(answer)["status"] == "ok"


def test_every_way_to_write_events(house, key, upstream):
    """Comments, CRLF, bytes in pieces, several events at once, data over several lines, a byte-order mark."""
    async def odd(exchange):
        model = exchange.request["model"]
        await exchange.open_stream()
        await exchange.chunk(": hello\n\n")
        text = ('data:' + json.dumps(openai_chunk(model, {"content": "One é"}, usage=None), ensure_ascii=False) +
                "\r\n\r\n")
        for byte in text.encode():
            await exchange.chunk(bytes([byte]))
        await exchange.chunk(": ping\n\n" * 50)
        await exchange.chunk(f"event: message\nid: 7\nretry: 10\ndata: {json.dumps(openai_chunk(model, {'content': ' two'}))}\n\n"
                             f"data: {json.dumps(openai_chunk(model, {'content': ' three'}))}\n\n")
        await exchange.event(openai_chunk(model, {}, "stop"))
        await exchange.event("[DONE]")
        await exchange.end_stream()

    with Stream(house, upstream.fresh(odd), key) as stream:
        events = list(stream.events())
        text = "".join(e["choices"][0]["delta"].get("content", "") for e in events[:-1])
        assert text == "One é two three" and events[-1] == "[DONE]"
        assert house.wait_record(stream.id)["status"] == "ok"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_crlf_between_pieces(house, key, upstream, size):
    """Some servers end lines with CRLF; the OpenAI package reads them only where both halves are there."""
    from conftest import openai_client

    async def crlf(exchange):
        model = exchange.request["model"]
        events = [openai_chunk(model, {"content": word}) for word in ("One", " two", " three")]
        events.append(openai_chunk(model, {}, "stop"))
        text = "".join(f"data: {json.dumps(event)}\r\n\r\n" for event in events) + "data: [DONE]\r\n\r\n"
        await exchange.open_stream()
        for at in range(0, len(text), size):
            await exchange.chunk(text[at:at + size])
        await exchange.end_stream()

    with openai_client(house, key) as client:
        chunks = list(client.chat.completions.create(model=upstream.fresh(crlf), stream=True, messages=[
            {"role": "user", "content": "Hello"}]))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "One two three"


def test_events_are_not_held_back(house, key, upstream):
    """Each event reaches the client before the provider sends the next: nothing waits in a buffer."""
    go_on = threading.Semaphore(0)

    async def step_by_step(exchange):
        await exchange.open_stream()
        model = exchange.request["model"]
        for number in range(5):
            await exchange.event(openai_chunk(model, {"content": f"{number}"}))
            while not go_on.acquire(blocking=False):
                await asyncio.sleep(0.002)
        await exchange.event(openai_chunk(model, {}, "stop"))
        await exchange.event("[DONE]")
        await exchange.end_stream()

    with Stream(house, upstream.fresh(step_by_step), key) as stream:
        for number in range(5):
            assert stream.next_event()["choices"][0]["delta"]["content"] == str(number)
            go_on.release()
        assert list(stream.events())[-1] == "[DONE]"


def test_unknown_fields_of_events_pass(house, key, upstream):
    async def vendor(exchange):
        await exchange.open_stream()
        await exchange.event('{"id":"1","choices":[{"index":0,"delta":{"content":"x","reasoning_content":"y"}}],"v":1.50}')
        await exchange.event(openai_chunk("m", {}, "stop"))
        await exchange.event("[DONE]")
        await exchange.end_stream()

    answer = house.chat(model=upstream.fresh(vendor), key=key, stream=True)
    assert ('data: {"id":"1","choices":[{"index":0,"delta":{"content":"x","reasoning_content":"y"}}],"v":1.50}\n\n'
            in answer.text)


def test_comments_while_the_first_token_is_awaited(house, key, upstream):
    release = threading.Event()

    async def late(exchange):
        while not release.is_set():
            await asyncio.sleep(0.005)
        await exchange.open_stream()
        await stream_words(exchange, ["At", " last"])
        await exchange.end_stream()

    with Stream(house, upstream.fresh(late), key) as stream:
        comments = [next(stream.lines) for _ in range(6)]
        assert sum(line.startswith(":") for line in comments) >= 3 and not any(comments[1::2])
        release.set()
        events = list(stream.events())
        assert events[-1] == "[DONE]"
        record = house.wait_record(stream.id)
    assert record["status"] == "ok" and record["first_token_ms"] >= 140


def test_comments_between_tokens(house, key, upstream):
    async def pausing(exchange):
        await exchange.open_stream()
        await stream_words(exchange, ["A", " pause"], pause_s=0.4)
        await exchange.end_stream()

    with Stream(house, upstream.fresh(pausing), key) as stream:
        lines = list(stream.lines)
    at = next(i for i, line in enumerate(lines) if '"A"' in line)
    assert any(line.startswith(":") for line in lines[at:])
    assert lines[-2] == "data: [DONE]"


def test_error_after_the_answer_was_opened(house, key, upstream):
    """The comment came first, so the refusal can only come as an event."""
    async def late_refusal(exchange):
        await asyncio.sleep(0.4)
        await exchange.json({"error": {"message": "no capacity", "type": "server_error", "code": "overloaded"}}, 503)

    with Stream(house, upstream.fresh(late_refusal), key) as stream:
        events = list(stream.events())
        assert "no capacity" in error_of(events)["message"]
        record = house.wait_record(stream.id)
    assert record["status"] == "upstream_error" and record["upstream_status"] == 503


@pytest.mark.parametrize("behaviour", ["silence", "comments", "role-only"])
def test_no_first_token_in_time(house, key, upstream, behaviour):
    async def talks_without_saying_anything(exchange):
        await exchange.open_stream()
        if behaviour == "role-only":
            await exchange.event(openai_chunk(exchange.request["model"], {"role": "assistant", "content": ""}))
        while not exchange.received.left.is_set():
            if behaviour == "comments":
                await exchange.chunk(": still thinking\n\n")
            await asyncio.sleep(0.05)

    model = upstream.fresh(talks_without_saying_anything, "hasty")
    with Stream(house, model, key) as stream:
        events = list(stream.events())
        error = error_of(events)
        assert "first token" in error["message"] or "400 ms" in error["message"], error
        record = house.wait_record(stream.id)
    assert record["status"] == "upstream_error" and record["first_token_ms"] is None
    assert upstream.only(model).left.wait(CANCEL_S)


def test_silence_in_the_middle(house, key, upstream):
    async def falls_silent(exchange):
        await exchange.open_stream()
        await stream_words(exchange, ["Half", " an"], finish=None, done=False)
        await exchange.gone()

    model = upstream.fresh(falls_silent, "hasty")
    with Stream(house, model, key) as stream:
        error = error_of(list(stream.events()))
        record = house.wait_record(stream.id)
    assert record["status"] == "upstream_error" and record["error"]["code"] == error["code"] == "upstream_timeout"
    assert record["usage"]["output"] >= 2 and upstream.only(model).left.wait(CANCEL_S)


def test_total_clock(house, key, upstream):
    model = upstream.fresh(forever, "hasty")
    with Stream(house, model, key) as stream:
        error = error_of(list(stream.events()))
        record = house.wait_record(stream.id)
    assert error["code"] == "upstream_timeout" and record["duration_ms"] >= 2900
    assert upstream.only(model).left.wait(CANCEL_S)


def test_wrong_content_type_for_a_stream(house, key, upstream):
    from support.upstream import wrong_type
    answer = house.chat(model=upstream.fresh(wrong_type), key=key, stream=True)
    assert answer.status_code == 502 and "text/html" in answer.json()["error"]["message"]
    assert house.wait_record(answer)["status"] == "upstream_error"


def test_slow_streams_do_not_hold_up_fast_calls(house, upstream):
    """No head-of-line blocking: a hundred streams that say a word now and then, and calls between them."""
    key, model = house.make_key(), upstream.fresh(forever)
    streams = [Stream(house, model, key) for _ in range(100)]
    try:
        for stream in streams:
            stream.next_event()
        fast = [house.chat(key=key) for _ in range(30)]
        assert [answer.status_code for answer in fast] == [200] * 30
        # All streams are alive still.
        for stream in streams[::10]:
            assert stream.next_event()["choices"]
    finally:
        for stream in streams:
            stream.leave()
    for request in upstream.requests(model):
        assert request.left.wait(PATIENCE_S)
    records = house.wait_records(130, use_case=key.use_case)
    assert sorted({r["status"] for r in records}) == ["interrupted", "ok"]
    assert sum(r["status"] == "interrupted" for r in records) == 100


def test_client_that_does_not_read_slows_the_provider(make_server, upstream):
    """TCP is the backpressure: what nobody reads is not gathered in memory, and in the end the client is cut."""
    sent = []

    async def torrent(exchange):
        await exchange.open_stream()
        model = exchange.request["model"]
        while not exchange.received.left.is_set() and len(sent) < 4000:
            await exchange.event(openai_chunk(model, {"content": "x" * 16_000}))
            sent.append(1)

    server = make_server({"server": {"limits": {"write_timeout": "700ms"}}, "connections": {"fake": {
        "base_url": upstream.base_url, "api_key": "x", "models": ["fake-*"], "allow_private": True}}})
    model = upstream.fresh(torrent)
    with Stream(server, model, server.key) as stream:
        stream.next_event()
        (record,) = server.wait_records(1)  # without a word from the client
        invocation = stream.id
    assert record["id"] == invocation and record["status"] == "interrupted"
    assert upstream.only(model).left.wait(PATIENCE_S)
    assert len(sent) < 4000


def test_connections_are_given_back(make_server, upstream):
    """After streams that ended in every way, nothing is left open."""
    server = make_server({"connections": {"fake": {"base_url": upstream.base_url, "api_key": "x", "models": ["fake-*"],
                                                   "allow_private": True}}})
    good, bad, endless = upstream.fresh(None), upstream.fresh(dies), upstream.fresh(forever)
    for _ in range(5):
        for model in (good, bad):
            with Stream(server, model, server.key) as stream:
                list(stream.events())
        with Stream(server, endless, server.key) as stream:
            stream.next_event()
    server.wait_records(15)
    server._close_http()
    # One client connection is the one that asks.
    eventually(lambda: server.metric("slipway_client_connections") <= 1, "the clients' connections to be closed")
    assert server.metric("slipway_upstream_connections") <= 2  # pooled, one a loop
    assert server.metric("slipway_requests_in_flight") == 0
