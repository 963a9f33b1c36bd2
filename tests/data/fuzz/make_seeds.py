#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the fuzzers' seeds into the folders beside it: what a good input of each parser looks like, so that a fuzzer
starts behind the door instead of before it. The folders of settings and prices are kept by hand.

    python3 tests/data/fuzz/make_seeds.py"""

import json
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).resolve().parent


def seed(fuzzer, name, data):
    folder = HERE / fuzzer
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def lines(*texts):
    return "\r\n".join(texts) + "\r\n\r\n"


# The first byte says in how large pieces the rest comes.
PIECES = b"\x1f"


def requests():
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hello"}]})
    posted = lines("POST /v1/chat/completions HTTP/1.1", "Host: localhost:8080", "Authorization: Bearer slp_x",
                   "Content-Type: application/json", f"Content-Length: {len(body)}") + body
    chunked = lines("POST /v1/embeddings?a=b HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "Trailer: X") + \
        "5;ext=1\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n"
    for name, text in {
        "post": posted, "chunked": chunked, "pipelined": posted + chunked + posted,
        "get": lines("GET /v1/models HTTP/1.1", "Host: [::1]:8080", "Connection: close"),
        "old": lines("GET /healthz HTTP/1.0", "Connection: keep-alive"),
        "expects": lines("POST /x HTTP/1.1", "Host: x", "Expect: 100-continue", "Content-Length: 2") + "{}",
        "absolute": lines("GET http://x/y HTTP/1.1", "Host: x"),
    }.items():
        seed("net_request_fuzz", name, PIECES + text.encode())


def responses():
    for name, text in {
        "length": lines("HTTP/1.1 200 OK", "Content-Type: application/json", "Content-Length: 2") + "{}",
        "chunked": lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\nA: b\r\n\r\n",
        "until-end": lines("HTTP/1.0 200 OK", "Content-Type: text/plain") + "whatever comes",
        "continue": lines("HTTP/1.1 100 Continue") + lines("HTTP/1.1 204 No Content"),
        "limited": lines("HTTP/1.1 429 Too Many Requests", "Retry-After: 7", "Content-Length: 0"),
    }.items():
        seed("net_response_fuzz", name, PIECES + b"\x00" + text.encode())


def event_texts():
    chunk = '{"id":"c","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}],"usage":null}'
    for name, text in {
        "openai": f": keep-alive\n\ndata: {chunk}\n\ndata: {chunk}\n\ndata: [DONE]\n\n",
        "anthropic": 'event: message_start\ndata: {"type":"message_start"}\n\nevent: ping\ndata: {"type": "ping"}\n\n',
        "crlf": "id: 7\r\nretry: 100\r\nevent: a\r\ndata: one\r\ndata: two\r\n\r\ndata\r\n\r\n",
        "cr": "data: one\rdata: two\r\rdata:x\r\r",
        "mark": "\ufeffdata: é😀\n\n:\n\nunknown: x\nid: \0\n\ndata: unfinished",
    }.items():
        seed("net_sse_fuzz", name, PIECES + text.encode())


def event_frames():
    """AWS event streams: headers of every type, and a payload."""
    def header(name, kind, value):
        return bytes([len(name)]) + name.encode() + bytes([kind]) + value

    def text(value):
        return struct.pack(">H", len(value)) + value.encode()

    headers = (header(":event-type", 7, text("contentBlockDelta")) + header(":content-type", 7, text("application/json")) +
               header("yes", 0, b"") + header("no", 1, b"") + header("byte", 2, b"\x01") +
               header("short", 3, struct.pack(">h", -2)) + header("int", 4, struct.pack(">i", 3)) +
               header("long", 5, struct.pack(">q", -4)) + header("bytes", 6, struct.pack(">H", 2) + b"\0\xff") +
               header("time", 8, struct.pack(">q", 1_700_000_000_000)) + header("uuid", 9, bytes(range(16))))
    payload = b'{"delta":{"text":"Hello"},"contentBlockIndex":0}'
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    frame = prelude + headers + payload
    frame += struct.pack(">I", zlib.crc32(frame))
    seed("net_event_stream_fuzz", "frames", b"\x00\x00\x3f" + frame + frame)
    # Here the fuzzer makes the frame: how many bytes of the input are headers, and the input.
    seed("net_event_stream_fuzz", "input", b"\x01" + bytes([len(headers)]) + b"\x3f" + headers + payload)


def calls():
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}
    for name, body in {
        "chat": {"model": "gpt-4o", "stream": True, "stream_options": {"include_usage": False}, "temperature": 0.5,
                 "max_tokens": 5, "stop": ["END"], "user": "u", "messages": [
                     {"role": "system", "content": "Be brief."},
                     {"role": "user", "content": [
                         {"type": "text", "text": "é😀"},
                         {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                         {"type": "input_audio", "input_audio": {"data": "BB", "format": "wav"}},
                         {"type": "file", "file": {"file_data": "data:application/pdf;base64,CC"}}]}]},
        "tools": {"model": "m", "tools": [tool], "tool_choice": {"type": "function", "function": {"name": "f"}},
                  "messages": [
                      {"role": "user", "content": "x"},
                      {"role": "assistant", "content": None, "tool_calls": [
                          {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1.0}"}}]},
                      {"role": "tool", "tool_call_id": "c", "content": "42"}]},
        "structured": {"model": "m", "reasoning_effort": "low", "n": 2, "logprobs": True, "messages": [
            {"role": "user", "content": "x"}], "response_format": {"type": "json_schema", "json_schema": {
                "name": "o", "schema": {"type": "object"}}}},
        "embeddings": {"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 3, "encoding_format": "base64"},
        "token-ids": {"model": "m", "input": [[1, 2], [3]]},
        "anthropic": {"model": "claude", "max_tokens": 9, "system": [
            {"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"}, "messages": [
                {"role": "user", "content": [{"type": "document", "source": {"type": "text", "media_type": "text/plain",
                                                                             "data": "d"}}]},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "s"},
                    {"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1, 2.5]}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "is_error": True, "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}]}]}]},
    }.items():
        seed("llm_openai_request_fuzz", f"{name}.json", json.dumps(body, ensure_ascii=False))


def answers():
    """One event a line, "name|data" or data alone; a line alone is also read as a whole answer."""
    chunk = '{"id":"c","model":"m","choices":[{"index":0,"delta":%s,"finish_reason":%s}]}'
    seed("llm_stream_fuzz", "openai", "\n".join([
        chunk % ('{"role":"assistant","content":""}', "null"), chunk % ('{"content":"Hello"}', "null"),
        chunk % ('{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}', "null"),
        chunk % ('{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}', '"tool_calls"'),
        '{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,'
        '"prompt_tokens_details":{"cached_tokens":4}}}', "[DONE]"]))
    block = '{"type":"content_block_%s","index":%d,%s}'
    seed("llm_stream_fuzz", "anthropic", "\n".join([
        'message_start|{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":5,"output_tokens":1,'
        '"cache_creation_input_tokens":7,"cache_creation":{"ephemeral_1h_input_tokens":7}}}}',
        "content_block_start|" + block % ("start", 0, '"content_block":{"type":"thinking","thinking":""}'),
        "content_block_delta|" + block % ("delta", 0, '"delta":{"type":"thinking_delta","thinking":"hm"}'),
        "content_block_delta|" + block % ("delta", 0, '"delta":{"type":"signature_delta","signature":"s"}'),
        'content_block_stop|{"type":"content_block_stop","index":0}',
        "content_block_start|" + block % ("start", 1, '"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}'),
        "content_block_delta|" + block % ("delta", 1, '"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":1}"}'),
        'content_block_stop|{"type":"content_block_stop","index":1}',
        "content_block_start|" + block % ("start", 2, '"content_block":{"type":"server_tool_use","id":"s","input":{}}'),
        'content_block_stop|{"type":"content_block_stop","index":2}',
        'message_delta|{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}',
        'message_stop|{"type":"message_stop"}']))
    seed("llm_stream_fuzz", "answer", '{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"x"},'
         '"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}')
    seed("llm_stream_fuzz", "message", '{"id":"m","type":"message","model":"c","content":[{"type":"text","text":"x"}],'
         '"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}')
    seed("llm_stream_fuzz", "error", 'error|{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')
    seed("llm_stream_fuzz", "embeddings", '{"object":"list","data":[{"index":0,"embedding":[0.5,-1]}],"model":"m",'
         '"usage":{"prompt_tokens":1,"total_tokens":1}}')


def texts():
    seed("llm_tokens_fuzz", "prose", "It didn't mind; they've seen worse.\n\n  Ünïcödé 数据 😀 1234567")
    seed("llm_tokens_fuzz", "code", "fn main() {\r\n\tlet x = [0; 1024]; // done\n}\n")
    seed("llm_tokens_fuzz", "malformed", b"\xff\xfe\xc3(\xed\xa0\x80\xf8\x88\x80 ok")


def spool():
    """Frames as the spool writes them, their checksums empty: the fuzzer mends them where the first byte is odd."""
    def varint(value):
        out = b""
        while value >= 0x80:
            out += bytes([value & 0x7f | 0x80])
            value >>= 7
        return out + bytes([value])

    def signed(value):
        return varint((value << 1) ^ (value >> 63) if value >= 0 else ((-value) << 1) - 1)

    def frame(texts, request, response, pad):
        numbers = [1_700_000_000_000_000, 12_345, 2_000, 11_000, 0, 150, 10, 5, -1, 7, 3, -1, -1, 1_200_000]
        out = bytes(range(16)) + struct.pack("<BBHHB", 3, 1, 502, 500, 2)
        out += b"".join(signed(number) for number in numbers)
        texts = texts + [""] * (20 - len(texts)) + ["x" * pad]
        out += b"".join(varint(len(text.encode())) + text.encode() for text in texts)
        out += varint(len(request)) + request + varint(len(response)) + response
        out = b"\x01\xa5\x5a" + out
        return struct.pack("<II", len(out), 0) + out

    def odd(*arguments):
        made = frame(*arguments, 0)
        return made if made[0] & 1 else frame(*arguments, 1)

    names = ["chat", "openai", "support", "prod", "key", "name", "", "openai", "main", "gpt-4o", "gpt-4o-2024", "stop"]
    one = odd(names, b'{"messages":[]}', b'{"choices":[]}')
    two = odd(["embeddings"], b"", b"")
    seed("telemetry_spool_fuzz", "one", one)
    seed("telemetry_spool_fuzz", "several", two + one + two)
    seed("telemetry_spool_fuzz", "damaged-between", one + b"garbage" + two)
    seed("telemetry_spool_fuzz", "torn", one + two[:-9])


def cases():
    # The first byte chooses the format, the second the size of the pieces.
    for name, kind, text in [
        ("own", 0, '{"input":"Hi","id":"1","tags":["a"]}\n\n{"input":{"x":"y"},"expected":null}\n'),
        ("chat", 2, '{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]}\n'),
        ("bedrock", 3, '{"prompt":"Q","referenceResponse":"A","category":"c","modelResponses":[]}\n'),
        ("rag", 3, '{"conversationTurns":[{"prompt":{"content":[{"text":"Q"}]},"referenceResponses":[{"content":'
                   '[{"text":"A"}]}]}]}\n'),
        ("tests", 4, "tests:\n  - vars: {a: [1, 2]}\n    assert: [{type: equals, value: x}]\n"),
        ("tests-csv", 0, 'a,__expected,__metadata:k[]\n"x ""y""\nz",contains-any: b,"c, d"\n'),
        ("csv", 5, "id;input;tags\r\n1;'=x;a|b\r\n"),
        ("json", 0, '[{"input": "a"},\n {"input": ["b"]}]'),
    ]:
        seed("catalog_case_reader_fuzz", name, bytes([kind, 7]) + text.encode())


def given_responses():
    # The first byte is the size of the pieces.
    for name, lines in {
        "own": [{"id": "a", "response": "x", "model": "m", "finish_reason": "stop", "latency_ms": 12.5, "first_token_ms": 3,
                 "cost_usd": 0.001, "input_tokens": 5, "output_tokens": 7},
                {"id": "a", "answer": {"x": [1]}}, {"id": 7, "output": None},
                {"id": "b", "response": "", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
                {"id": "c", "error": "it broke"}],
        "bedrock": [{"prompt": "Where?", "modelResponses": [{"response": "There", "modelIdentifier": "theirs"}]},
                    {"prompt": " Where? ", "modelResponses": [{"response": "Here"}]}],
        "turns": [{"conversationTurns": [
            {"prompt": {"content": [{"text": "Why"}, {"text": "?"}]},
             "output": {"text": "Because", "modelIdentifier": "theirs"}}]}],
    }.items():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        seed("evaluation_given_responses_fuzz", name, b"\x06" + text.encode())
    seed("evaluation_given_responses_fuzz", "odd", b"\x00\r\n\n" + json.dumps({"id": "é😀", "response": "\0"}).encode())


for make in (requests, responses, event_texts, event_frames, calls, answers, texts, spool, cases, given_responses):
    make()
