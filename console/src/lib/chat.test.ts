// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {ChatAssembler, parseRequest, parseResponse, turnText} from './chat';

const sse = (...chunks: unknown[]) => chunks.map((c) => `data: ${typeof c === 'string' ? c : JSON.stringify(c)}\n\n`).join('');
const delta = (value: unknown, finish_reason: string | null = null, index = 0) => ({choices: [{index, delta: value, finish_reason}]});

describe('streamed answers', () => {
  it('puts text, reasoning and the reason of the end together', () => {
    const body = sse(delta({role: 'assistant', content: ''}), delta({reasoning_content: 'Let me '}), delta({reasoning_content: 'think.'}), delta({content: 'Hel'}), delta({content: 'lo'}),
                     delta({}, 'stop'), {choices: [], usage: {prompt_tokens: 3}}, '[DONE]');
    const {choices, events, error} = parseResponse(body);
    expect(events).toBe(8);
    expect(error).toBeNull();
    expect(choices).toHaveLength(1);
    expect(turnText(choices[0]!.turn)).toBe('Hello');
    expect(choices[0]!.turn.parts).toHaveLength(1);
    expect(choices[0]!.turn.reasoning).toBe('Let me think.');
    expect(choices[0]!.finishReason).toBe('stop');
  });
  it('joins parallel tool calls by their index', () => {
    const call = (index: number, id: string | undefined, name: string | undefined, text: string) =>
      delta({tool_calls: [{index, ...(id ? {id, type: 'function'} : {}), function: {...(name ? {name} : {}), arguments: text}}]});
    const body = sse(call(0, 'c0', 'weather', ''), call(1, 'c1', 'time', ''), call(0, undefined, undefined, '{"city":'), call(1, undefined, undefined, '{"zone":"CET"}'),
                     call(0, undefined, undefined, '"Oslo"}'), delta({}, 'tool_calls'), '[DONE]');
    expect(parseResponse(body).choices[0]!.turn.toolCalls).toEqual([
      {id: 'c0', name: 'weather', arguments: '{"city":"Oslo"}'}, {id: 'c1', name: 'time', arguments: '{"zone":"CET"}'},
    ]);
  });
  it('keeps several choices apart and in order', () => {
    const body = sse(delta({content: 'b'}, null, 1), delta({content: 'a'}, null, 0), delta({content: 'B'}, null, 1));
    expect(parseResponse(body).choices.map((c) => turnText(c.turn))).toEqual(['a', 'bB']);
  });
  it('shows what came before a cut, a broken line and the error event', () => {
    const body = sse(delta({content: 'par'}), '{"choices": [{"ind', {error: {message: 'The provider ended its stream early', code: 'upstream_cut'}}) + 'data: {"choices":[{"index":0,"delta":{"content":"t"}}]}';
    const parsed = parseResponse(body);
    expect(turnText(parsed.choices[0]!.turn)).toBe('part');
    expect(parsed.error).toBe('The provider ended its stream early');
  });
  it('hands out copies: a shown turn does not change under React', () => {
    const assembler = new ChatAssembler();
    assembler.push(delta({content: 'a'}));
    const first = assembler.result()[0]!.turn;
    assembler.push(delta({content: 'b'}));
    expect(turnText(first)).toBe('a');
    expect(turnText(assembler.result()[0]!.turn)).toBe('ab');
  });
});

describe('plain answers', () => {
  it('reads a completion', () => {
    const {choices, events} = parseResponse(JSON.stringify({choices: [{message: {role: 'assistant', content: 'Hi', refusal: null}, finish_reason: 'length'}]}));
    expect(events).toBe(0);
    expect(turnText(choices[0]!.turn)).toBe('Hi');
    expect(choices[0]!.turn.refusal).toBeUndefined();
    expect(choices[0]!.finishReason).toBe('length');
  });
  it('reads an error', () => expect(parseResponse('{"error": {"message": "No such model"}}').error).toBe('No such model'));
  it('measures embeddings given as numbers or as base64', () => {
    expect(parseResponse(JSON.stringify({data: [{embedding: [1, 2, 3]}, {embedding: [4, 5, 6]}]})).vectors).toEqual({count: 2, dimensions: 3});
    for (const dimensions of [1, 2, 3, 256, 1536]) {
      const embedding = Buffer.from(new Float32Array(dimensions).buffer).toString('base64');
      expect(parseResponse(JSON.stringify({data: [{embedding}]})).vectors).toEqual({count: 1, dimensions});
    }
  });
  it.each([null, undefined, '', 'not json', '[]', '42', 'null', '{"choices": 7}', '{"choices": [null, 3]}'])('survives %s', (body) => {
    expect(parseResponse(body)).toMatchObject({choices: [], error: null});
  });
});

describe('requests', () => {
  it('reads messages with images, tool calls and tool results', () => {
    const request = parseRequest(JSON.stringify({
      model: 'm', temperature: 0.5,
      messages: [
        {role: 'system', content: 'Be brief'},
        {role: 'user', name: 'ann', content: [{type: 'text', text: 'Look'}, {type: 'image_url', image_url: {url: 'data:image/png;base64,AA'}}, {type: 'input_audio', input_audio: {}}]},
        {role: 'assistant', content: null, tool_calls: [{id: 'c', type: 'function', function: {name: 'f', arguments: '{}'}}]},
        {role: 'tool', tool_call_id: 'c', content: 'done'},
      ],
      tools: [{type: 'function', function: {name: 'f', description: 'does'}}],
    }));
    expect(request.kind).toBe('chat');
    expect(request.turns.map((t) => t.role)).toEqual(['system', 'user', 'assistant', 'tool']);
    expect(request.turns[1]!.parts.map((p) => p.kind)).toEqual(['text', 'image', 'other']);
    expect(request.turns[2]!.parts).toEqual([]);
    expect(request.turns[2]!.toolCalls[0]).toEqual({id: 'c', name: 'f', arguments: '{}'});
    expect(request.turns[3]!.toolCallId).toBe('c');
    expect(request.tools[0]).toMatchObject({name: 'f', description: 'does'});
    expect(request.parameters).toEqual([['temperature', 0.5]]);
  });
  it('reads embeddings', () => {
    expect(parseRequest('{"model": "e", "input": ["a", "b"]}')).toMatchObject({kind: 'embeddings', inputs: ['a', 'b']});
    expect(parseRequest('{"model": "e", "input": "a"}').inputs).toEqual(['a']);
  });
  it.each([null, '', 'x', '[]', '{"messages": [null, 4, "x"]}'])('survives %s', (body) => {
    expect(() => parseRequest(body)).not.toThrow();
  });
});
