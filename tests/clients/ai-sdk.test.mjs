// SPDX-License-Identifier: Apache-2.0
// Vercel's `ai` package with its OpenAI provider and its provider for compatible servers, unmodified.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embedMany, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { key, newestRecord, url } from "./support.mjs";

const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: key });
const compatible = createOpenAICompatible({
  name: "slipway", baseURL: `${url}/v1`, apiKey: key, includeUsage: true, supportsStructuredOutputs: true });
const chats = { openai: openai.chat("simulated-small"), compatible: compatible("simulated-small") };
const get_weather = tool({
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `minus four degrees in ${city}`,
});

for (const [name, model] of Object.entries(chats)) {
  test(`${name}: text`, async () => {
    const prompt = `What is a slipway? ${name} ${process.pid}`;
    const answer = await generateText({ model, prompt, system: "Be brief.", maxRetries: 0 });
    assert.ok(answer.text.includes(prompt));
    assert.equal(answer.finishReason, "stop");
    const kept = await newestRecord((one) => one.input_preview === prompt);
    assert.equal(kept.usage.output, answer.usage.outputTokens);
    assert.equal(kept.usage.input, answer.usage.inputTokens);
  });

  test(`${name}: stream`, async () => {
    const stream = streamText({ model, prompt: "What is a slipway?", maxRetries: 0 });
    let pieces = 0;
    for await (const piece of stream.textStream) pieces += piece.length > 0 ? 1 : 0;
    assert.ok(pieces > 10);
    assert.equal(await stream.finishReason, "stop");
    assert.ok((await stream.usage).outputTokens > 0);
  });

  test(`${name}: tools in steps`, async () => {
    const answer = await generateText({
      model, prompt: "Use get_weather for Oslo.", tools: { get_weather }, stopWhen: stepCountIs(3), maxRetries: 0 });
    assert.equal(answer.steps[0].toolCalls[0].toolName, "get_weather");
    assert.match(answer.text, /minus four degrees/);
  });

  test(`${name}: streamed tools`, async () => {
    const stream = streamText({
      model, prompt: "Use get_weather for Oslo.", tools: { get_weather }, stopWhen: stepCountIs(3), maxRetries: 0 });
    assert.match(await stream.text, /minus four degrees/);
    assert.equal((await stream.steps).length, 2);
  });

  test(`${name}: object`, async () => {
    const { output } = await generateText({
      model, prompt: "Invent a ship.", maxRetries: 0,
      output: Output.object({ schema: z.object({ name: z.string(), tons: z.number(), tags: z.array(z.string()) }) }) });
    assert.equal(typeof output.name, "string");
    assert.equal(typeof output.tons, "number");
  });

  test(`${name}: errors`, async () => {
    await assert.rejects(
      generateText({ model, prompt: "x", maxRetries: 0, headers: { "x-simulate": "status=429; message=slow down" } }),
      (error) => APICallError.isInstance(error) && error.statusCode === 429 && error.isRetryable &&
        /slow down/.test(error.message));
  });
}

test("an unknown key is not retried", async () => {
  const stranger = createOpenAI({ baseURL: `${url}/v1`, apiKey: "sk-wrong" });
  await assert.rejects(generateText({ model: stranger.chat("simulated-small"), prompt: "x" }),
    (error) => APICallError.isInstance(error) && error.statusCode === 401 && !error.isRetryable);
});

test("embeddings", async () => {
  for (const model of [openai.embedding("simulated-embedding"), compatible.textEmbeddingModel("simulated-embedding")]) {
    const { embeddings, usage } = await embedMany({ model, values: ["a ship", "a boat"], maxRetries: 0 });
    assert.deepEqual(embeddings.map((vector) => vector.length), [256, 256]);
    assert.ok(usage.tokens > 0);
  }
});

test("leaving a stream", async () => {
  const prompt = `Leave me ${process.pid}`;
  const abort = new AbortController();
  const stream = streamText({
    model: chats.openai, prompt, abortSignal: abort.signal, maxRetries: 0,
    headers: { "x-simulate": "tokens-per-second=20" }, onError: () => {} });
  for await (const piece of stream.textStream) {
    if (piece) break;
  }
  abort.abort();
  const kept = await newestRecord((one) => one.input_preview === prompt);
  assert.equal(kept.status, "interrupted");
});
