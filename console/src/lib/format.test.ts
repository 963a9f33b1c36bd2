// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {change, formatAgo, formatBytes, formatCount, formatDuration, formatPercent, formatUsd, plural} from './format';

describe('numbers', () => {
  it.each([[0, '0'], [12431, '12,431'], [99999, '99,999'], [1234567, '1.2M'], [null, '–']])('counts %s', (n, text) => {
    expect(formatCount(n)).toBe(text);
  });
  it.each([[0, '0 %'], [0.002, '0.2 %'], [0.0036, '0.36 %'], [0.0517, '5.2 %'], [0.5, '50 %'], [1, '100 %'], [0.00001, '< 0.01 %'], [null, '–'], [NaN, '–']])(
      'percentages %s', (n, text) => expect(formatPercent(n)).toBe(text));
  it.each([
    [0, '0 ms'], [0.4, '400 µs'], [1.25, '1.3 ms'], [9.96, '10 ms'], [42.4, '42 ms'], [999, '999 ms'], [999.7, '1 s'], [1890, '1.89 s'], [9996, '10 s'], [12345, '12.3 s'],
    [59_960, '1 min 00 s'], [61_000, '1 min 01 s'], [3_600_000, '1 h 00 min'], [3_599_700, '1 h 00 min'], [200_000_000, '2 d 7 h'], [null, '–'],
  ])('durations %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
  it.each([
    ['0', '$0'], ['0.000000000', '$0'], ['0.000123450', '$0.00012'], ['0.5', '$0.50'], ['0.055', '$0.055'], ['0.1234', '$0.12'], ['1', '$1.00'], ['1234.5', '$1,234.50'],
    ['1234567', '$1.2M'], [null, '–'], ['', '–'], ['not a number', '–'],
  ])('money %s', (value, text) => expect(formatUsd(value)).toBe(text));
  it('bytes', () => {
    expect(formatBytes(0)).toBe('0 B');
    expect(formatBytes(1536)).toBe('1.5 KiB');
    expect(formatBytes(10 * 1024 * 1024)).toBe('10 MiB');
  });
  it('one and many', () => {
    expect(plural(1, 'call')).toBe('1 call');
    expect(plural(0, 'call')).toBe('0 calls');
  });
});

describe('ages', () => {
  const now = Date.parse('2025-06-01T12:00:00Z');
  it.each([
    ['2025-06-01T11:59:50Z', 'just now'], ['2025-06-01T11:59:10Z', '50 s ago'], ['2025-06-01T11:57:00Z', '3 min ago'], ['2025-06-01T02:00:00Z', '10 h ago'], ['2025-05-20T12:00:00Z', '12 d ago'],
    ['2025-06-03T12:00:00Z', 'in 2 d'], [null, 'never'],
  ])('%s', (iso, text) => expect(formatAgo(iso, now)).toBe(text));
});

describe('changes', () => {
  it('compares in percent', () => {
    expect(change(113, 100, 'relative')).toEqual({direction: 'up', text: '13 %'});
    expect(change(95.5, 100, 'relative')).toEqual({direction: 'down', text: '4.5 %'});
    expect(change(100.2, 100, 'relative')).toEqual({direction: 'same', text: 'unchanged'});
    expect(change(5000, 100, 'relative')).toEqual({direction: 'up', text: '× 50'});
  });
  it('compares rates in points', () => expect(change(0.021, 0.005, 'points')).toEqual({direction: 'up', text: '1.6 pts'}));
  it('says nothing where there is nothing to compare with', () => {
    expect(change(1, null, 'relative')).toBeNull();
    expect(change(null, 1, 'relative')).toBeNull();
    expect(change(1, 0, 'relative')).toBeNull();
  });
  it('zero stays zero', () => expect(change(0, 0, 'relative')?.direction).toBe('same'));
});
