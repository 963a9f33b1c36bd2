// SPDX-License-Identifier: Apache-2.0
// The npm package `openai`, unmodified.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { key, newestRecord, question, record, url, weatherParameters } from "./support.mjs";

const model = "simulated-small";
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const tools = ["get_weather", "get_time"].map((name) => ({
  type: "function",
  function: { name, parameters: weatherParameters },
}));

test("chat", async () => {
  const { data, response } = await client.chat.completions.create({ model, messages: question }).withResponse();
  assert.equal(data.model, "simulated/simulated-small");
  assert.match(data.choices[0].message.content, /What is a slipway\?/);
  const kept = await record(response.headers.get("x-slipway-invocation-id"));
  assert.equal(kept.status, "ok");
  assert.equal(kept.usage.input, data.usage.prompt_tokens);
  assert.equal(kept.usage.output, data.usage.completion_tokens);
  assert.ok(Number(kept.cost_usd) > 0);
  assert.match(kept.user_agent, /OpenAI\/JS/);
});

test("stream", async () => {
  const { data, response } = await client.chat.completions
    .create({ model, messages: question, stream: true })
    .withResponse();
  let text = "";
  let chunks = 0;
  for await (const chunk of data) {
    assert.ok(!chunk.usage);
    text += chunk.choices[0].delta.content ?? "";
    ++chunks;
  }
  const whole = await client.chat.completions.create({ model, messages: question });
  assert.equal(text, whole.choices[0].message.content);
  assert.ok(chunks > 10);
  const kept = await record(response.headers.get("x-slipway-invocation-id"));
  assert.equal(kept.usage.output, whole.usage.completion_tokens);
  assert.ok(kept.first_token_ms > 0 && kept.stream);
});

test("stream with usage", async () => {
  const stream = client.chat.completions.stream({ model, messages: question, stream_options: { include_usage: true } });
  const final = await stream.finalChatCompletion();
  assert.ok(final.usage.completion_tokens > 0);
});

test("tools and their results", async () => {
  const messages = [{ role: "user", content: "Call get_weather and get_time for Oslo." }];
  const asked = await client.chat.completions.create({ model, messages, tools });
  const calls = asked.choices[0].message.tool_calls;
  assert.deepEqual(calls.map((call) => call.function.name), ["get_weather", "get_time"]);
  messages.push(asked.choices[0].message);
  for (const call of calls) {
    assert.ok(JSON.parse(call.function.arguments).city);
    messages.push({ role: "tool", tool_call_id: call.id, content: "minus four" });
  }
  const final = await client.chat.completions.create({ model, messages, tools });
  assert.match(final.choices[0].message.content, /minus four/);
});

test("tools run by the package", async () => {
  const seen = [];
  const runner = client.chat.completions.runTools({
    model,
    messages: [{ role: "user", content: "Use get_weather for Oslo." }],
    stream: true,
    tools: [{
      type: "function",
      function: {
        name: "get_weather",
        parameters: weatherParameters,
        parse: JSON.parse,
        function: (given) => { seen.push(given); return "minus four degrees"; },
      },
    }],
  });
  assert.match(await runner.finalContent(), /minus four degrees/);
  assert.equal(seen.length, 1);
  assert.ok(seen[0].city);
});

test("structured output", async () => {
  const shape = z.object({ name: z.string(), tons: z.number(), afloat: z.boolean() });
  const answer = await client.chat.completions.parse({
    model,
    messages: [{ role: "user", content: "Invent a ship." }],
    response_format: zodResponseFormat(shape, "ship"),
  });
  assert.ok(shape.safeParse(answer.choices[0].message.parsed).success);
});

test("embeddings", async () => {
  const one = await client.embeddings.create({ model: "simulated-embedding", input: ["a ship", "a boat"] });
  const other = await client.embeddings.create({
    model: "simulated-embedding", input: ["a ship", "a boat"], encoding_format: "float" });
  assert.equal(one.data[1].embedding.length, 256);
  one.data[1].embedding.forEach((value, i) => assert.ok(Math.abs(value - other.data[1].embedding[i]) < 1e-6));
});

test("models", async () => {
  const names = [];
  for await (const one of client.models.list()) names.push(one.id);
  assert.ok(names.includes("simulated-small") && names.includes("simulated-embedding"));
  assert.equal((await client.models.retrieve("simulated-small")).id, "simulated-small");
});

for (const [status, kind] of [
  [400, OpenAI.BadRequestError], [404, OpenAI.NotFoundError], [422, OpenAI.UnprocessableEntityError],
  [429, OpenAI.RateLimitError], [500, OpenAI.InternalServerError], [503, OpenAI.InternalServerError]]) {
  test(`error ${status}`, async () => {
    const error = await client.chat.completions
      .create({ model, messages: question }, { headers: { "x-simulate": `status=${status}; retry-after=2` } })
      .then(() => assert.fail("no error"), (caught) => caught);
    assert.ok(error instanceof kind, error.constructor.name);
    assert.match(error.message, /simulated failure/);
    assert.equal(error.headers.get("retry-after"), "2");
    const kept = await record(error.headers.get("x-slipway-invocation-id"));
    assert.equal(kept.http_status, status);
  });
}

test("a wrong key", async () => {
  const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-wrong", maxRetries: 0 });
  await assert.rejects(stranger.models.list(), (error) =>
    error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key");
});

test("an error in the middle of a stream", async () => {
  const stream = await client.chat.completions.create(
    { model, messages: question, stream: true }, { headers: { "x-simulate": "cut-after=3" } });
  let text = "";
  await assert.rejects(async () => {
    for await (const chunk of stream) text += chunk.choices[0].delta.content ?? "";
  }, OpenAI.APIError);
  assert.ok(text.length > 0);
});

test("leaving a stream", async () => {
  const { data, response } = await client.chat.completions
    .create({ model, messages: question, stream: true, user: "leaver" }, { headers: { "x-simulate": "tokens-per-second=20" } })
    .withResponse();
  for await (const chunk of data) {
    if (chunk.choices[0].delta.content) break;
  }
  data.controller.abort();
  const kept = await newestRecord((one) => one.id === response.headers.get("x-slipway-invocation-id"));
  assert.equal(kept.status, "interrupted");
  assert.ok(kept.usage.output > 0 && kept.usage.estimated);
});
