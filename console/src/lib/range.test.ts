// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {cleanRange, isLive, rangePhrase, resolveRange, toLocalInput, zoomRange} from './range';

describe('ranges', () => {
  const now = new Date('2025-06-01T12:00:00.000Z');
  it('resolves presets against the clock', () => {
    expect(resolveRange({}, now)).toEqual({from: new Date('2025-06-01T11:00:00Z'), to: now});
    expect(resolveRange({range: '7d'}, now).from).toEqual(new Date('2025-05-25T12:00:00Z'));
  });
  it('keeps what makes sense', () => {
    expect(cleanRange({range: '24h'})).toEqual({range: '24h'});
    expect(cleanRange({range: '1h'})).toEqual({});
    expect(cleanRange({range: 'yesterday'})).toEqual({});
    expect(cleanRange({from: '2025-06-01T10:00:00Z', to: '2025-06-01T11:00:00Z', range: '7d'}))
        .toEqual({from: '2025-06-01T10:00:00.000Z', to: '2025-06-01T11:00:00.000Z'});
    expect(cleanRange({from: '2025-06-01T11:00:00Z', to: '2025-06-01T10:00:00Z'})).toEqual({});
    expect(cleanRange({from: 'x', to: 'y', range: '6h'})).toEqual({range: '6h'});
  });
  it('only presets move', () => {
    expect(isLive({range: '7d'})).toBe(true);
    expect(isLive({from: 'a', to: 'b'})).toBe(false);
  });
  it('zooms to whole minutes, whichever way one drags', () => {
    const a = Date.parse('2025-06-01T10:00:30Z');
    const b = Date.parse('2025-06-01T10:05:10Z');
    const wanted = {from: '2025-06-01T10:00:00.000Z', to: '2025-06-01T10:06:00.000Z'};
    expect(zoomRange(a, b)).toEqual(wanted);
    expect(zoomRange(b, a)).toEqual(wanted);
    expect(zoomRange(a, a)).toEqual({from: '2025-06-01T10:00:00.000Z', to: '2025-06-01T10:01:00.000Z'});
    const whole = Date.parse('2025-06-01T10:00:00Z');
    expect(zoomRange(whole, whole)).toEqual({from: '2025-06-01T10:00:00.000Z', to: '2025-06-01T10:01:00.000Z'});
  });
  it('speaks', () => {
    expect(rangePhrase({})).toBe('in the last hour');
    expect(rangePhrase({range: '30d'})).toBe('in the last 30 days');
    expect(rangePhrase({from: '2025-06-01T10:00:00Z', to: '2025-06-02T10:00:00Z'})).toMatch(/^between .+ and .+$/);
  });
  it('fills local inputs that read back to the same minute', () => {
    const at = new Date('2025-03-04T05:06:00Z');
    expect(new Date(toLocalInput(at))).toEqual(at);
  });
});
