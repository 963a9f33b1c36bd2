// SPDX-License-Identifier: Apache-2.0
// One call of the playground, streamed, and what is known of it afterwards.
import {useCallback, useRef, useState} from 'react';
import {api, csrfHeaders, errorMessage, need, toError} from '../api/client';
import type {PlaygroundSummary} from '../api/types';
import {ChatAssembler, parseTurn, turnText, type Turn} from '../lib/chat';
import {assistantMessage, buildRequest, type Message, type Settings} from '../lib/playground';
import {EventStreamParser} from '../lib/sse';

export interface Answer {
  turn: Turn;
  finishReason: string;
  error: string | null;
  stopped: boolean;
  invocationId: string | null;
  summary: PlaygroundSummary | null;
}

export interface Entry {
  message: Message;
  answer?: Answer;  // for assistant messages made here
}

const kEmptyTurn: Turn = {role: 'assistant', parts: [], toolCalls: []};

export function usePlayground() {
  const [entries, setEntries] = useState<Entry[]>([]);
  const [running, setRunning] = useState<Answer | null>(null);
  const abort = useRef<AbortController | null>(null);

  const run = useCallback(async (settings: Settings, before: Entry[]) => {
    const controller = new AbortController();
    abort.current = controller;
    setEntries(before);
    const assembler = new ChatAssembler();
    const answer: Answer = {turn: kEmptyTurn, finishReason: '', error: null, stopped: false, invocationId: null, summary: null};
    setRunning({...answer});
    let frame = 0;
    const show = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setRunning({...answer, turn: assembler.result()[0]?.turn ?? kEmptyTurn});
      });
    };
    try {
      const response = await fetch('/api/v1/playground/chat/completions', {
        method: 'POST', signal: controller.signal,
        headers: {'Content-Type': 'application/json', ...csrfHeaders()},
        body: JSON.stringify({...buildRequest(settings, before.map((entry) => entry.message)), environment: settings.environment}),
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
      if (controller.signal.aborted) answer.stopped = true;
      else answer.error = errorMessage(error);
    }
    cancelAnimationFrame(frame);
    const choice = assembler.result()[0];
    answer.turn = choice?.turn ?? kEmptyTurn;
    answer.finishReason = choice?.finishReason ?? '';
    answer.error ??= assembler.error;
    const message = assistantMessage(turnText(answer.turn), answer.turn.toolCalls);
    const index = before.length;
    setEntries([...before, {message, answer: {...answer}}]);
    setRunning(null);
    abort.current = null;
    if (!answer.summary && answer.invocationId) {
      const summary = await lookUp(answer.invocationId);
      if (summary) setEntries((now) => now.map((entry, i) => i === index && entry.answer ? {...entry, answer: {...entry.answer, summary}} : entry));
    }
  }, []);

  const stop = useCallback(() => abort.current?.abort(), []);
  return {entries, setEntries, running, run, stop};
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
async function lookUp(id: string): Promise<PlaygroundSummary | null> {
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
