# SPDX-License-Identifier: Apache-2.0
"""The real `openai` package, unmodified, against the simulated provider and a scripted one."""

import asyncio
import json

import openai
import pydantic
import pytest

from conftest import openai_client
from support.server import nano
from support.upstream import error, openai_answer, openai_chunk, silent

QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is a slipway?"}]

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a city",
    "parameters": {"type": "object", "required": ["city"], "additionalProperties": False,
                   "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}}}}}
TIME = {"type": "function", "function": {
    "name": "get_time", "parameters": {"type": "object", "required": ["zone"],
                                       "properties": {"zone": {"type": "string"}}}}}


def test_chat(house, client, key):
    raw = client.chat.completions.with_raw_response.create(model="simulated-small", messages=QUESTION, user="anna")
    answer = raw.parse()
    text = answer.choices[0].message.content
    assert answer.model == "simulated/simulated-small"
    assert "simulated" in text and "What is a slipway?" in text
    assert answer.usage.prompt_tokens > 5 and answer.usage.completion_tokens > 5
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens

    record = house.wait_record(raw)
    assert record["status"] == "ok" and record["http_status"] == 200 and record["upstream_status"] == 200
    assert record["stream"] is False and record["operation"] == "chat" and record["surface"] == "openai"
    assert record["use_case"] == key.use_case and record["environment"] == "dev"
    assert record["key_id"] == key.id and record["key_name"] == key.fields["name"]
    assert record["provider"] == "simulated" and record["connection"] == "simulated"
    assert record["requested_model"] == "simulated-small" and record["response_model"] == answer.model
    assert record["finish_reason"] == "stop" and record["error"] is None and record["attempts"] == 1
    assert record["end_user"] == "anna" and record["peer"] == "127.0.0.1" and "OpenAI" in record["user_agent"]
    assert record["request_id"] == raw.headers["x-request-id"]
    usage = record["usage"]
    assert usage["input"] == answer.usage.prompt_tokens and usage["output"] == answer.usage.completion_tokens
    assert usage["estimated"] is False
    # The simulated provider's price is a dollar a million tokens in, four out.
    assert nano(record["cost_usd"]) == 1000 * (usage["input"] + 4 * usage["output"])
    assert 0 < record["upstream_ms"] <= record["duration_ms"] and record["queue_ms"] >= 0
    assert json.loads(record["request_body"])["messages"] == QUESTION
    assert json.loads(record["response_body"])["choices"][0]["message"]["content"] == text
    assert record["input_preview"].startswith("What is a slipway?") and record["output_preview"].strip() == text[:200].strip()


def test_the_same_question_has_the_same_answer(client):
    answers = {client.chat.completions.create(model="simulated-small", messages=QUESTION).choices[0].message.content
               for _ in range(3)}
    assert len(answers) == 1


def stream_of(client, **fields):
    raw = client.chat.completions.with_raw_response.create(
        **{"model": "simulated-small", "messages": QUESTION, "stream": True} | fields)
    return raw, list(raw.parse())


def test_stream_without_usage(house, client):
    raw, chunks = stream_of(client)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    whole = client.chat.completions.create(model="simulated-small", messages=QUESTION)
    assert text == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == "stop"
    # Slipway asks the provider for usage, and keeps it from a client that did not ask.
    assert all(chunk.choices and not chunk.usage for chunk in chunks)

    record = house.wait_record(raw)
    assert record["stream"] is True and record["status"] == "ok" and record["finish_reason"] == "stop"
    assert record["usage"]["output"] == whole.usage.completion_tokens and record["usage"]["estimated"] is False
    assert record["usage"]["input"] == whole.usage.prompt_tokens
    assert 0 < record["first_token_ms"] <= record["duration_ms"]
    assert record["cost_usd"] is not None
    assert record["response_body"].startswith("data: {") and record["response_body"].endswith("data: [DONE]\n\n")
    assert record["output_preview"].strip() == text[:200].strip()


def test_stream_with_usage(house, client):
    raw, chunks = stream_of(client, stream_options={"include_usage": True})
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])
    record = house.wait_record(raw)
    assert record["usage"]["output"] == chunks[-1].usage.completion_tokens
    assert record["usage"]["input"] == chunks[-1].usage.prompt_tokens


def test_several_choices(client):
    answer = client.chat.completions.create(model="simulated-small", messages=QUESTION, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in answer.choices}) > 1
    _, chunks = stream_of(client, n=3)
    texts = {}
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
    assert [texts[i] for i in range(3)] == [choice.message.content for choice in answer.choices]


def test_limit_and_stop(house, client):
    answer = client.chat.completions.create(model="simulated-small", messages=QUESTION, max_completion_tokens=5)
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 5
    raw = client.chat.completions.with_raw_response.create(model="simulated-small", messages=QUESTION, stop=["model"])
    assert raw.parse().choices[0].finish_reason == "stop"
    assert "model" not in raw.parse().choices[0].message.content


def test_tool_round_trip(house, client):
    messages = [{"role": "user", "content": "Use get_weather for Oslo."}]
    raw = client.chat.completions.with_raw_response.create(model="simulated-small", messages=messages, tools=[WEATHER])
    choice = raw.parse().choices[0]
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert call.function.name == "get_weather" and set(json.loads(call.function.arguments)) >= {"city"}
    messages += [choice.message.model_dump(exclude_none=True),
                 {"role": "tool", "tool_call_id": call.id, "content": "minus four degrees"}]
    final = client.chat.completions.create(model="simulated-small", messages=messages, tools=[WEATHER])
    assert final.choices[0].finish_reason == "stop" and "minus four degrees" in final.choices[0].message.content
    assert house.wait_record(raw)["finish_reason"] == "tool_calls"


def test_streamed_parallel_tool_calls(house, client):
    raw, chunks = stream_of(client, messages=[{"role": "user", "content": "Call get_weather and get_time for Oslo."}],
                            tools=[WEATHER, TIME])
    calls = collected_calls(chunks)
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert [call["name"] for call in calls.values()] == ["get_weather", "get_time"]
    assert all(isinstance(json.loads(call["arguments"]), dict) for call in calls.values())
    assert len({call["id"] for call in calls.values()}) == 2
    record = house.wait_record(raw)
    assert record["finish_reason"] == "tool_calls" and record["usage"]["output"] > 0


def test_streamed_arguments_are_complete(client, upstream):
    """Arguments in pieces, two calls interleaved: not a byte is lost on the way (a complaint about other gateways)."""
    arguments = [json.dumps({"city": "Tromsø 🚢 \\ \" ' " + "x" * 500}, ensure_ascii=False), '{"zone": "UTC"}']

    async def behaviour(exchange):
        await exchange.open_stream()
        model = exchange.request["model"]
        for index, name in enumerate(("get_weather", "get_time")):
            await exchange.event(openai_chunk(model, {"tool_calls": [
                {"index": index, "id": f"call_{index}", "type": "function",
                 "function": {"name": name, "arguments": ""}}]}))
        for at in range(0, 700, 3):
            for index, text in enumerate(arguments):
                if text[at:at + 3]:
                    await exchange.event(openai_chunk(model, {"tool_calls": [
                        {"index": index, "function": {"arguments": text[at:at + 3]}}]}))
        await exchange.event(openai_chunk(model, {}, "tool_calls"))
        await exchange.event("[DONE]")
        await exchange.end_stream()

    _, chunks = stream_of(client, model=upstream.fresh(behaviour), tools=[WEATHER, TIME])
    calls = collected_calls(chunks)
    assert [call["arguments"] for call in calls.values()] == arguments
    assert [call["id"] for call in calls.values()] == ["call_0", "call_1"]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def collected_calls(chunks):
    calls = {}
    for chunk in chunks:
        for part in chunk.choices[0].delta.tool_calls or []:
            call = calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
            call["id"] += part.id or ""
            call["name"] += part.function.name or ""
            call["arguments"] += part.function.arguments or ""
    return calls


class Ship(pydantic.BaseModel):
    name: str
    tons: int
    afloat: bool


def test_structured_output(house, client):
    parsed = client.chat.completions.parse(
        model="simulated-small", messages=[{"role": "user", "content": "Invent a ship."}], response_format=Ship)
    assert isinstance(parsed.choices[0].message.parsed, Ship)


def test_structured_output_streamed(client):
    with client.chat.completions.stream(model="simulated-small", response_format=Ship,
                                        messages=[{"role": "user", "content": "Invent a ship."}]) as stream:
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Ship)


def test_json_mode(client):
    answer = client.chat.completions.create(model="simulated-small", messages=QUESTION,
                                            response_format={"type": "json_object"})
    assert json.loads(answer.choices[0].message.content)["simulated"] is True


def test_logprobs(client):
    answer = client.chat.completions.create(model="simulated-small", messages=QUESTION, logprobs=True, top_logprobs=2)
    tokens = answer.choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == answer.choices[0].message.content
    assert len(tokens[0].top_logprobs) == 2


def test_embeddings(house, client):
    # Without encoding_format the SDK asks for base64 by itself.
    raw = client.embeddings.with_raw_response.create(
        model="simulated-embedding", input=["a ship on a slipway", "a vessel on a slipway", "quarterly tax forms"])
    packed = raw.parse()
    floats = client.embeddings.create(
        model="simulated-embedding", encoding_format="float",
        input=["a ship on a slipway", "a vessel on a slipway", "quarterly tax forms"])
    vectors = [item.embedding for item in floats.data]
    assert [len(vector) for vector in vectors] == [256] * 3
    for one, other in zip(packed.data, floats.data):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)

    def near(a, b):
        return sum(x * y for x, y in zip(vectors[a], vectors[b]))

    assert near(0, 0) == pytest.approx(1, abs=1e-3) and near(0, 1) > near(0, 2)
    record = house.wait_record(raw)
    assert record["operation"] == "embeddings" and record["status"] == "ok" and record["stream"] is False
    assert record["usage"]["input"] == packed.usage.prompt_tokens > 0
    assert nano(record["cost_usd"]) == 1000 * record["usage"]["input"]


def test_embedding_dimensions(client):
    answer = client.embeddings.create(model="simulated-embedding", input="short", dimensions=64)
    assert len(answer.data[0].embedding) == 64


def test_models(house, client, upstream):
    names = [model.id for model in client.models.list()]
    assert {"simulated-small", "simulated-large", "simulated-embedding", "assistant"} <= set(names)
    assert names == sorted(names)
    assert client.models.retrieve("simulated-small").id == "simulated-small"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("nonsense")
    assert caught.value.code == "model_not_found"


def test_model_by_connection(client):
    answer = client.chat.completions.create(model="simulated/anything", messages=QUESTION)
    assert answer.model == "simulated/anything"


def test_route_changes_the_model_name_upstream(house, client, upstream):
    before = len(upstream.requests("fake-upstream-name"))
    raw = client.chat.completions.with_raw_response.create(model="assistant", messages=QUESTION)
    assert raw.parse().model == "fake-upstream-name"
    assert len(upstream.requests("fake-upstream-name")) == before + 1
    record = house.wait_record(raw)
    assert record["requested_model"] == "assistant" and record["response_model"] == "fake-upstream-name"


def test_async_client(house, key):
    async def run():
        async with openai.AsyncOpenAI(base_url=house.url + "/v1", api_key=str(key), max_retries=0) as client:
            async def one(number):
                stream = await client.chat.completions.create(
                    model="simulated-small", stream=True,
                    messages=[{"role": "user", "content": f"Question {number}"}])
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

            return await asyncio.gather(*[one(number) for number in range(20)])

    answers = asyncio.run(run())
    # No answer is mixed up with another's.
    assert all(f"Question {number}”" in answer for number, answer in enumerate(answers))
    house.wait_records(20, use_case=key.use_case)


@pytest.mark.parametrize("status, kind", [
    (400, openai.BadRequestError), (404, openai.NotFoundError), (409, openai.ConflictError),
    (422, openai.UnprocessableEntityError), (429, openai.RateLimitError), (500, openai.InternalServerError),
    (503, openai.InternalServerError)])
def test_errors_of_the_provider_keep_their_class(house, client, status, kind):
    with pytest.raises(kind) as caught:
        client.chat.completions.create(model="simulated-small", messages=QUESTION,
                                       extra_headers={"x-simulate": f"status={status}; retry-after=2"})
    assert caught.value.status_code == status and "simulated failure" in caught.value.message
    assert caught.value.response.headers["retry-after"] == "2"
    record = house.wait_record(caught.value.response)
    expected = "limited" if status == 429 else "upstream_error" if status >= 500 else "client_error"
    assert record["status"] == expected and record["http_status"] == record["upstream_status"] == status
    assert "simulated failure" in record["error"]["message"]
    assert record["usage"]["output"] in (0, None) and nano(record["cost_usd"]) in (None, 0)


def test_rate_limit_of_the_provider_is_waited_for(house, key, upstream):
    calls = []

    async def once_limited(exchange):
        calls.append(exchange.received)
        if len(calls) == 1:
            await error(429, "slow down", headers=[("retry-after", "0.05")])(exchange)
        else:
            await exchange.json(openai_answer(exchange.request["model"]))

    model = upstream.fresh(once_limited)
    with openai_client(house, key, max_retries=1) as client:
        assert client.chat.completions.create(model=model, messages=QUESTION).choices[0].finish_reason == "stop"
    statuses = [record["status"] for record in house.wait_records(2, use_case=key.use_case)]
    assert sorted(statuses) == ["limited", "ok"]


def test_errors_of_slipway_have_their_class(house, client, upstream):
    with pytest.raises(openai.AuthenticationError) as caught:
        openai_client(house, "sk-nobody").chat.completions.create(model="simulated-small", messages=QUESTION)
    assert caught.value.code == "invalid_api_key" and "Keys page" in caught.value.message
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="assistent", messages=QUESTION)
    assert caught.value.code == "model_not_found" and caught.value.param == "model"
    assert "Did you mean 'assistant'?" in caught.value.message


def test_client_timeout_is_recorded_as_interrupted(house, key, upstream):
    model = upstream.fresh(silent)
    with openai_client(house, key, timeout=0.3) as client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model=model, messages=QUESTION)
    (record,) = house.wait_records(1, use_case=key.use_case)
    assert record["status"] == "interrupted" and record["http_status"] is None
    assert record["error"]["code"] == "client_left"
    assert upstream.only(model).left.wait(3)


def test_wrong_port(key):
    class Nowhere:
        url = "http://127.0.0.1:1"

    with openai_client(Nowhere, key) as client, pytest.raises(openai.APIConnectionError):
        client.models.list()
