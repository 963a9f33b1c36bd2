// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {tokenizeJson} from './json-tokens';
import {assistantMessage, buildRequest, kNoSettings, readRequest, toolsProblem} from './playground';
import {decodeShared, encodeShared} from './share';
import {slugProblem} from './slug';
import {sparkPaths} from './spark';
import {timingSegments, tokensPerSecond} from './timing';

describe('JSON colours', () => {
  it('keeps the text and tells keys from values', () => {
    const text = JSON.stringify({'a "b"': ['x: y', -1500, true, null, '7']}, null, 2);
    const tokens = tokenizeJson(text);
    expect(tokens.map((t) => t.text).join('')).toBe(text);
    expect(tokens.filter((t) => t.kind).map((t) => `${t.kind}${t.text}`)).toEqual(['k"a \\"b\\""', 's"x: y"', 'n-1500', 'wtrue', 'wnull', 's"7"']);
  });
  it('keeps any other text as well', () => {
    for (const text of ['', 'data: {"a": 1}\n\ndata: [DONE]\n', '"unclosed', '\\"\\\\', '"'.repeat(5001)]) {
      expect(tokenizeJson(text).map((t) => t.text).join('')).toBe(text);
    }
  });
});

describe('timing', () => {
  const sum = (t: Parameters<typeof timingSegments>[0]) => timingSegments(t).reduce((total, s) => total + s.length_ms, 0);
  it('cuts a stream', () => {
    const timing = {duration_ms: 1000, queue_ms: 2, connect_ms: 20, first_token_ms: 300, upstream_ms: 990};
    expect(timingSegments(timing).map((s) => [s.kind, s.length_ms])).toEqual([['queue', 2], ['connect', 20], ['wait', 278], ['stream', 700]]);
  });
  it('cuts a plain answer', () => {
    const timing = {duration_ms: 500, queue_ms: 1, connect_ms: 0, first_token_ms: null, upstream_ms: 498};
    expect(timingSegments(timing).map((s) => s.kind)).toEqual(['queue', 'provider', 'finish']);
    expect(sum(timing)).toBeCloseTo(500);
  });
  it('always adds up to the duration, also when clocks disagree or nothing is known', () => {
    for (const timing of [
      {duration_ms: 5, queue_ms: null, connect_ms: null, first_token_ms: null, upstream_ms: null},
      {duration_ms: 100, queue_ms: 3, connect_ms: 200, first_token_ms: 50, upstream_ms: 400},
      {duration_ms: 100, queue_ms: 3, connect_ms: null, first_token_ms: 100.4, upstream_ms: null},
    ]) {
      expect(sum(timing)).toBeCloseTo(timing.duration_ms);
    }
    expect(timingSegments({duration_ms: 0, queue_ms: 0, connect_ms: 0, first_token_ms: null, upstream_ms: null})).toEqual([]);
  });
  it('measures speed only where it means something', () => {
    const timing = {duration_ms: 1100, queue_ms: 0, connect_ms: 0, first_token_ms: 100, upstream_ms: null};
    expect(tokensPerSecond(timing, 101)).toBeCloseTo(100);
    expect(tokensPerSecond(timing, null)).toBeNull();
    expect(tokensPerSecond({...timing, first_token_ms: null}, 50)).toBeNull();
    expect(tokensPerSecond({...timing, first_token_ms: 1099}, 50)).toBeNull();
  });
});

describe('the playground', () => {
  const settings = {...kNoSettings, environment: 'dev', model: 'm', system: 'Be kind', temperature: 0, maxTokens: 5, tools: '[{"type": "function", "function": {"name": "f"}}]'};
  const messages = [{role: 'user', content: 'hi'}, assistantMessage('', [{id: 'c', name: 'f', arguments: '{}'}])];
  it('builds a request and reads it back', () => {
    const request = buildRequest(settings, messages);
    expect(request).toMatchObject({model: 'm', temperature: 0, max_completion_tokens: 5, stream: true});
    expect(request).not.toHaveProperty('top_p');
    expect((request.messages as unknown[])[0]).toEqual({role: 'system', content: 'Be kind'});
    const read = readRequest(request, 'dev');
    expect(read.messages).toEqual(messages);
    expect(buildRequest(read.settings, read.messages)).toEqual(request);
  });
  it('says what is wrong with tools', () => {
    expect(toolsProblem('')).toBeNull();
    expect(toolsProblem(settings.tools)).toBeNull();
    expect(toolsProblem('{}')).toContain('list');
    expect(toolsProblem('[{"type": "function"}, {}]')).toContain('Tool 2');
    expect(toolsProblem('[')).toBeTruthy();
  });
  it('shares by link, in any script', () => {
    const shared = {environment: 'dev', request: buildRequest(settings, [{role: 'user', content: 'ü 日本 🚢 +/='}])};
    const text = encodeShared(shared);
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decodeShared(text)).toEqual(shared);
  });
  it.each(['', '!!!', 'AAAA', btoa('null'), btoa('{}'), btoa('{"request": []}'), btoa('"\xff"')])('refuses the link %s', (text) => {
    expect(decodeShared(text)).toBeNull();
  });
});

describe('slugs', () => {
  it.each(['a', 'support-assistant', 'x9', 'a'.repeat(63)])('%s is one', (slug) => expect(slugProblem(slug)).toBeNull());
  it.each(['', '9a', '-a', 'A', 'a_b', 'a b', 'ä', 'a'.repeat(64)])('%s is none', (slug) => expect(slugProblem(slug)).toBeTruthy());
});

describe('sparklines', () => {
  it('breaks the line at gaps and stays inside the box', () => {
    const {line, area} = sparkPaths([1, 2, null, 4, 0], 120, 28);
    expect(line.match(/M/g)).toHaveLength(2);
    expect(area.match(/Z/g)).toHaveLength(2);
    for (const [, , y] of line.matchAll(/[ML]([\d.]+) ([\d.]+)/g)) expect(Number(y)).toBeLessThanOrEqual(28);
  });
  it('draws a dot for a value without neighbours', () => {
    const {line, dots} = sparkPaths([null, 5, null, 1, 2], 100, 10);
    expect(line).toBe('M75 8.2L100 6.4');
    expect(dots).toBe('M25 1L25 1');
  });
  it('draws nothing of nothing', () => {
    expect(sparkPaths([], 10, 10)).toEqual({line: '', area: '', dots: ''});
    expect(sparkPaths([null, null], 10, 10).line).toBe('');
    expect(sparkPaths([0, 0], 10, 10).line).not.toContain('NaN');
    expect(sparkPaths([5], 10, 10).line).not.toContain('NaN');
  });
});
