# SPDX-License-Identifier: Apache-2.0
"""OpenAI's SDK in front, Anthropic's Messages API behind: once against a stub that refuses what Anthropic would
refuse, once against the simulated provider of another server, which has its own idea of the dialect."""

import json

import openai
import pytest

from conftest import PROVIDER_SECRET, house_config, openai_client
from support.server import Server, nano
from test_sdk_openai import QUESTION, TIME, WEATHER, Ship

STUB, SIMULATED = "claude", "far"


@pytest.fixture(scope="module")
def far_server(house, upstream):
    """A server whose connection `far` is the simulated provider of `house`, in Anthropic's dialect."""
    config = house_config(upstream)
    config["connections"]["far"] = {
        "dialect": "anthropic", "base_url": f"http://127.0.0.1:{house.simulated_port()}", "api_key": "sk-far",
        "provider": "simulated", "models": ["far-*"], "allow_private": True}
    with Server(config) as server:
        yield server


@pytest.fixture(params=[STUB, SIMULATED])
def side(request):
    return request.param


@pytest.fixture
def far(house, far_server, side):
    return house if side == STUB else far_server


@pytest.fixture
def far_key(far):
    return far.make_key()


@pytest.fixture
def far_client(far, far_key):
    with openai_client(far, far_key) as client:
        yield client


@pytest.fixture
def model(side, upstream):
    return upstream.fresh(None, "claude") if side == STUB else "far-model"


def test_chat(far, far_client, far_key, model, side, upstream):
    raw = far_client.chat.completions.with_raw_response.create(
        model=model, messages=QUESTION, temperature=0.5, stop=["END"], user="anna", top_p=0.9)
    answer = raw.parse()
    assert answer.object == "chat.completion" and answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.role == "assistant" and answer.choices[0].message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    record = far.wait_record(raw)
    assert record["status"] == "ok" and record["usage"]["output"] == answer.usage.completion_tokens
    if side == STUB:
        request = upstream.only(model)
        assert request.target == "/v1/messages" and request.header("x-api-key") == PROVIDER_SECRET
        sent = request.json
        assert sent["messages"][0]["role"] == "user" and "Be brief." in json.dumps(sent["system"])
        assert sent["temperature"] == 0.5 and sent["stop_sequences"] == ["END"] and sent["max_tokens"] > 0
        # Anthropic counts cached input beside the rest, OpenAI within it: 20 + 30 + 5.
        assert answer.usage.prompt_tokens == 55 and answer.usage.prompt_tokens_details.cached_tokens == 30
        usage = record["usage"]
        assert (usage["input"], usage["cache_read"], usage["cache_write"], usage["output"]) == (20, 30, 5, 9)
        assert answer.model == record["response_model"] == model + "-20250101"


def test_stream(far, far_client, model, side):
    raw = far_client.chat.completions.with_raw_response.create(
        model=model, messages=QUESTION, stream=True, stream_options={"include_usage": True})
    chunks = list(raw.parse())
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text and len([c for c in chunks if c.choices]) > 3
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0
    assert len({c.id for c in chunks}) == 1 and all(c.object == "chat.completion.chunk" for c in chunks)
    record = far.wait_record(raw)
    assert record["status"] == "ok" and record["stream"] is True and record["first_token_ms"] is not None
    assert record["usage"]["output"] == chunks[-1].usage.completion_tokens
    if side == STUB:
        assert text == "Claude says: all is well."
        assert (record["usage"]["input"], record["usage"]["cache_read"]) == (20, 30)


def test_stream_hides_usage(far_client, model):
    chunks = list(far_client.chat.completions.create(model=model, messages=QUESTION, stream=True))
    assert all(c.choices and not c.usage for c in chunks)


@pytest.mark.parametrize("stream", [False, True])
def test_parallel_tools(far, far_client, model, stream):
    messages = [{"role": "user", "content": "Call get_weather and get_time, please."}]
    answer = far_client.chat.completions.create(model=model, messages=messages, tools=[WEATHER, TIME], stream=stream)
    if stream:
        parts, reasons = {}, []
        for chunk in answer:
            reasons.append(chunk.choices[0].finish_reason)
            for part in chunk.choices[0].delta.tool_calls or []:
                call = parts.setdefault(part.index, {"type": "function", "function": {"name": "", "arguments": ""}})
                call["id"] = part.id or call["id"]
                call["function"]["name"] += part.function.name or ""
                call["function"]["arguments"] += part.function.arguments or ""
        calls = [parts[i] for i in sorted(parts)]
        assert reasons[-1] == "tool_calls"
    else:
        assert answer.choices[0].finish_reason == "tool_calls"
        calls = [call.model_dump() for call in answer.choices[0].message.tool_calls]
    assert [call["function"]["name"] for call in calls] == ["get_weather", "get_time"]
    assert all(isinstance(json.loads(call["function"]["arguments"]), dict) for call in calls)
    # Both results go back in one message of the user, right after the calls, as Anthropic demands.
    messages.append({"role": "assistant", "content": None, "tool_calls": calls})
    messages += [{"role": "tool", "tool_call_id": call["id"], "content": "fine"} for call in calls]
    messages.append({"role": "user", "content": "And now in one sentence."})
    final = far_client.chat.completions.create(model=model, messages=messages, tools=[WEATHER, TIME])
    assert final.choices[0].finish_reason == "stop" and final.choices[0].message.content


def test_forced_tool(far_client, model):
    answer = far_client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Hello"}], tools=[WEATHER, TIME],
        tool_choice={"type": "function", "function": {"name": "get_time"}})
    assert [call.function.name for call in answer.choices[0].message.tool_calls] == ["get_time"]


def test_conversation_that_must_be_rearranged(house, upstream, key):
    """Two user messages in a row, a system message in the middle, an empty assistant message: legal at OpenAI."""
    model = upstream.fresh(None, "claude")
    with openai_client(house, key) as client:
        answer = client.chat.completions.create(model=model, messages=[
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "One."},
            {"role": "user", "content": "Two."}, {"role": "assistant", "content": "Yes?"},
            {"role": "system", "content": "Be briefer."}, {"role": "user", "content": [
                {"type": "text", "text": "Three."},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}])
    assert answer.choices[0].message.content == "Claude says: all is well."
    blocks = json.dumps(upstream.only(model).json["messages"])
    assert "image/png" in blocks and "iVBORw0KGgo=" in blocks and "One." in blocks and "Two." in blocks


def test_structured_output(far_server):
    with openai_client(far_server, far_server.make_key()) as client:
        try:
            parsed = client.chat.completions.parse(
                model="far-model", messages=[{"role": "user", "content": "Invent a ship."}], response_format=Ship)
        except openai.BadRequestError as refused:
            # Not every provider of this dialect can; then it must be said, not silently left out.
            assert refused.code == "unsupported_by_provider"
        else:
            assert isinstance(parsed.choices[0].message.parsed, Ship)


@pytest.mark.parametrize("status, kind, slipway_status", [
    (400, "invalid_request_error", 400), (429, "rate_limit_error", 429), (529, "overloaded_error", None),
    (500, "api_error", 500), (401, "authentication_error", 502)])
def test_errors(house, upstream, key, status, kind, slipway_status):
    async def refuse(exchange):
        await exchange.json({"type": "error", "error": {"type": kind, "message": "says Anthropic"}}, status,
                            [("retry-after", "3")])

    model = upstream.fresh(refuse, "claude")
    answer = house.chat(model=model, key=key)
    problem = answer.json()["error"]
    assert "says Anthropic" in problem["message"] and set(problem) >= {"message", "type", "code", "param"}
    assert answer.status_code == slipway_status or (slipway_status is None and answer.status_code >= 500)
    record = house.wait_record(answer)
    assert record["upstream_status"] == status
    assert record["status"] == {400: "client_error", 429: "limited"}.get(status, "upstream_error")


def test_error_event_in_a_stream(house, upstream, key):
    async def breaks(exchange):
        await exchange.open_stream()
        await exchange.event({"type": "message_start", "message": {
            "id": "m", "type": "message", "role": "assistant", "model": "claude", "content": [],
            "usage": {"input_tokens": 4, "output_tokens": 1}}}, "message_start")
        await exchange.event({"type": "content_block_start", "index": 0,
                              "content_block": {"type": "text", "text": ""}}, "content_block_start")
        await exchange.event({"type": "content_block_delta", "index": 0,
                              "delta": {"type": "text_delta", "text": "Half an"}}, "content_block_delta")
        await exchange.event({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
                             "error")
        await exchange.end_stream()

    model = upstream.fresh(breaks, "claude")
    text = ""
    with openai_client(house, key) as client, pytest.raises(openai.APIError) as caught:
        for chunk in client.chat.completions.create(model=model, messages=QUESTION, stream=True):
            text += chunk.choices[0].delta.content or ""
    assert text == "Half an" and "Overloaded" in caught.value.message
    (record,) = house.wait_records(1, use_case=key.use_case)
    assert record["status"] == "upstream_error" and "Overloaded" in record["error"]["message"]
    assert record["usage"]["output"] > 0


def test_embeddings_are_refused_with_a_reason(house, upstream, key):
    answer = house.v1("/embeddings", {"model": "claude-x", "input": "text"}, key=key)
    assert answer.status_code == 400 and "no embeddings" in answer.json()["error"]["message"]
    assert house.wait_record(answer)["error"]["code"] == "unsupported_operation"


def test_plain_text_error(house, upstream, key):
    async def gateway_page(exchange):
        await exchange.head(502, [("content-type", "text/html"), ("content-length", 5)])
        await exchange.write(b"oops\n")

    answer = house.chat(model=upstream.fresh(gateway_page, "claude"), key=key)
    assert answer.status_code == 502 and answer.json()["error"]["message"]
    assert house.wait_record(answer)["status"] == "upstream_error"


@pytest.mark.parametrize("stream", [False, True])
def test_cache_writes_for_an_hour_cost_what_they_cost(house, upstream, key, stream):
    usage = {"input_tokens": 10, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 500,
             "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 400}, "output_tokens": 2}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "stop_sequence": None}

    async def writes(exchange):
        if not exchange.request.get("stream"):
            await exchange.json(message | {"content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn",
                                           "usage": usage})
            return
        await exchange.open_stream()
        for name, fields in [
                ("message_start", {"message": message | {"content": [], "usage": usage | {"output_tokens": 1}}}),
                ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": "x"}}),
                ("content_block_stop", {"index": 0}),
                ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
                ("message_stop", {})]:
            await exchange.event({"type": name} | fields, name)
        await exchange.end_stream()

    model = upstream.fresh(writes, "claude-haiku-4-5")
    record = house.wait_record(house.chat(model=model, key=key, stream=stream))
    assert record["usage"]["cache_write"] == 500 and record["usage"]["input"] == 10
    # A million tokens each: 10 x $1, 100 x $1.25, 400 x $2, 2 x $5.
    assert nano(record["cost_usd"]) == 945_000
    lines = {line["class"]: line for line in record["cost_lines"]}
    assert lines["cache_write"]["tokens"] == 100 and lines["cache_write_1h"]["tokens"] == 400
    assert sum(nano(line["usd"]) for line in lines.values()) == 945_000
