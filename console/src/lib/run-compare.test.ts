// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import type {RunDetail, RunResult} from '../api/runs';
import {
  answerText, casesOf, changedFor, costAnAnswer, differenceOf, differs, directionOf, isScore, latencyOf, leadersOf, measureOf, metricNames, metricOf, rangeOf, saidOnce, shownCases, variantsOf, whyNotPaired,
} from './run-compare';

const metric = (name: string, mean: number) => ({metric: name, scored: 10, passed: 5, failed: 5, errors: 0, mean, pass_rate: 0.5});
function run(id: string, cells: string[], dataset: Record<string, unknown> = {asset: 'shop/dataset/golden', version: 1, digest: 'd1'}): RunDetail {
  return {
    id, use_case: 'shop', evaluation: 'shop/evaluation/golden', evaluation_version: 1, environment: 'dev', target: 't', state: 'finished', outcome: 'complete', reason: '', planned: 1, done: 1, errors: 0,
    missing: 0, calls: 1, limited: 0, unpriced_calls: 0, cost_usd: '1', input_tokens: 0, output_tokens: 0, created_at: '', started_at: null, ended_at: null, author: '', digest: null,
    cancel_requested: false, progress: null, definition: {dataset, metrics: [{metric: 'equals'}, {metric: 'latency'}]},
    cells: cells.map((label) => ({label, done: 4, errors: 0, mean_latency_ms: 1, cost_usd: '1.000000000', metrics: [metric('equals', 0.5), metric(`only-${id}`, 1)]})),
  };
}
const result = (number: number, answer: string | null, value: number, more: Partial<RunResult> = {}): RunResult => ({
  item: number, status: answer === null ? 'error' : 'ok', case: `c${number}`, number, cell: 0, repeat: 0, latency_ms: 100, attempts: 1, cost_usd: '0.5',
  ...(answer === null ? {error: {code: 'upstream', message: 'down'}} : {answer, scores: [{metric: 'equals', value, passed: value === 1}]}), ...more,
});

describe('what is compared', () => {
  it('is every variant of every run, as many as can be read', () => {
    const {variants, leftOff} = variantsOf([run('a', ['x', '']), run('b', ['y'])]);
    expect(variants.map(({key, run: {id}, cell, label}) => `${key} ${id} ${cell} ${label}`)).toEqual(['A a 0 x', 'B a 1 t', 'C b 0 y']);
    expect(leftOff).toBe(0);
    expect(variantsOf([run('a', Array<string>(20).fill('x'))])).toMatchObject({leftOff: 8});
    expect(metricNames(variants)).toEqual(['equals', 'only-a', 'only-b']);
    expect(metricOf(variants[2]!, 'only-a')).toBeUndefined();
    expect(costAnAnswer(variants[0]!)).toBe(0.25);
    expect(latencyOf(variants[0]!)).toBe(1);
    expect([isScore(variants, 'equals'), isScore(variants, 'latency')]).toEqual([true, false]);
  });
  it('goes case by case only on the same cases', () => {
    const first = run('a', ['x']);
    expect(whyNotPaired(first, run('b', ['x'], {asset: 'shop/dataset/golden', version: 9, digest: 'd1'}))).toBeNull();
    expect(whyNotPaired(first, run('b', ['x'], {asset: 'shop/dataset/golden', version: 2, digest: 'd2'}))).toBe('they ask different versions of golden: 1 and 2');
    expect(whyNotPaired(first, run('b', ['x'], {asset: 'shop/dataset/other', version: 1, digest: 'd3'}))).toBe('they ask different cases: golden and other');
    expect(whyNotPaired(first, run('b', ['x'], {}))).toContain('not known');
  });
});

describe('case by case', () => {
  const runs = [run('a', ['x']), run('b', ['x'])];
  const {variants} = variantsOf(runs);
  const table = (a: RunResult[], b: RunResult[]) => casesOf(variants, new Map([['a', a], ['b', b]]));

  it('cases are matched by name, in the order of the dataset, repeats averaged', () => {
    const cases = table([result(1, 'x', 1), result(0, 'y', 0)], [result(0, 'y', 0), result(0, 'z', 1, {repeat: 1, item: 9, cost_usd: undefined}), result(2, null, 0)]);
    expect(cases.map(({id, by}) => `${id} ${by.map((one) => one ? one.answers : '-').join(' ')}`)).toEqual(['c0 1 2', 'c1 1 -', 'c2 - 0']);
    const b = cases[0]!.by[1]!;
    expect(b.scores.get('equals')).toEqual({value: 0.5, passed: 0.5});
    expect(measureOf(b, 'latency')).toBe(100);
    expect(measureOf(b, 'cost')).toBeNull();
    expect(measureOf(cases[2]!.by[1], {metric: 'equals', of: 'value'})).toBeNull();
    expect(measureOf(null, 'cost')).toBeNull();
  });
  it('the difference is of cases that both have, with its interval', () => {
    const values = [[0, 1], [0, 1], [1, 1], [0, 0], [1, 1], [0, 1], [0, 1], [0, 1], [1, 1], [0, 1], [0, 0], [0, 1]];
    const cases = table(values.map(([v], i) => result(i, 'x', v!)), [...values.map(([, v], i) => result(i, 'y', v!)), result(99, 'z', 1)]);
    const got = differenceOf(cases, 1, {metric: 'equals', of: 'value'}, true);
    // By hand: a mean of 7/12, a deviation of 0.5149, and 2.200985 of them for 11 degrees of freedom.
    expect(got).toMatchObject({count: 12, method: 't'});
    expect(got.mean).toBeCloseTo(7 / 12, 12);
    expect(got.interval!.low).toBeCloseTo(0.2561632776, 8);
    expect(got.interval!.high).toBeCloseTo(0.9105033890, 8);
    expect(directionOf(got)).toBe('higher');
    expect(directionOf(differenceOf(cases, 1, 'latency', false))).toBe('open');
  });
  it('what only rounding tells apart is no difference', () => {
    const cases = table([0.1 + 0.2, 0.7, 0.3].map((v, i) => result(i, 'x', v)), [0.3, 0.7, 0.1 + 0.2].map((v, i) => result(i, 'x', v)));
    expect(differenceOf(cases, 1, {metric: 'equals', of: 'value'}, false)).toMatchObject({mean: 0, interval: null});
  });
  it('cases that belong together are one observation each', () => {
    const of = (n: number, value: number) => result(n, 'x', value, {cluster: `k${n % 3}`});
    const cases = table(Array.from({length: 12}, (_, i) => of(i, 0)), Array.from({length: 12}, (_, i) => of(i, i % 3 === 0 ? 1 : i % 2)));
    expect(differenceOf(cases, 1, {metric: 'equals', of: 'passed'}, true).method).toBe('clustered');
  });
  it('answers that differ are found, also where only scores are kept', () => {
    const cases = table([result(0, 'same', 1), result(1, 'x', 1), result(2, 'x', 1, {answer: undefined}), result(3, 'x', 1), result(4, 'x', 0)],
                        [result(0, 'same', 1), result(1, 'y', 1), result(2, 'x', 0, {answer: undefined}), result(3, null, 0), result(4, 'x', 1)]);
    expect(cases.map(differs)).toEqual([false, true, true, true, true]);
    expect(shownCases(cases, 'all', undefined)).toHaveLength(5);
    expect(shownCases(cases, 'better', undefined).map(({id}) => id)).toEqual(['c4']);
    expect(shownCases(cases, 'worse', 'equals').map(({id}) => id)).toEqual(['c2']);
    expect(changedFor(cases[2]!, 'worse', 'other')).toBe(false);
    expect(answerText(result(0, null, 0))).toBeNull();
    expect(answerText(result(0, '', 0, {message: {tool_calls: []}}))).toContain('tool_calls');
  });
});

it('the same said of several is said once', () => {
  expect(saidOnce([{key: 'B', is: 'equal'}, {key: 'C', is: 'higher'}, {key: 'D', is: 'equal'}, {key: 'E', is: 'equal'}])).toEqual(['B, D and E are equal', 'C is higher']);
});

it('an axis leaves room, and none where no value can be', () => {
  expect(rangeOf({values: [1, 2, null]})).toEqual([0.85, 2.15]);
  expect(rangeOf({values: [0.5, 1], most: 1})).toEqual([0.425, 1]);
  const [low, high] = rangeOf({values: [0.1 + 0.2, 0.3]});
  expect([low, high].map((value) => value.toFixed(2))).toEqual(['0.27', '0.33']);
  expect(rangeOf({values: [0, 0]})[0]).toBe(0);
});

it('the plot is a sentence too', () => {
  const axis = (name: string, values: (number | null)[], lowerIsBetter = false) => ({name, values, lowerIsBetter, format: String});
  expect(leadersOf([axis('equals', [0.5, 0.7]), axis('chrf', [0.1, 0.2]), axis('latency', [1, 2], true), axis('cost', [1, 1], true), axis('new', [null, 1])], ['A', 'B']))
      .toBe('B leads in equals and chrf; A leads in latency; all are equal in cost.');
  expect(leadersOf([axis('x', [1, 1, 0])], ['A', 'B', 'C'])).toBe('A and B lead in x.');
  expect(leadersOf([axis('x', [0.1 + 0.2, 0.3])], ['A', 'B'])).toBe('All are equal in x.');
  expect(leadersOf([], [])).toBe('There is nothing to compare yet.');
});
