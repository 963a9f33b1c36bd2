// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {EventStreamParser, looksLikeEventStream, parseEventStream} from './sse';

const kStream = ': hello\r\n\r\nevent: a\r\ndata: one\r\ndata:two\r\nid: 7\r\n\r\ndata: {"x": "a: b"}\n\nretry: 10\ndata\n\r\ndata: last';

describe('event streams', () => {
  const wanted = [
    {event: 'a', data: 'one\ntwo', id: '7'},
    {event: 'message', data: '{"x": "a: b"}', id: '7'},
    {event: 'message', data: '', id: '7'},
    {event: 'message', data: 'last', id: '7'},
  ];
  it('reads every kind of line end, comments, many data lines and an unfinished event', () => {
    expect(parseEventStream(kStream)).toEqual(wanted);
  });
  it('gives the same however the pieces fall', () => {
    for (let size = 1; size <= kStream.length; size++) {
      const parser = new EventStreamParser();
      const events = [];
      for (let at = 0; at < kStream.length; at += size) events.push(...parser.push(kStream.slice(at, at + size)));
      events.push(...parser.finish());
      expect(events).toEqual(wanted);
    }
  });
  it('tells a stream from JSON', () => {
    expect(looksLikeEventStream('data: {}\n\n')).toBe(true);
    expect(looksLikeEventStream(': keep-alive\n\n')).toBe(true);
    expect(looksLikeEventStream('{"data": 1}')).toBe(false);
    expect(looksLikeEventStream('')).toBe(false);
  });
});
