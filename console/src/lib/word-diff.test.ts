// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {nearest, wordDiff} from './word-diff';

const side = (parts: {op: string; text: string}[] | null, without: string) => parts?.filter(({op}) => op !== without).map(({text}) => text).join('');

describe('two texts, word by word', () => {
  it('give both texts back, and mark only what differs', () => {
    const before = 'Refunds take up to 30 days, in any shop.';
    const after = 'Refunds take at most 14 days, in any shop.';
    const {parts} = wordDiff(before, after);
    expect(side(parts, 'insert')).toBe(before);
    expect(side(parts, 'delete')).toBe(after);
    expect(parts?.filter(({op}) => op === 'delete').map(({text}) => text.trim()).join(' ')).toContain('30');
    expect(parts?.some(({op, text}) => op === 'equal' && text.includes('in any shop'))).toBe(true);
  });
  it('that are equal have no marks', () => {
    expect(wordDiff('the same', 'the same').parts).toEqual([{op: 'equal', text: 'the same'}]);
    expect(wordDiff('', '').parts).toEqual([]);
  });
  it('are left alone where marks would say nothing', () => {
    expect(wordDiff('Within thirty days.', 'Please call our office tomorrow morning')).toMatchObject({parts: null, why: expect.stringContaining('next to nothing') as string});
    expect(wordDiff('a'.repeat(40_000), 'b'.repeat(40_000))).toMatchObject({parts: null, why: expect.stringContaining('too long') as string});
  });
});

it('of several good answers the nearest is compared', () => {
  expect(nearest(['In 30 days', 'Ask the shop', 'Never'], 'You may ask in the shop')).toBe('Ask the shop');
  expect(nearest(['only'], 'x')).toBe('only');
  expect(nearest([], 'x')).toBe('');
});
