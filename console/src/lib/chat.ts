// SPDX-License-Identifier: Apache-2.0
// Reads recorded requests and responses of the chat shape into turns that can be shown. What it does not
// understand it leaves out: the raw body is always beside it.
import {looksLikeEventStream, parseEventStream} from './sse';

export type Part =
  | {kind: 'text'; text: string}
  | {kind: 'image'; url: string}
  | {kind: 'other'; label: string; json: unknown};

export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

export interface Turn {
  role: string;
  name?: string;
  parts: Part[];
  reasoning?: string;
  refusal?: string;
  toolCalls: ToolCall[];
  toolCallId?: string;
}

export interface ParsedRequest {
  kind: 'chat' | 'embeddings' | 'other';
  turns: Turn[];
  inputs: string[];  // of an embeddings request
  tools: {name: string; description: string; json: unknown}[];
  parameters: [string, unknown][];
}

export interface ParsedResponse {
  choices: {turn: Turn; finishReason: string}[];
  vectors: {count: number; dimensions: number} | null;
  error: string | null;
  events: number;  // 0 if the response was not a stream
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function str(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function parseJson(text: string | null | undefined): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parsePart(value: unknown): Part[] {
  if (typeof value === 'string') return value ? [{kind: 'text', text: value}] : [];
  if (!isObject(value)) return [];
  switch (value.type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return [{kind: 'text', text: str(value.text)}];
    case 'image_url':
      return [{kind: 'image', url: isObject(value.image_url) ? str(value.image_url.url) : str(value.image_url)}];
    case 'image':
      if (isObject(value.source) && value.source.type === 'base64') {
        return [{kind: 'image', url: `data:${str(value.source.media_type)};base64,${str(value.source.data)}`}];
      }
      break;
    case 'refusal':
      return [{kind: 'text', text: str(value.refusal)}];
  }
  return [{kind: 'other', label: str(value.type) || 'part', json: value}];
}

function parseContent(content: unknown): Part[] {
  return Array.isArray(content) ? content.flatMap(parsePart) : parsePart(content);
}

function parseToolCall(value: unknown): ToolCall[] {
  if (!isObject(value)) return [];
  const body = isObject(value.function) ? value.function : isObject(value.custom) ? value.custom : {};
  const given = body.arguments ?? body.input;
  return [{id: str(value.id), name: str(body.name), arguments: typeof given === 'string' ? given : JSON.stringify(given ?? '')}];
}

export function parseTurn(value: unknown): Turn {
  const message = isObject(value) ? value : {};
  const turn: Turn = {
    role: str(message.role) || 'unknown',
    parts: parseContent(message.content),
    toolCalls: list(message.tool_calls).flatMap(parseToolCall),
  };
  if (message.name) turn.name = str(message.name);
  if (message.tool_call_id) turn.toolCallId = str(message.tool_call_id);
  if (message.refusal) turn.refusal = str(message.refusal);
  const reasoning = str(message.reasoning_content) || str(message.reasoning);
  if (reasoning) turn.reasoning = reasoning;
  return turn;
}

const kNotParameters = new Set(['messages', 'tools', 'input', 'model', 'system']);

export function parseRequest(body: string | null | undefined): ParsedRequest {
  const json = parseJson(body);
  const result: ParsedRequest = {kind: 'other', turns: [], inputs: [], tools: [], parameters: []};
  if (!isObject(json)) return result;
  if (Array.isArray(json.messages)) {
    result.kind = 'chat';
    if (json.system) result.turns.push({role: 'system', parts: parseContent(json.system), toolCalls: []});
    result.turns.push(...json.messages.map(parseTurn));
  } else if ('input' in json) {
    result.kind = 'embeddings';
    result.inputs = (Array.isArray(json.input) ? json.input : [json.input]).map(
        (item) => typeof item === 'string' ? item : JSON.stringify(item));
  }
  result.tools = list(json.tools).filter(isObject).map((tool) => {
    const body = isObject(tool.function) ? tool.function : tool;
    return {name: str(body.name) || 'tool', description: str(body.description), json: tool};
  });
  result.parameters = Object.entries(json).filter(([name]) => !kNotParameters.has(name));
  return result;
}

// Puts the pieces of a streamed answer together.
export class ChatAssembler {
  private choices = new Map<number, {turn: Turn; finishReason: string; calls: Map<number, ToolCall>}>();
  error: string | null = null;

  push(chunk: unknown) {
    if (!isObject(chunk)) return;
    if (chunk.error) this.error = errorText(chunk.error);
    for (const value of list(chunk.choices)) {
      if (!isObject(value)) continue;
      const choice = this.choice(typeof value.index === 'number' ? value.index : 0);
      const delta = isObject(value.delta) ? value.delta : isObject(value.message) ? value.message : {};
      if (delta.role) choice.turn.role = str(delta.role);
      this.addText(choice.turn, delta.content);
      const reasoning = str(delta.reasoning_content) || str(delta.reasoning);
      if (reasoning) choice.turn.reasoning = (choice.turn.reasoning ?? '') + reasoning;
      if (delta.refusal) choice.turn.refusal = (choice.turn.refusal ?? '') + str(delta.refusal);
      for (const call of list(delta.tool_calls)) this.addCall(choice.calls, call);
      if (value.finish_reason) choice.finishReason = str(value.finish_reason);
    }
  }

  result(): {turn: Turn; finishReason: string}[] {
    return [...this.choices.entries()].sort(([a], [b]) => a - b).map(([, {turn, finishReason, calls}]) => ({
      turn: {...turn, parts: [...turn.parts], toolCalls: [...calls.entries()].sort(([a], [b]) => a - b).map(([, call]) => ({...call}))},
      finishReason,
    }));
  }

  private choice(index: number) {
    let choice = this.choices.get(index);
    if (!choice) {
      choice = {turn: {role: 'assistant', parts: [], toolCalls: []}, finishReason: '', calls: new Map()};
      this.choices.set(index, choice);
    }
    return choice;
  }

  private addText(turn: Turn, content: unknown) {
    for (const part of parseContent(content)) {
      const last = turn.parts.at(-1);
      if (part.kind === 'text' && last?.kind === 'text') turn.parts[turn.parts.length - 1] = {kind: 'text', text: last.text + part.text};
      else turn.parts.push(part);
    }
  }

  private addCall(calls: Map<number, ToolCall>, value: unknown) {
    if (!isObject(value)) return;
    const index = typeof value.index === 'number' ? value.index : calls.size;
    const call = calls.get(index) ?? {id: '', name: '', arguments: ''};
    const body = isObject(value.function) ? value.function : {};
    calls.set(index, {
      id: call.id || str(value.id),
      name: call.name + str(body.name),
      arguments: call.arguments + str(body.arguments),
    });
  }
}

function errorText(value: unknown): string {
  if (typeof value === 'string') return value;
  return isObject(value) ? str(value.message) || JSON.stringify(value) : 'unknown error';
}

export function parseResponse(body: string | null | undefined): ParsedResponse {
  const result: ParsedResponse = {choices: [], vectors: null, error: null, events: 0};
  if (!body) return result;
  if (looksLikeEventStream(body)) {
    const assembler = new ChatAssembler();
    for (const event of parseEventStream(body)) {
      result.events++;
      if (event.data !== '[DONE]') assembler.push(parseJson(event.data));
    }
    result.choices = assembler.result();
    result.error = assembler.error;
    return result;
  }
  const json = parseJson(body);
  if (!isObject(json)) return result;
  if (json.error) result.error = errorText(json.error);
  result.choices = list(json.choices).filter(isObject).map(
      (choice) => ({turn: parseTurn(choice.message), finishReason: str(choice.finish_reason)}));
  const data = list(json.data);
  const first = isObject(data[0]) ? data[0].embedding : undefined;
  if (first !== undefined) result.vectors = {count: data.length, dimensions: vectorLength(first)};
  return result;
}

// Embeddings come as numbers or as base64 of 32-bit floats.
function vectorLength(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  const text = str(value).replace(/=+$/, '');
  return Math.floor(text.length * 3 / 4 / 4);
}

export function turnText(turn: Turn): string {
  return turn.parts.map((part) => part.kind === 'text' ? part.text : '').join('');
}
