// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {tokenRows} from './token-rows';

const usage = {input: 10, cache_read: null, cache_write: 500, output: 0, reasoning: 0, audio_input: null, audio_output: null, estimated: false};
const line = (name: string, tokens: number) => ({class: name, tokens, usd_per_million: '1', usd: '0.1'});

describe('tokenRows', () => {
  it('leaves out classes that were not used, but never input and output', () => {
    expect(tokenRows({usage, cost_lines: []}).map((row) => [row.name, row.count])).toEqual([['input', 10], ['cache_write', 500], ['output', 0]]);
  });

  it('tells apart what was written for an hour', () => {
    const rows = tokenRows({usage, cost_lines: [line('cache_write', 100), line('cache_write_1h', 400)]});
    expect(rows.map((row) => [row.label, row.count])).toEqual([['Input', 10], ['Cache write', 100], ['Cache write (1 h)', 400], ['Output', 0]]);
    expect(rows[1]!.line?.tokens).toBe(100);
    expect(tokenRows({usage, cost_lines: [line('cache_write_1h', 500)]}).map((row) => row.label)).toEqual(['Input', 'Cache write (1 h)', 'Output']);
  });

  it('shows tokens without a price', () => {
    expect(tokenRows({usage, cost_lines: undefined}).every((row) => row.line === undefined)).toBe(true);
  });
});
