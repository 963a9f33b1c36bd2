// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {actionText, cleanAudit, detailParts, differences, sinceTime, summary} from './audit';

describe('the address of the audit page', () => {
  it('keeps what makes sense', () => {
    expect(cleanAudit({q: ' ', actor: 'anna', action: 'release.*', since: '7d', open: '12', page: '3'})).toEqual({actor: 'anna', action: 'release.*', since: '7d', open: '12'});
    expect(cleanAudit({since: 'yesterday', open: 'x1', object: 7})).toEqual({});
  });
  it('turns an age into a time', () => {
    expect(sinceTime('1d', Date.UTC(2026, 10, 25))).toBe('2026-11-24T00:00:00.000Z');
    expect(sinceTime(undefined)).toBeUndefined();
  });
});

describe('differences', () => {
  it('tells what came and what went in a list', () => {
    expect(differences(['viewer', 'data'], ['data', 'approver'])).toEqual([
      {path: '', before: 'viewer', after: null}, {path: '', before: null, after: 'approver'},
    ]);
  });
  it('goes into objects and leaves out what is the same', () => {
    expect(differences({a: 1, b: {c: 'x', d: true}}, {a: 1, b: {c: 'y', d: true}, e: null})).toEqual([{path: 'b.c', before: 'x', after: 'y'}, {path: 'e', before: null, after: null}]);
  });
  it('shows a changed order or a list of objects whole', () => {
    expect(differences([1, 2], [2, 1])).toEqual([{path: '', before: '[1,2]', after: '[2,1]'}]);
    expect(differences([{a: 1}], [{a: 2}])).toEqual([{path: '', before: '[{"a":1}]', after: '[{"a":2}]'}]);
  });
});

describe('a line of the list', () => {
  it('says the change, else the facts without the id', () => {
    expect(summary({id: '1', name: 'Anna', before: ['viewer'], after: ['data']})).toBe('− viewer, + data');
    expect(summary({id: '1', method: 'password', further_failures_before: 2})).toBe('method password, further failures before 2');
    expect(summary({})).toBe('');
    expect(detailParts({before: null, after: {percent: 10}, reason: 'x'})).toEqual({changes: [{path: '', before: null, after: '{"percent":10}'}], facts: [['reason', 'x']]});
  });
  it('has words for actions it does not know', () => {
    expect(actionText('release.promote_all')).toBe('release: promote all');
  });
});
