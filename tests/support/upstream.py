# SPDX-License-Identifier: Apache-2.0
"""A provider on raw sockets: it keeps what it was sent, byte for byte, and answers as a test says, also in ways no
HTTP library would: a reset in the middle, a body shorter than announced, chunks that are none.

What it does is chosen by the `model` of the request: `upstream.on("m", behaviour)`, where a behaviour is an async
function of an Exchange. Without one it answers like a well-behaved provider: OpenAI's chat, streams and embeddings,
and Anthropic's messages, each only after the request was held against the documented shape."""

import asyncio
import base64
import itertools
import json
import socket
import struct
import threading
import time

from support import anthropic_shape


class Received:
    """One request as it came over the wire."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.at = time.monotonic()
        self.left = threading.Event()  # the client closed the connection while it was being answered
        self.left_at = None
        self.done = threading.Event()

    def header(self, name):
        found = [value for have, value in self.headers if have.lower() == name]
        assert len(found) <= 1, f"the header {name} came {len(found)} times"
        return found[0] if found else None

    @property
    def json(self):
        return json.loads(self.body)


class Exchange:
    """What a behaviour works with."""

    def __init__(self, upstream, received, writer):
        self.upstream, self.received, self._writer = upstream, received, writer
        self.request = received.json if received.body else {}

    async def write(self, data):
        self._writer.write(data.encode() if isinstance(data, str) else data)
        await self._writer.drain()

    async def json(self, value, status=200, headers=()):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        await self.head(status, [("content-type", "application/json"), ("content-length", len(body)), *headers])
        await self.write(body)

    async def head(self, status=200, headers=()):
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        await self.write(f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n")

    async def open_stream(self, headers=()):
        await self.head(200, [("content-type", "text/event-stream"), ("transfer-encoding", "chunked"), *headers])

    async def chunk(self, data):
        data = data.encode() if isinstance(data, str) else data
        await self.write(b"%x\r\n%s\r\n" % (len(data), data))

    async def event(self, value, name=None):
        text = value if isinstance(value, str) else json.dumps(value)
        await self.chunk((f"event: {name}\n" if name else "") + f"data: {text}\n\n")

    async def end_stream(self):
        await self.write(b"0\r\n\r\n")

    async def gone(self):
        """Waits until the client has left."""
        while not self.received.left.is_set():
            await asyncio.sleep(0.005)

    def reset(self):
        """RST instead of FIN."""
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self):
        self._writer.close()


class Upstream:
    def __init__(self, tls=None):
        self._tls = tls  # an ssl.SSLContext
        self.received = []
        self.connections = 0
        self.open_connections = 0
        self._behaviours = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks = set()
        self._ids = itertools.count(1)

    def __enter__(self):
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls))
        self.port = self._server.sockets[0].getsockname()[1]
        self.origin = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        self.base_url = self.origin + "/v1"
        return self

    def __exit__(self, *_):
        async def stop():
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        self._call(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def on(self, model, behaviour):
        """From now on requests for `model` are answered by `behaviour`."""
        self._behaviours[model] = behaviour

    def fresh(self, behaviour, prefix="fake"):
        """A model name nobody else uses, with this behaviour."""
        name = f"{prefix}-{next(self._ids)}"
        self._behaviours[name] = behaviour
        return name

    def requests(self, model):
        return [r for r in list(self.received) if r.body and r.json.get("model") == model]

    def only(self, model):
        found = self.requests(model)
        assert len(found) == 1, f"{len(found)} requests for {model}"
        return found[0]

    # ---- the wire

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        self.open_connections += 1
        try:
            ahead = b""  # the first byte of the next request
            while ahead is not None:
                ahead = await self._serve_one(ahead, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            self._tasks.discard(task)
            writer.close()

    async def _serve_one(self, ahead, reader, writer):
        head = ahead + await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = request_line.split(" ")
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        received = Received(method, target, headers, await reader.readexactly(length))
        self.received.append(received)
        exchange = Exchange(self, received, writer)
        behaviour = self._behaviours.get(exchange.request.get("model")) or well_behaved
        # One byte is always asked for, so that the end of the connection is seen while the answer runs. Slipway
        # doesn't pipeline, so a byte here would be a fault.
        watch = asyncio.ensure_future(reader.read(1))

        def client_left():
            if not received.done.is_set() and not received.left.is_set():
                received.left_at = time.monotonic()
                received.left.set()

        def on_read(done):
            if not done.cancelled() and (done.exception() or done.result() == b""):
                client_left()

        watch.add_done_callback(on_read)
        try:
            await behaviour(exchange)
        except ConnectionError:
            client_left()  # in the middle of a write
            watch.cancel()
            return None
        finally:
            received.done.set()
        if writer.is_closing():
            watch.cancel()
            return None
        return await watch or None


# ---- a well-behaved provider

def openai_usage(prompt=11, completion=7, cached=0, reasoning=0):
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0}}


def openai_answer(model, text="All is well.", **fields):
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1767225600, "model": model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": None},
                         "logprobs": None, "finish_reason": "stop"}],
            "usage": openai_usage(), "system_fingerprint": "fp_1"} | fields


def openai_chunk(model, delta=None, finish=None, **fields):
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1767225600, "model": model,
            "choices": choices} | fields


def refuse_unless(condition, message):
    if not condition:
        raise AssertionError(message)


def check_openai(request):
    refuse_unless(isinstance(request.get("model"), str) and request["model"], "model must be a string")
    refuse_unless(isinstance(request.get("messages"), list) and request["messages"], "messages must not be empty")
    for message in request["messages"]:
        refuse_unless(message.get("role") in ("developer", "system", "user", "assistant", "tool"), "unknown role")
    if "stream_options" in request:
        refuse_unless(request.get("stream"), "stream_options is only allowed when stream is enabled")


async def well_behaved(exchange):
    target = exchange.received.target
    try:
        if target == "/v1/models":
            await exchange.json({"object": "list", "data": [
                {"id": name, "object": "model", "created": 1, "owned_by": "fake"} for name in ("fake-a", "fake-b")]})
        elif target == "/v1/chat/completions":
            check_openai(exchange.request)
            await openai_chat(exchange)
        elif target == "/v1/embeddings":
            await openai_embeddings(exchange)
        elif target == "/v1/messages":
            anthropic_shape.check_request(exchange.received)
            await anthropic_shape.answer(exchange)
        else:
            await exchange.json({"error": {"message": f"no such address {target}"}}, 404)
    except AssertionError as error:
        kind = {"type": "error", "error": {"type": "invalid_request_error", "message": str(error)}}
        await exchange.json(kind, 400)


async def openai_chat(exchange):
    request = exchange.request
    if not request.get("stream"):
        await exchange.json(openai_answer(request["model"]))
        return
    await exchange.open_stream()
    await stream_words(exchange, ["All", " is", " well", "."])
    await exchange.end_stream()


async def stream_words(exchange, words, pause_s=0.0, finish="stop", usage=True, done=True):
    """The events of an OpenAI stream."""
    model = exchange.request["model"]
    await exchange.event(openai_chunk(model, {"role": "assistant", "content": ""}))
    for word in words:
        if pause_s:
            await asyncio.sleep(pause_s)
        await exchange.event(openai_chunk(model, {"content": word}))
    if finish:
        await exchange.event(openai_chunk(model, {}, finish))
    if usage and exchange.request.get("stream_options", {}).get("include_usage"):
        await exchange.event(openai_chunk(model, usage=openai_usage()))
    if done:
        await exchange.event("[DONE]")


async def openai_embeddings(exchange):
    request = exchange.request
    inputs = request["input"] if isinstance(request["input"], list) else [request["input"]]
    vector = [0.25, -0.5, 0.125]
    value = (base64.b64encode(struct.pack("<3f", *vector)).decode() if request.get("encoding_format") == "base64"
             else vector)
    await exchange.json({
        "object": "list", "model": request["model"], "usage": {"prompt_tokens": 5, "total_tokens": 5},
        "data": [{"object": "embedding", "index": i, "embedding": value} for i in range(len(inputs))]})


# ---- faults: behaviours that several tests share

async def reset(exchange):
    exchange.reset()


async def hang_up(exchange):
    exchange.close()


async def silent(exchange):
    await exchange.gone()


async def slow_headers(exchange):
    await exchange.write("HTTP/1.1 200 OK\r\ncontent-type: applic")
    await exchange.gone()


async def slow_body(exchange):
    await exchange.head(200, [("content-type", "application/json"), ("content-length", 1000)])
    await exchange.write(b'{"id": "chat')
    await exchange.gone()


async def truncated_json(exchange):
    body = json.dumps(openai_answer(exchange.request["model"])).encode()
    await exchange.json(body[:len(body) // 2])


async def short_body(exchange):
    body = json.dumps(openai_answer(exchange.request["model"])).encode()
    await exchange.head(200, [("content-type", "application/json"), ("content-length", len(body) + 100)])
    await exchange.write(body)
    exchange.close()


async def malformed_chunk(exchange):
    await exchange.head(200, [("content-type", "application/json"), ("transfer-encoding", "chunked")])
    await exchange.write(b"zz\r\n{}\r\n0\r\n\r\n")
    await exchange.gone()


async def wrong_type(exchange):
    await exchange.head(200, [("content-type", "text/html"), ("content-length", 15)])
    await exchange.write(b"<html>hi</html>")


async def not_http(exchange):
    await exchange.write(b"220 mail.example.org ESMTP ready\r\n")
    exchange.close()


def error(status, message="it went wrong", *, headers=(), code=None, kind="server_error"):
    async def behaviour(exchange):
        await exchange.json({"error": {"message": message, "type": kind, "param": None, "code": code}}, status,
                            headers)

    return behaviour
