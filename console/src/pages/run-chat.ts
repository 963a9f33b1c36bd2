// SPDX-License-Identifier: Apache-2.0
// One call through the playground's endpoint, streamed, and what is known of it afterwards.
import {api, csrfHeaders, errorMessage, need, toError} from '../api/client';
import type {PlaygroundSummary} from '../api/types';
import {ChatAssembler, parseTurn, type Turn} from '../lib/chat';
import {EventStreamParser} from '../lib/sse';

export interface Answer {
  turn: Turn;
  finishReason: string;
  error: string | null;
  stopped: boolean;
  invocationId: string | null;
  summary: PlaygroundSummary | null;
}

const kEmptyTurn: Turn = {role: 'assistant', parts: [], toolCalls: []};
export const kNoAnswer: Answer = {turn: kEmptyTurn, finishReason: '', error: null, stopped: false, invocationId: null, summary: null};

// `onUpdate` hears of the answer so far, at most once a frame. Failures are part of the answer.
export async function runChat(body: Record<string, unknown>, signal: AbortSignal, onUpdate: (answer: Answer) => void): Promise<Answer> {
  const assembler = new ChatAssembler();
  const answer: Answer = {...kNoAnswer};
  onUpdate({...answer});
  let frame = 0;
  const show = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      onUpdate({...answer, turn: assembler.result()[0]?.turn ?? kEmptyTurn});
    });
  };
  try {
    const response = await fetch('/api/v1/playground/chat/completions', {
      method: 'POST', signal, headers: {'Content-Type': 'application/json', ...csrfHeaders()}, body: JSON.stringify(body),
    });
    answer.invocationId = response.headers.get('x-slipway-invocation-id');
    if (!response.ok) throw await toError(response);
    if (response.headers.get('content-type')?.startsWith('text/event-stream') && response.body) {
      await readStream(response.body, assembler, answer, show);
    } else {
      const body = await response.json() as {choices?: {message?: unknown; finish_reason?: string}[]};
      assembler.push({choices: [{index: 0, message: body.choices?.[0]?.message, finish_reason: body.choices?.[0]?.finish_reason}]});
      if (!assembler.result().length) answer.turn = parseTurn({role: 'assistant'});
    }
  } catch (error) {
    if (signal.aborted) answer.stopped = true;
    else answer.error = errorMessage(error);
  }
  cancelAnimationFrame(frame);
  const choice = assembler.result()[0];
  answer.turn = choice?.turn ?? kEmptyTurn;
  answer.finishReason = choice?.finishReason ?? '';
  answer.error ??= assembler.error;
  return answer;
}

async function readStream(body: ReadableStream<Uint8Array>, assembler: ChatAssembler, answer: Answer, show: () => void) {
  const parser = new EventStreamParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const {done, value} = await reader.read();
    const events = done ? [...parser.push(decoder.decode()), ...parser.finish()] : parser.push(decoder.decode(value, {stream: true}));
    for (const event of events) {
      if (event.data === '[DONE]') continue;
      const json: unknown = JSON.parse(event.data);
      if (event.event === 'slipway.summary') {
        answer.summary = json as PlaygroundSummary;
        answer.invocationId = answer.summary.invocation_id;
      } else {
        assembler.push(json);
      }
    }
    if (events.length) show();
    if (done) return;
  }
}

// Where no summary came, as with a stopped or refused call, the record tells, a moment later.
export async function lookUp(id: string): Promise<PlaygroundSummary | null> {
  for (let attempt = 0; attempt < 6; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 400 * (attempt + 1)));
    try {
      const call = await need(api.GET('/api/v1/invocations/{id}', {params: {path: {id}}}));
      return {invocation_id: id, usage: call.usage, cost_usd: call.cost_usd, duration_ms: call.duration_ms, first_token_ms: call.first_token_ms, response_model: call.response_model};
    } catch {
      continue;
    }
  }
  return null;
}
