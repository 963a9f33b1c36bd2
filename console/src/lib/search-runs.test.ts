// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {cleanCompare, cleanEvaluations, cleanIds, cleanRun, cleanRuns, idsOf} from './search-runs';

const id = (n: number) => `01987c3e-0000-7000-8000-${String(n).padStart(12, '0')}`;

describe('addresses of runs', () => {
  it('keep what makes sense', () => {
    expect(cleanEvaluations({q: 'golden', owner: 'shared', other: 'x'})).toEqual({q: 'golden', owner: 'shared'});
    expect(cleanRuns({use_case: 'a', evaluation: 'a/evaluation/b', state: 'running', pick: id(1)})).toEqual({use_case: 'a', evaluation: 'a/evaluation/b', state: 'running', pick: id(1)});
    expect(cleanRun({tab: 'cases', metric: 'equals', verdict: 'failed', status: 'error', cell: '0', tag: 't', q: 'x', open: '12'}))
        .toEqual({tab: 'cases', metric: 'equals', verdict: 'failed', status: 'error', cell: '0', tag: 't', q: 'x', open: '12'});
    expect(cleanCompare({runs: `${id(1)},${id(2)}`, show: 'worse', metric: 'equals'})).toEqual({runs: `${id(1)},${id(2)}`, show: 'worse', metric: 'equals'});
  });
  it('leave out what does not, and what a page begins with', () => {
    expect(cleanRuns({state: 'ended', pick: 'nonsense'})).toEqual({});
    expect(cleanRun({tab: 'metrics', verdict: 'perhaps', status: 'limited', cell: '-1', open: 'x'})).toEqual({});
    expect(cleanCompare({runs: '', show: 'differ'})).toEqual({});
  });
  it('hold each run once, and no more than can be compared', () => {
    expect(cleanIds(`${id(1)}, ${id(1).toUpperCase()},../x,${id(2)}`)).toBe(`${id(1)},${id(2)}`);
    expect(idsOf(cleanIds(Array.from({length: 9}, (_, i) => id(i)).join(',')))).toHaveLength(6);
    expect(idsOf(undefined)).toEqual([]);
  });
});
