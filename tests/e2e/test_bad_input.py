# SPDX-License-Identifier: Apache-2.0
"""What no client should send, by raw sockets where no library would: each time an error in OpenAI's shape with a
sentence that helps, a record, and a server that goes on."""

import json
import re
import socket
import time

import pytest

from support.server import PATIENCE_S, eventually, nano

GOOD = {"model": "simulated-small", "messages": [{"role": "user", "content": "Hello"}]}


def problem_of(answer, status, code=None):
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:500]}"
    error = answer.json()["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    assert len(error["message"]) > 15 and error["code"]
    if code:
        assert error["code"] == code, error
    return error


def record_of(house, answer):
    record = house.wait_record(answer)
    assert record["status"] == "client_error" and record["http_status"] == answer.status_code
    assert record["error"]["code"] == answer.json()["error"]["code"]
    assert record["error"]["message"] == answer.json()["error"]["message"]
    assert nano(record["cost_usd"]) in (None, 0) and record["attempts"] == 0
    return record


@pytest.mark.parametrize("body", [
    b"", b"{", b"nonsense", b'{"model": "simulated-small", "messages": [}', b'"text"', b"[]", b"null", b"17",
    b'{"model": "simulated-small", "messages": [{"role": "user", "content": "unfinished',
    b"\x00\x01\x02", b'{"model": "simulated-small"} trailing', b'{"a": NaN}', b"{'model': 'x'}", b"\xef\xbb\xbf"],
    ids=range(14))
def test_malformed_json(house, key, body):
    answer = house.v1("/chat/completions", key=key, content=body)
    error = problem_of(answer, 400)
    assert error["type"] == "invalid_request_error"
    record = record_of(house, answer)
    assert record["key_id"] == key.id


@pytest.mark.parametrize("change, param", [
    ({"model": None}, "model"), ({"model": 3}, "model"), ({"model": ""}, "model"), ({"model": ["x"]}, "model"),
    ({"messages": None}, "messages"), ({"messages": "hello"}, "messages"), ({"messages": {}}, "messages"),
    ({"stream": "yes"}, "stream"), ({"stream": 1}, "stream"), ({"stream_options": 7}, "stream_options"),
    ({"model": "absent"}, "model")])
def test_wrong_types(house, key, change, param):
    body = {name: value for name, value in (GOOD | change).items() if value != "absent"}
    answer = house.v1("/chat/completions", body, key=key)
    error = problem_of(answer, 400)
    assert param in (error["param"] or "") or param in error["message"]
    record_of(house, answer)


def test_wrong_types_in_embeddings(house, key):
    for body, param in [({"model": "simulated-embedding"}, "input"), ({"input": "x"}, "model"),
                        ({"model": 1, "input": "x"}, "model")]:
        answer = house.v1("/embeddings", body, key=key)
        assert problem_of(answer, 400)["param"] == param
        record_of(house, answer)


def test_messages_that_only_the_provider_understands_pass(house, key, upstream):
    """Slipway refuses what it can't carry, and leaves the rest to the provider that knows."""
    model = upstream.fresh(None)
    answer = house.chat(model=model, key=key, some_new_field={"a": [1, 2.50, "x"]}, messages=[
        {"role": "user", "content": [{"type": "hologram", "data": "?"}]}])
    assert answer.status_code == 200
    assert upstream.only(model).json["some_new_field"] == {"a": [1, 2.5, "x"]}


def test_unknown_model(house, key):
    answer = house.chat(model="asistant", key=key)
    error = problem_of(answer, 404, "model_not_found")
    assert error["param"] == "model" and "Did you mean 'assistant'?" in error["message"]
    assert record_of(house, answer)["requested_model"] == "asistant"
    strange = house.chat(model="x" * 10_000 + "\n\x1b[31m", key=key)
    problem_of(strange, 404)
    record_of(house, strange)


def test_unknown_addresses(house, key):
    for method, path, status in [("POST", "/completions", 404), ("GET", "/chat/completions", 405),
                                 ("POST", "/models", 405), ("GET", "/", 404), ("DELETE", "/embeddings", 405)]:
        answer = house.v1(path, {}, key=key, method=method)
        assert path in problem_of(answer, status)["message"]
        record_of(house, answer)


def test_body_too_large_for_the_gateway(house, key):
    answer = house.chat("x" * (1 << 20), key=key)
    error = problem_of(answer, 413, "request_too_large")
    assert "gateway.body_limit" in error["message"]
    record_of(house, answer)


def test_large_bodies_within_the_limit_pass(house, key, upstream):
    # Above 32 KB is where another gateway refuses.
    model = upstream.fresh(None)
    text = "".join(f"word{n} é€😀 " for n in range(40_000))[:400_000]
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": text}]}, ensure_ascii=False).encode()
    assert 500_000 < len(body) < 1 << 20
    assert house.v1("/chat/completions", key=key, content=body).status_code == 200
    assert upstream.only(model).json["messages"][0]["content"] == text


@pytest.mark.parametrize("depth, status", [(20, 200), (2_000, 400), (100_000, 400)])
def test_deep_nesting(house, key, depth, status):
    body = json.dumps(GOOD)[:-1] + ', "x": ' + "[" * depth + "]" * depth + "}"
    answer = house.v1("/chat/completions", key=key, content=body)
    assert answer.status_code == status, answer.text[:300]
    if status == 400:
        problem_of(answer, 400)
        record_of(house, answer)


def test_deep_nesting_of_objects(house, key):
    body = json.dumps(GOOD)[:-1] + ', "x": ' + '{"a":' * 5000 + "1" + "}" * 5000 + "}"
    answer = house.v1("/chat/completions", key=key, content=body)
    assert "deep" in problem_of(answer, 400)["message"]
    record_of(house, answer)


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 400, "1" + "0" * 30 + ".5", "1e-9999"])
def test_huge_numbers(house, key, text):
    body = json.dumps(GOOD)[:-1] + f', "temperature": {text}, "max_tokens": {text}, "seed": {text}}}'
    answer = house.v1("/chat/completions", key=key, content=body)
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        problem_of(answer, 400)
    house.wait_record(answer)


@pytest.mark.parametrize("text", [b"\xff\xfe", b"\xc3(", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80"])
def test_invalid_utf8(house, key, text):
    body = b'{"model": "simulated-small", "messages": [{"role": "user", "content": "' + text + b'"}]}'
    answer = house.v1("/chat/completions", key=key, content=body)
    problem_of(answer, 400)
    record_of(house, answer)


def test_unpaired_surrogates(house, key):
    body = '{"model": "simulated-small", "messages": [{"role": "user", "content": "\\ud800"}]}'
    answer = house.v1("/chat/completions", key=key, content=body)
    assert answer.status_code in (200, 400)
    json.dumps(house.wait_record(answer)).encode()


def test_duplicate_names(house, key):
    """Two models in one request: whatever is chosen, rights are checked on the one that is called."""
    only_small = house.make_key(allowed_models=["simulated-small"])
    body = '{"model": "simulated-small", "messages": [{"role": "user", "content": "x"}], "model": "simulated-large"}'
    answer = house.v1("/chat/completions", key=only_small, content=body)
    if answer.status_code == 200:
        assert answer.json()["model"] == "simulated/simulated-small"
    else:
        problem_of(answer, answer.status_code)


# ---- the wire

class Raw:
    """A connection without manners."""

    def __init__(self, house):
        self.socket = socket.create_connection(("127.0.0.1", house.port), timeout=PATIENCE_S)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def answer(self):
        """Status, headers and body of the next answer; None at the end of the connection."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        status = int(re.match(rb"HTTP/1.1 (\d+)", head).group(1))
        headers = {n.strip().lower(): v.strip() for n, _, v in
                   (line.partition(":") for line in head.decode().split("\r\n")[1:])}
        if headers.get("transfer-encoding") == "chunked":
            while b"0\r\n\r\n" not in self.buffer:
                assert self._more()
            body, _, self.buffer = self.buffer.partition(b"0\r\n\r\n")
            return status, headers, body
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            assert self._more(), "the answer was cut"
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return status, headers, body

    def _more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += piece
        return bool(piece)


@pytest.fixture
def raw(house):
    with Raw(house) as connection:
        yield connection


def post(key, body, extra="", length=True):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    size = f"Content-Length: {len(body)}\r\n" if length else ""
    return (f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\n{size}{extra}\r\n").encode() + body


def refused_early(house, answer, status):
    got, headers, body = answer
    assert got == status, body
    error = json.loads(body)["error"]
    assert error["message"] and error["code"] and error["type"] == "invalid_request_error"
    assert headers["content-type"] == "application/json"
    # Such a request never had a key; it is found by what it was refused for.
    eventually(lambda: [r for r in house.records(status="client_error", q=error["code"])
                        if r["http_status"] == status], f"the record of {error['code']}", pause_s=0.1)
    return error


def test_chunked_body(house, key, raw):
    text = json.dumps(GOOD).encode()
    chunks = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(text[i:i + 7]), text[i:i + 7]) for i in range(0, len(text), 7))
    raw.send(post(key, chunks + b"0\r\nTrailer: x\r\n\r\n", "Transfer-Encoding: chunked\r\n", length=False))
    assert raw.answer()[0] == 200


def test_byte_by_byte(house, key, raw):
    for byte in post(key, GOOD):
        raw.send(bytes([byte]))
    assert raw.answer()[0] == 200


def test_pipelining(house, key, raw):
    texts = [f"question {n}" for n in range(6)]
    raw.send(b"".join(post(key, GOOD | {"messages": [{"role": "user", "content": text}]}) for text in texts))
    for text in texts:
        status, _, body = raw.answer()
        assert status == 200 and text in json.loads(body)["choices"][0]["message"]["content"]
    house.wait_records(6, use_case=key.use_case)


def test_pipelining_behind_a_stream(house, key, raw):
    raw.send(post(key, GOOD | {"stream": True}) + post(key, GOOD))
    status, headers, body = raw.answer()
    assert headers["content-type"].startswith("text/event-stream") and b"[DONE]" in body
    status, headers, body = raw.answer()
    assert status == 200 and json.loads(body)["object"] == "chat.completion"


def test_keep_alive_over_many_calls(house, key, raw):
    for number in range(30):
        raw.send(post(key, b"{" if number % 3 == 0 else GOOD))
        assert raw.answer()[0] == (400 if number % 3 == 0 else 200)


def test_expect_continue(house, key, raw):
    body = json.dumps(GOOD).encode()
    raw.send(post(key, b"", f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n", length=False))
    assert raw.answer()[0] == 100
    raw.send(body)
    assert raw.answer()[0] == 200


def test_header_flood(house, raw):
    raw.send("GET /v1/models HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{n}: y\r\n" for n in range(500)) + "\r\n")
    refused_early(house, raw.answer(), 431)


def test_large_headers(house, raw):
    raw.send(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * (1 << 20))
    refused_early(house, raw.answer(), 431)


def test_long_target(house, raw):
    raw.send(b"GET /" + b"x" * (1 << 20))
    refused_early(house, raw.answer(), 414)


def test_body_larger_than_the_server_takes(house, key, raw):
    raw.send(post(key, b"", f"Content-Length: {1 << 40}\r\n", length=False))
    error = refused_early(house, raw.answer(), 413)
    assert str(1 << 40) in error["message"]


def test_chunked_body_larger_than_the_server_takes(house, key, raw):
    raw.send(post(key, b"", "Transfer-Encoding: chunked\r\n", length=False))
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    try:
        for _ in range(100):
            raw.send(chunk)
    except OSError:
        pass  # the server has stopped reading
    refused_early(house, raw.answer(), 413)


def test_slow_loris_in_the_headers(house):
    with Raw(house) as raw:
        raw.send("GET /v1/models HTTP/1.1\r\nHost: x\r\n")
        end = time.monotonic() + PATIENCE_S
        raw.socket.settimeout(0.2)
        while time.monotonic() < end:  # a byte now and then does not buy more time
            try:
                raw.send("X")
                if raw._more():
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        raw.socket.settimeout(PATIENCE_S)
        refused_early(house, raw.answer(), 408)


def test_slow_loris_in_the_body(house, key, raw):
    raw.send(post(key, b'{"model": ', "Content-Length: 1000\r\n", length=False))
    refused_early(house, raw.answer(), 408)


def test_many_slow_clients_do_not_hinder_others(house, key):
    slow = [Raw(house) for _ in range(200)]
    for connection in slow:
        connection.send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Le")
    assert house.chat(key=key).status_code == 200
    for connection in slow:
        connection.socket.close()


@pytest.mark.parametrize("request_text, status", [
    ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400), ("GET\r\n\r\n", 400), ("GET / HTTP/9.9\r\n\r\n", 505),
    ("GET /v1/models HTTP/1.1\r\n\r\n", 400), ("GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("GET /v1/models HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", 400),
    ("POST /v1/models HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    ("POST /v1/models HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    ("POST /v1/models HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /v1/models HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("POST /v1/models HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ("CONNECT example.org:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("GET /v1/models HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", 400)], ids=range(13))
def test_requests_that_are_none(house, raw, request_text, status):
    raw.send(request_text.encode("latin-1"))
    answer = raw.answer()
    assert answer is not None
    refused_early(house, answer, status)
    assert raw.answer() is None  # nothing that follows on such a connection is believed


def test_client_that_leaves_before_the_answer(house, key):
    for cut in (10, 100, 180, 250):
        with Raw(house) as raw:
            raw.send(post(key, GOOD)[:cut])
    with Raw(house) as raw:
        raw.send(post(key, GOOD))
    assert house.chat(key=key).status_code == 200


def test_unauthenticated_flood_is_counted_not_kept(make_server):
    """Records without a key are limited, so that strangers can't fill the disk; the counters have them all."""
    server = make_server()
    for _ in range(400):
        assert server.chat(key="sk-wrong").status_code == 401
    assert server.metric("slipway_requests_total", status="client_error") == 400
    eventually(lambda: server.status()["lag"]["records_behind"] == 0, "the records to be read")
    # A hundred a second of each loop at most; the test may take some seconds, but not one for each hundred.
    assert 0 < len(server.records(status="client_error")) <= 400
