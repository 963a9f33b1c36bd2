# SPDX-License-Identifier: Apache-2.0
"""What providers do wrong: each way ends in an error that says what to do and in a record of what happened."""

import json

import pytest

from conftest import PROVIDER_SECRET
from support import upstream as provider
from support.server import nano
from support.upstream import openai_answer


def failed(house, answer, status, code, upstream_status=None):
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code and error["type"] == "upstream_error", error
    assert len(error["message"]) > 30
    record = house.wait_record(answer)
    assert record["status"] == "upstream_error" and record["http_status"] == status
    assert record["upstream_status"] == upstream_status
    assert record["error"] == {"code": code, "message": error["message"]}
    assert record["attempts"] == 1
    return error, record


@pytest.mark.parametrize("stream", [False, True])
def test_refused_connection(house, key, stream):
    error, record = failed(house, house.chat(model="dead-1", key=key, stream=stream), 502, "upstream_unreachable")
    assert "dead" in error["message"] and record["connection"] == "dead" and record["stream"] is stream


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("behaviour", [provider.reset, provider.hang_up, provider.not_http],
                         ids=["reset", "hang-up", "not-http"])
def test_connection_lost_before_the_answer(house, key, upstream, behaviour, stream):
    model = upstream.fresh(behaviour)
    failed(house, house.chat(model=model, key=key, stream=stream), 502, "upstream_unreachable")
    # Sent again at most once, and only where the connection had been kept from an earlier call: a provider that closes
    # a kept connection just then looks the same. A call that failed on a connection of its own is never repeated.
    assert len(upstream.requests(model)) <= 2


@pytest.mark.parametrize("behaviour", [provider.silent, provider.slow_headers], ids=["silent", "slow-headers"])
def test_no_answer_in_time(house, key, upstream, behaviour):
    model = upstream.fresh(behaviour, "hasty")
    error, record = failed(house, house.chat(model=model, key=key), 504, "upstream_timeout")
    assert record["duration_ms"] >= 390
    assert upstream.only(model).left.wait(3)  # the provider is not left working for nobody


def test_body_that_stops_coming(house, key, upstream):
    model = upstream.fresh(provider.slow_body, "hasty")
    failed(house, house.chat(model=model, key=key), 504, "upstream_timeout", 200)
    assert upstream.only(model).left.wait(3)


@pytest.mark.parametrize("behaviour, code", [
    (provider.truncated_json, "upstream_invalid_response"), (provider.wrong_type, "upstream_invalid_response"),
    (provider.short_body, "upstream_unreachable"), (provider.malformed_chunk, "upstream_unreachable")],
    ids=["truncated-json", "wrong-type", "short-body", "malformed-chunk"])
def test_answers_that_are_none(house, key, upstream, behaviour, code):
    answer = house.chat(model=upstream.fresh(behaviour), key=key)
    assert answer.status_code == 502
    error, record = failed(house, answer, 502, answer.json()["error"]["code"], 200)
    assert error["code"] in (code, "upstream_invalid_response")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"{}", b'{"choices": 7}', b'{"choices": [{}]}',
                                  b'{"usage": []}'], ids=range(8))
def test_strange_json_does_no_harm(house, key, upstream, body):
    async def strange(exchange):
        await exchange.json(body)

    answer = house.chat(model=upstream.fresh(strange), key=key)
    assert answer.status_code in (200, 502)
    if answer.status_code == 200:
        assert answer.content == body  # if it passes, it passes as it came
    house.wait_record(answer)


def test_wrong_type_is_named(house, key, upstream):
    answer = house.chat(model=upstream.fresh(provider.wrong_type), key=key)
    assert "text/html" in answer.json()["error"]["message"] and "base_url" in answer.json()["error"]["message"]


def test_answer_larger_than_the_limit(make_server, upstream):
    async def large(exchange):
        await exchange.json(openai_answer(exchange.request["model"], "x" * 200_000))

    server = make_server({"gateway": {"response_limit": "64KiB"}, "connections": {"fake": {
        "base_url": upstream.base_url, "api_key": "x", "models": ["fake-*"], "allow_private": True}}})
    answer = server.chat(model=upstream.fresh(large))
    assert answer.status_code == 502 and answer.json()["error"]["code"] == "upstream_response_too_large"


@pytest.mark.parametrize("status, slipway_status, record_status", [
    (400, 400, "client_error"), (404, 404, "client_error"), (422, 422, "client_error"), (429, 429, "limited"),
    (500, 500, "upstream_error"), (502, 502, "upstream_error"), (503, 503, "upstream_error"),
    (504, 504, "upstream_error")])
@pytest.mark.parametrize("stream", [False, True])
def test_statuses_pass_with_their_body(house, key, upstream, status, slipway_status, record_status, stream):
    model = upstream.fresh(provider.error(status, "says the provider", code="some_code", kind="some_type",
                                          headers=[("retry-after", "7")] if status in (429, 503) else []))
    answer = house.chat(model=model, key=key, stream=stream)
    assert answer.status_code == slipway_status
    assert answer.json() == {"error": {"message": "says the provider", "type": "some_type", "param": None,
                                       "code": "some_code"}}
    assert answer.headers.get("retry-after") == ("7" if status in (429, 503) else None)
    record = house.wait_record(answer)
    assert record["status"] == record_status and record["upstream_status"] == status
    assert record["error"] == {"code": "some_code", "message": "says the provider"}
    assert not record["usage"]["output"] and nano(record["cost_usd"]) in (None, 0)


@pytest.mark.parametrize("status", [401, 403])
def test_bad_credentials_of_ours_are_not_the_clients(house, key, upstream, status):
    """A 401 passed on would send the client's owner looking for a wrong key of his own."""
    model = upstream.fresh(provider.error(status, "Incorrect API key provided"))
    error, _ = failed(house, house.chat(model=model, key=key), 502, "upstream_authentication", status)
    assert "connections.fake.api_key" in error["message"] and PROVIDER_SECRET not in error["message"]


@pytest.mark.parametrize("status", [201, 204, 302, 304])
def test_unexpected_statuses(house, key, upstream, status):
    async def unexpected(exchange):
        await exchange.head(status, [("location", "http://169.254.169.254/"), ("content-length", 0)])

    model = upstream.fresh(unexpected)
    failed(house, house.chat(model=model, key=key), 502, "upstream_unexpected_status", status)
    assert len(upstream.requests(model)) == 1


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"{", b'{"error": "a string"}', b"null"])
def test_errors_without_a_proper_body(house, key, upstream, body):
    async def broken(exchange):
        await exchange.head(500, [("content-type", "text/html"), ("content-length", len(body))])
        await exchange.write(body)

    answer = house.chat(model=upstream.fresh(broken), key=key)
    assert answer.status_code == 500 and answer.json()["error"]["message"]
    assert house.wait_record(answer)["status"] == "upstream_error"


# ---- what goes through, goes through untouched

def test_bytes_pass_untouched(house, key, upstream):
    body = (b'{ "model" : "%s",\n  "messages":[{"role":"user","content":"\\u00e9 \xc3\xa9 \\/ \xf0\x9f\x98\x80"}] ,'
            b'"temperature": 1.0, "big": 12345678901234567890, "metadata": {"b": 1, "a": 2}, "vendor": [1e2, null] }')
    answer_body = (b'{"id":"x",  "model":"m", "choices":[{"index":0,"message":{"role":"assistant","content":"\\u00e9"},'
                   b'"finish_reason":"stop","vendor_field":1.50}],"usage":{"prompt_tokens":1,"completion_tokens":2},'
                   b'"vendor":{"z":1,"a":2}}\n')

    async def answer(exchange):
        await exchange.json(answer_body)

    model = upstream.fresh(answer)
    sent = body % model.encode()
    got = house.v1("/chat/completions", key=key, content=sent)
    assert upstream.only(model).body == sent
    assert got.content == answer_body


def test_only_the_model_is_replaced(house, key, upstream):
    before = len(upstream.requests("fake-upstream-name"))
    body = b'{"temperature": 1.0, "model" :  "assistant" , "messages": [{"role": "user", "content": "model"}], "x": 1}'
    assert house.v1("/chat/completions", key=key, content=body).status_code == 200
    request = upstream.requests("fake-upstream-name")[before]
    assert request.body == body.replace(b'"assistant"', b'"fake-upstream-name"')


@pytest.mark.parametrize("asked", [None, {}, {"include_usage": False}, {"include_usage": True}, {"other": 1}])
def test_usage_is_asked_of_the_provider(house, key, upstream, asked):
    model = upstream.fresh(None)
    fields = {} if asked is None else {"stream_options": asked}
    answer = house.chat(model=model, key=key, stream=True, **fields)
    sent = upstream.only(model).json
    assert sent["stream_options"] == (asked or {}) | {"include_usage": True}
    assert ('"usage"' in answer.text) == bool(asked and asked.get("include_usage"))
    record = house.wait_record(answer)
    assert record["usage"]["output"] == 7 and record["usage"]["estimated"] is False


def test_headers_that_go_upstream(house, key, upstream):
    model = upstream.fresh(None)
    answer = house.chat(model=model, key=key, headers={
        "cookie": "session=secret", "x-forwarded-for": "1.2.3.4", "openai-organization": "org-of-the-client",
        "x-simulate": "status=500", "connection": "keep-alive, x-custom", "x-custom": "1"})
    assert answer.status_code == 200
    request = upstream.only(model)
    names = {name.lower() for name, _ in request.headers}
    assert request.header("authorization") == f"Bearer {PROVIDER_SECRET}"
    assert request.header("content-type") == "application/json" and request.header("host")
    assert request.header("user-agent").startswith("slipway/")
    # The client's key, cookies and what is meant for Slipway stay here.
    assert all(str(key) not in value for _, value in request.headers)
    assert not names & {"cookie", "x-forwarded-for", "x-simulate", "x-custom", "x-api-key"}


def test_headers_that_come_back(house, key, upstream):
    async def answer(exchange):
        await exchange.json(openai_answer(exchange.request["model"]), headers=[
            ("set-cookie", "provider=1"), ("server", "secret-proxy/1.0"), ("connection", "close"),
            ("content-encoding", "identity")])

    got = house.chat(model=upstream.fresh(answer), key=key)
    assert got.status_code == 200 and "set-cookie" not in got.headers and got.headers.get("server") != "secret-proxy/1.0"
    assert got.headers["content-type"] == "application/json"


def test_embeddings_pass(house, key, upstream):
    model = upstream.fresh(None)
    body = {"model": model, "input": ["a", "b"], "dimensions": 3, "encoding_format": "float", "user": "u"}
    answer = house.v1("/embeddings", body, key=key)
    assert answer.json()["data"][1]["embedding"] == [0.25, -0.5, 0.125]
    assert upstream.only(model).json == body
    record = house.wait_record(answer)
    assert record["operation"] == "embeddings" and record["usage"]["input"] == 5 and record["end_user"] == "u"


def test_connections_to_the_provider_are_reused(make_server, upstream):
    server = make_server({"server": {"loops": 1}, "connections": {"fake": {
        "base_url": upstream.base_url, "api_key": "x", "models": ["fake-*"], "allow_private": True}}})
    model = upstream.fresh(None)
    before = upstream.connections
    for _ in range(20):
        assert server.chat(model=model).status_code == 200
    assert upstream.connections == before + 1
    records = server.wait_records(20)
    assert [r["connect_ms"] for r in records[:-1]] == [0] * 19 and records[-1]["connect_ms"] > 0


def test_idle_connection_closed_by_the_provider(make_server, upstream):
    """A pooled connection that the provider has closed meanwhile must not cost the next call its answer."""
    async def then_close(exchange):
        await exchange.json(openai_answer(exchange.request["model"]))
        exchange.close()

    server = make_server({"server": {"loops": 1}, "connections": {"fake": {
        "base_url": upstream.base_url, "api_key": "x", "models": ["fake-*"], "allow_private": True}}})
    model = upstream.fresh(then_close)
    assert [server.chat(model=model).status_code for _ in range(15)] == [200] * 15


def test_gzip_answers_are_not_asked_for(house, key, upstream):
    model = upstream.fresh(None)
    house.chat(model=model, key=key, headers={"accept-encoding": "gzip, br"})
    assert upstream.only(model).header("accept-encoding") in (None, "identity")


def test_prompts_stay_apart_under_load(house, upstream):
    """Pooled buffers reused while read would mix up calls (a complaint about another gateway)."""
    import concurrent.futures

    async def echo(exchange):
        request = exchange.request
        await exchange.json(openai_answer(request["model"], request["messages"][0]["content"]))

    model = upstream.fresh(echo)
    keys = [house.make_key() for _ in range(4)]

    def one(number):
        text = f"[{number}]" * (1 + number * 37 % 400)
        answer = house.chat(text, model=model, key=keys[number % 4])
        return answer.json()["choices"][0]["message"]["content"] == text, answer, text

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        results = list(pool.map(one, range(300)))
    assert all(ok for ok, _, _ in results)
    for _, answer, text in results[::29]:
        record = house.wait_record(answer)
        assert json.loads(record["request_body"])["messages"][0]["content"] == text
        assert json.loads(record["response_body"])["choices"][0]["message"]["content"] == text
