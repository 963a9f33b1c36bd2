# SPDX-License-Identifier: Apache-2.0
"""`langchain-openai`, unmodified: what a team that already has chains would point at Slipway."""

import asyncio

import pydantic
import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings


@pytest.fixture
def chat(house, key):
    return ChatOpenAI(model="simulated-small", base_url=house.url + "/v1", api_key=str(key), max_retries=0)


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"minus four degrees in {city}"


def test_invoke(house, chat, key):
    answer = chat.invoke("What is a slipway?")
    assert "What is a slipway?" in answer.content
    assert answer.response_metadata["model_name"] == "simulated/simulated-small"
    (record,) = house.wait_records(1, use_case=key.use_case)
    assert answer.usage_metadata["input_tokens"] == record["usage"]["input"]
    assert answer.usage_metadata["output_tokens"] == record["usage"]["output"]


def test_stream(house, chat, key):
    pieces = list(chat.stream("What is a slipway?"))
    assert len(pieces) > 10
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    assert "What is a slipway?" in whole.content
    (record,) = house.wait_records(1, use_case=key.use_case)
    assert record["stream"] is True and record["status"] == "ok"
    # This client asks for usage in streams by itself unless the address is not OpenAI's; either way it is recorded.
    if whole.usage_metadata:
        assert whole.usage_metadata["output_tokens"] == record["usage"]["output"]


def test_batch_and_async(house, chat, key):
    answers = asyncio.run(chat.abatch([f"Number {n}" for n in range(8)]))
    assert all(f"Number {n}" in answer.content for n, answer in enumerate(answers))
    house.wait_records(8, use_case=key.use_case)


def test_tools(chat):
    bound = chat.bind_tools([get_weather])
    question = HumanMessage("Use get_weather for Oslo.")
    asked = bound.invoke([question])
    (call,) = asked.tool_calls
    assert call["name"] == "get_weather" and "city" in call["args"]
    result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
    assert "minus four degrees" in bound.invoke([question, asked, result]).content


def test_structured_output(chat):
    class Ship(pydantic.BaseModel):
        name: str
        tons: int

    assert isinstance(chat.with_structured_output(Ship).invoke("Invent a ship."), Ship)


def test_embeddings(house, key):
    # Token ids instead of text is what this client sends by default.
    embeddings = OpenAIEmbeddings(model="simulated-embedding", base_url=house.url + "/v1", api_key=str(key),
                                  check_embedding_ctx_length=False)
    vectors = embeddings.embed_documents(["a ship", "another ship"])
    assert [len(vector) for vector in vectors] == [256, 256]
