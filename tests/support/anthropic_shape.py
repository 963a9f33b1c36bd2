# SPDX-License-Identifier: Apache-2.0
"""Anthropic's Messages API as documented, strict where the real one is strict: what it would refuse with 400 fails
here, too. It answers with a text, with tool calls where the request's last words name a tool, whole or streamed."""

import asyncio
import json
import re

FIELDS = {"model", "max_tokens", "messages", "system", "stream", "temperature", "top_p", "top_k", "stop_sequences",
          "tools", "tool_choice", "metadata", "thinking", "service_tier", "container", "mcp_servers",
          "context_management", "output_config", "output_format", "cache_control"}
BLOCKS = {"text": {"text"}, "image": {"source"}, "document": {"source"}, "tool_use": {"id", "name", "input"},
          "tool_result": {"tool_use_id"}, "thinking": {"thinking", "signature"}, "redacted_thinking": {"data"}}


def require(condition, message):
    if not condition:
        raise AssertionError(message)


def check_request(received):
    require(received.method == "POST", "only POST")
    require(received.header("content-type") == "application/json", "content-type must be application/json")
    require(received.header("x-api-key"), "x-api-key is missing")
    require(re.fullmatch(r"\d{4}-\d\d-\d\d", received.header("anthropic-version") or ""),
            "anthropic-version is missing")
    require(received.header("authorization") is None, "authorization and x-api-key together")
    request = received.json
    extra = set(request) - FIELDS
    require(not extra, f"{sorted(extra)}: Extra inputs are not permitted")
    require(isinstance(request.get("max_tokens"), int) and request["max_tokens"] >= 1, "max_tokens: Field required")
    require(request.get("temperature") is None or 0 <= request["temperature"] <= 1, "temperature: between 0 and 1")
    if "system" in request:
        require(isinstance(request["system"], (str, list)), "system: a string or a list of text blocks")
        for block in request["system"] if isinstance(request["system"], list) else []:
            require(block.get("type") == "text" and block.get("text"), "system: text blocks that are not empty")
    check_messages(request.get("messages"))
    check_tools(request)


def check_messages(messages):
    require(isinstance(messages, list) and messages, "messages: at least one message is required")
    require(messages[0]["role"] == "user", "messages: first message must use the user role")
    open_calls = []
    previous = None
    for at, message in enumerate(messages):
        role, content = message["role"], message["content"]
        require(role in ("user", "assistant"), f"messages.{at}.role: {role}")
        require(role != previous, f"messages.{at}: roles must alternate")
        require(set(message) == {"role", "content"}, f"messages.{at}: extra fields {sorted(message)}")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        require(blocks, f"messages.{at}: content must not be empty")
        results = []
        for block in blocks:
            kind = block.get("type")
            require(kind in BLOCKS, f"messages.{at}: unknown block {kind}")
            require(BLOCKS[kind] <= set(block), f"messages.{at}: {kind} needs {sorted(BLOCKS[kind])}")
            if kind == "text":
                require(block["text"].strip(), f"messages.{at}: text content blocks must be non-empty")
            if kind == "tool_use":
                require(role == "assistant", f"messages.{at}: tool_use belongs to the assistant")
                require(isinstance(block["input"], dict), f"messages.{at}: tool_use.input must be an object")
                require(re.fullmatch(r"[a-zA-Z0-9_-]+", block["id"]), f"messages.{at}: tool_use.id {block['id']!r}")
            if kind == "tool_result":
                require(role == "user", f"messages.{at}: tool_result belongs to the user")
                require(len(results) == blocks.index(block), f"messages.{at}: tool_result blocks must come first")
                results.append(block["tool_use_id"])
        if role == "user":
            require(sorted(results) == sorted(open_calls),
                    f"messages.{at}: tool_use ids {open_calls} were found without tool_result blocks right after")
        open_calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        previous = role
    require(messages[-1]["role"] == "user", "the conversation must end with a user message")


def check_tools(request):
    names = set()
    for tool in request.get("tools") or []:
        require(re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", tool.get("name", "")), "tools: name")
        require(isinstance(tool.get("input_schema"), dict), f"tools.{tool['name']}.input_schema: Field required")
        require(tool["input_schema"].get("type") == "object", f"tools.{tool['name']}.input_schema.type must be object")
        names.add(tool["name"])
    choice = request.get("tool_choice")
    if choice is not None:
        require(request.get("tools"), "tool_choice may only be specified while providing tools")
        require(choice.get("type") in ("auto", "any", "tool", "none"), "tool_choice.type")
        if choice["type"] == "tool":
            require(choice.get("name") in names, "tool_choice.name is not among tools")


USAGE = {"input_tokens": 20, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 5}


def blocks_for(request):
    last = request["messages"][-1]["content"]
    said = last if isinstance(last, str) else " ".join(block.get("text", "") for block in last)
    answered = not isinstance(last, str) and any(block["type"] == "tool_result" for block in last)
    forced = (request.get("tool_choice") or {}).get("name")
    calls = [tool for tool in request.get("tools") or []
             if not answered and (tool["name"] == forced or tool["name"] in said)]
    if calls:
        return [{"type": "tool_use", "id": f"toolu_{i}", "name": tool["name"], "input": {"city": f"City {i}"}}
                for i, tool in enumerate(calls)], "tool_use"
    return [{"type": "text", "text": "Claude says: all is well."}], "end_turn"


async def answer(exchange):
    request = exchange.request
    blocks, stop = blocks_for(request)
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": request["model"] + "-20250101",
               "stop_sequence": None}
    if not request.get("stream"):
        await exchange.json(message | {"content": blocks, "stop_reason": stop, "usage": USAGE | {"output_tokens": 9}})
        return
    await exchange.open_stream()

    async def say(kind, **fields):
        await exchange.event({"type": kind} | fields, kind)

    await say("message_start", message=message | {
        "content": [], "stop_reason": None, "usage": USAGE | {"output_tokens": 1}})
    await say("ping")
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            await say("content_block_start", index=index, content_block={"type": "text", "text": ""})
            for word in re.findall(r"\S+\s*", block["text"]):
                await say("content_block_delta", index=index, delta={"type": "text_delta", "text": word})
        else:
            await say("content_block_start", index=index, content_block=block | {"input": {}})
            text = json.dumps(block["input"])
            for at in range(0, len(text), 5):
                await say("content_block_delta", index=index,
                          delta={"type": "input_json_delta", "partial_json": text[at:at + 5]})
        await say("content_block_stop", index=index)
    await say("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": 9})
    await say("message_stop")
    await exchange.end_stream()
    await asyncio.sleep(0)
