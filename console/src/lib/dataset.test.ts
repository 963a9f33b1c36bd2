// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {caseOf, changedFields, cleanCases, draftOf, inALine, kEmptyDraft, largest, shapeOf} from './dataset';

describe('a case in a line', () => {
  it('is its text, its only variable, its last message', () => {
    expect(inALine('Where is\n  it?')).toBe('Where is it?');
    expect(inALine({question: 'Where?'})).toBe('Where?');
    expect(inALine({question: 'Where?', tone: 'kind'})).toBe('question: Where?, tone: kind');
    expect(inALine([{role: 'system', content: 'Be kind'}, {role: 'user', content: [{type: 'text', text: 'Where?'}]}])).toContain('Where?');
    expect(inALine(undefined)).toBe('');
    expect(inALine(12)).toBe('12');
  });
});

describe('a form of a case', () => {
  it('gives back what it was made from', () => {
    for (const one of [
      {id: 'a', input: 'Where?', expected: 'Here', tags: ['x'], split: 'test', cluster: 'c', provenance: {from: 'me'}},
      {id: 'b', input: [{role: 'user', content: 'Where?'}], expected: {place: 'here'}},
      {id: 'c', input: {question: 'Where?'}, context: ['one', 'two'], metadata: {n: 1}},
    ]) {
      expect(caseOf(draftOf(one), one)).toEqual(one);
      expect(draftOf(one).shape).toBe(shapeOf(one.input));
    }
  });
  it('takes fields away that were emptied, and leaves those it does not show', () => {
    const one = {id: 'a', input: 'x', expected: 'y', tags: ['t'], split: 's', metadata: {n: 1}};
    expect(caseOf({...draftOf(one), expected: ' ', tags: [], split: ''}, one)).toEqual({id: 'a', input: 'x', metadata: {n: 1}});
  });
  it('says what is wrong', () => {
    expect(caseOf(kEmptyDraft)).toContain('what goes in');
    expect(caseOf({...kEmptyDraft, shape: 'variables', input: '{'})).toContain('no JSON');
    expect(caseOf({...kEmptyDraft, shape: 'variables', input: '[]'})).toContain('map of names');
    expect(caseOf({...kEmptyDraft, shape: 'messages', input: '[{"content": "x"}]'})).toContain('role');
  });
});

it('largest counts come first', () => {
  expect(largest({a: 1, b: 3, c: 3}, 2)).toEqual({shown: [['b', 3], ['c', 3]], more: 1});
});

it('changed fields are named', () => {
  expect(changedFields({input: 'a', tags: ['x']}, {input: 'b', tags: ['x'], split: 's'})).toEqual(['input', 'split']);
});

it('the address keeps what it knows', () => {
  expect(cleanCases({tag: 'x', q: ' ', open: 'id', other: 1})).toEqual({tag: 'x', open: 'id'});
});
